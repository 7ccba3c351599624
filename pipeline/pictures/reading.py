"""Decodes and scales pictures inside a graph: JPEG and PNG of any size to square pixels."""

from __future__ import annotations

import tensorflow as tf

from pipeline.pictures.exif import orientation

MAX_PIXELS = 2**27
"""A picture with more pixels (134 million) is refused."""
_NO_PICTURE = "is neither JPEG nor PNG"
_CMYK = "is in CMYK, the colours of printers: save it in RGB"
_TOO_LARGE = "has more than 134 million pixels"


def read_pictures(contents: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes pictures and scales them to squares, without regard to their proportions.

    Read are JPEG (grey or colour, rotated by its EXIF data) and PNG (grey, colour, palette, 16
    bits; transparent parts become white). Large pictures are averaged, not sampled.

    Args:
        contents: string [n], the bytes of each.
        size: pixels per side.

    Returns:
        float32 [n, size, size, 3], RGB from 0 to 255.

    Raises:
        tf.errors.InvalidArgumentError: one is no such picture, is damaged, is in CMYK or has more
            than `MAX_PIXELS`; `pipeline.pictures.checking` finds out which one and why.
    """
    return tf.map_fn(
        lambda content: read_picture(content, size),
        contents,
        fn_output_signature=tf.TensorSpec([size, size, 3], tf.float32),
    )


def read_picture(content: tf.Tensor, size: int) -> tf.Tensor:
    """As `read_pictures`, for one picture: string scalar -> float32 [size, size, 3]."""
    is_jpeg = _begins_with(content, b"\xff\xd8\xff")
    is_png = _begins_with(content, b"\x89PNG\r\n\x1a\n")
    with tf.control_dependencies([tf.debugging.Assert(is_jpeg | is_png, [_NO_PICTURE])]):
        content = tf.identity(content)
    pixels = tf.cond(is_jpeg, lambda: _jpeg(content, size), lambda: _png(content, size))
    return tf.ensure_shape(tf.clip_by_value(pixels, 0.0, 255.0), [size, size, 3])


def _begins_with(content: tf.Tensor, magic: bytes) -> tf.Tensor:
    enough = tf.strings.length(content) >= len(magic)
    head = tf.strings.substr(content, 0, tf.minimum(tf.strings.length(content), len(magic)))
    return enough & (head == magic)


def _jpeg(content: tf.Tensor, size: int) -> tf.Tensor:
    shape = tf.image.extract_jpeg_shape(content)
    checks = [
        tf.debugging.Assert(shape[2] != 4, [_CMYK]),
        tf.debugging.Assert(_fits(shape[0], shape[1]), [_TOO_LARGE]),
    ]
    with tf.control_dependencies(checks):
        content = tf.identity(content)
    # The decoder can halve a picture, which is fast and needs little memory; at least twice the
    # wanted number of pixels per side is left for the scaling.
    spare = tf.reduce_min(shape[:2]) // (2 * size)
    ratios = (1, 2, 4, 8)
    branch = tf.reduce_sum(tf.cast(spare >= tf.constant(ratios[1:]), tf.int32))
    pixels = tf.switch_case(
        branch, [lambda ratio=ratio: scaled(_decoded(content, ratio), size) for ratio in ratios]
    )
    return _oriented(pixels, orientation(content))


def _decoded(content: tf.Tensor, ratio: int) -> tf.Tensor:
    return tf.io.decode_jpeg(content, 3, ratio=ratio, dct_method="INTEGER_ACCURATE")


def _png(content: tf.Tensor, size: int) -> tf.Tensor:
    # Width and height stand at the beginning of every PNG, the high byte first.
    head = tf.strings.substr(content + tf.constant(bytes(24)), 16, 8)
    sides = tf.io.decode_raw(head, tf.int32, little_endian=False, fixed_length=8)
    sides = tf.reshape(sides, [2])
    with tf.control_dependencies([tf.debugging.Assert(_fits(sides[0], sides[1]), [_TOO_LARGE])]):
        content = tf.identity(content)
    # With its own number of channels: TensorFlow would add an alpha channel that is not opaque.
    pixels = tf.io.decode_png(content, 0)

    def seen(channels: int) -> tf.Tensor:
        square = scaled(tf.ensure_shape(pixels, [None, None, channels]), size)
        if channels % 2:
            return tf.broadcast_to(square, [size, size, 3])
        opaque = square[..., -1:] / 255.0
        colours = tf.broadcast_to(square[..., :-1], [size, size, 3])
        return colours * opaque + 255.0 * (1.0 - opaque)

    branches = [lambda channels=channels: seen(channels) for channels in (1, 2, 3, 4)]
    return tf.switch_case(tf.shape(pixels)[2] - 1, branches)


def _fits(height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    pixels = tf.cast(height, tf.int64) * tf.cast(width, tf.int64)
    return (height > 0) & (width > 0) & (pixels <= MAX_PIXELS)


def scaled(pixels: tf.Tensor, size: int) -> tf.Tensor:
    """Pixels [height, width, channels] of any number type -> float32 [size, size, channels],
    averaged if they become fewer, without regard to proportions."""
    return tf.image.resize(pixels, [size, size], "bilinear", antialias=True)


def _oriented(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Rotates and mirrors a square picture by its EXIF orientation."""

    def among(*orientations: int) -> tf.Tensor:
        return tf.reduce_any(orientation == tf.constant(orientations))

    pixels = tf.where(among(5, 6, 7, 8), tf.transpose(pixels, (1, 0, 2)), pixels)
    pixels = tf.where(among(2, 3, 6, 7), pixels[:, ::-1], pixels)
    return tf.where(among(3, 4, 7, 8), pixels[::-1], pixels)
