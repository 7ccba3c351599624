"""Encoded pictures to pixels in a graph, and what is said of files that are none."""

from __future__ import annotations

import functools
import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.errors import UserError
from pipeline.pictures.checking import check_header, check_picture
from pipeline.pictures.exif import orientation
from pipeline.pictures.reading import read_pictures

SIZE = 32


def encoded(pixels, form="PNG", **options) -> bytes:
    """Pixels uint8, or a picture of Pillow, as the bytes of a file."""
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def corners() -> np.ndarray:
    """Each quarter has a colour of its own: no turned or mirrored one is like it."""
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    half = SIZE // 2
    pixels[:half, :half], pixels[:half, half:] = (250, 0, 0), (0, 250, 0)
    pixels[half:, :half], pixels[half:, half:] = (0, 0, 250), (250, 250, 0)
    return pixels


@functools.cache
def reader(size: int):
    """As it is read inside a graph."""
    spec = tf.TensorSpec([None], tf.string)
    return tf.function(lambda contents: read_pictures(contents, size), input_signature=[spec])


def read(*contents: bytes, size: int = SIZE) -> np.ndarray:
    return reader(size)(tf.constant(list(contents), tf.string)).numpy()


def test_png_is_read_as_it_is():
    np.testing.assert_array_equal(read(encoded(corners()))[0], corners())


def test_jpeg_is_read_as_pillow_reads_it():
    content = encoded(corners(), "JPEG", quality=90)
    expected = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), np.float32)
    np.testing.assert_allclose(read(content)[0], expected, atol=1)


def test_no_pictures_are_no_pictures():
    assert read().shape == (0, SIZE, SIZE, 3)


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA", "I;16"])
def test_kinds_of_png(mode):
    """Grey, black and white, palette, transparent, 16 bits: as their colours."""
    grey = np.linspace(0, 255, SIZE * SIZE).reshape(SIZE, SIZE).astype(np.uint8)
    if mode == "I;16":
        picture, expected = Image.fromarray(grey.astype(np.uint16) * 257), np.stack([grey] * 3, -1)
    else:
        picture = Image.fromarray(corners()).convert(mode)
        expected = np.asarray(picture.convert("RGB"))
    np.testing.assert_allclose(read(encoded(picture))[0], expected, atol=1)


def test_grey_jpeg():
    grey = Image.fromarray(corners()).convert("L")
    content = encoded(grey, "JPEG", quality=95)
    found = read(content)[0]
    np.testing.assert_array_equal(found[..., 0], found[..., 2])
    np.testing.assert_allclose(found[..., 0], np.asarray(grey), atol=20)


def test_what_is_transparent_is_white():
    pixels = np.dstack([corners(), np.zeros((SIZE, SIZE), np.uint8)])
    pixels[:, : SIZE // 2, 3] = 255
    found = read(encoded(pixels))[0]
    np.testing.assert_array_equal(found[:, : SIZE // 2], corners()[:, : SIZE // 2])
    assert (found[:, SIZE // 2 :] == 255).all()


# What Pillow does with each value of the tag, in `ImageOps.exif_transpose`.
TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def with_orientation(value: int, order: str = "<") -> bytes:
    """EXIF data with that tag between two others, in either byte order."""
    entries = [
        (0x010F, 2, 2, b"X\0\0\0"),
        (0x0112, 3, 1, struct.pack(order + "H", value) + b"\0\0"),
    ]
    entries.append((0x0128, 3, 1, struct.pack(order + "H", 2) + b"\0\0"))
    mark = b"II*\0" if order == "<" else b"MM\0*"
    directory = b"".join(struct.pack(order + "HHI", *entry[:3]) + entry[3] for entry in entries)
    header = mark + struct.pack(order + "IH", 8, len(entries))
    return b"Exif\0\0" + header + directory + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", TURNS)
def test_a_photo_is_turned_as_the_camera_was_held(value, order):
    stored = encoded(corners(), "JPEG", quality=95, exif=with_orientation(value, order))
    plain = Image.open(io.BytesIO(encoded(corners(), "JPEG", quality=95)))
    expected = plain if TURNS[value] is None else plain.transpose(TURNS[value])
    np.testing.assert_allclose(read(stored)[0], np.asarray(expected, np.float32), atol=1)


turned = tf.function(orientation, input_signature=[tf.TensorSpec([], tf.string)])


@given(
    st.binary(max_size=60), st.sampled_from([b"", b"\xff\xd8", b"\xff\xd8\xff\xe1\0\x40Exif\0\0"])
)
def test_orientation_of_any_bytes_is_one_of_eight(data, beginning):
    assert 1 <= int(turned(tf.constant(beginning + data))) <= 8


def test_a_very_large_photo_and_a_very_small_one():
    """100 million pixels, as JPEG and as PNG, beside one."""
    large = Image.new("RGB", (10_000, 10_000), (10, 200, 30))
    contents = [encoded(large, "JPEG"), encoded(large.convert("L"), compress_level=1)]
    found = read(*contents, encoded(np.full((1, 1, 3), 77, np.uint8)))
    np.testing.assert_allclose(found[0], np.broadcast_to([10, 200, 30], found[0].shape), atol=2)
    grey = np.asarray(large.resize((1, 1)).convert("L"))[0, 0]
    np.testing.assert_allclose(found[1], grey, atol=1)
    np.testing.assert_allclose(found[2], 77, atol=0.01)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_large_pictures_are_averaged(form):
    """Stripes a pixel wide become grey, not black or white."""
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    np.testing.assert_allclose(read(encoded(stripes, form), size=16)[0][2:-2, 2:-2], 127.5, atol=4)


def no_pictures() -> dict[str, bytes]:
    whole = encoded(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8), "JPEG")
    png = encoded(corners())
    cmyk = encoded(Image.fromarray(corners()).convert("CMYK"), "JPEG")
    huge = png[:16] + struct.pack(">II", 100_000, 100_000) + png[24:]
    return {
        "empty": b"",
        "text": "두 사람".encode(),
        "GIF": encoded(corners(), "GIF"),
        "CMYK": cmyk,
        "JPEG cut off": whole[: len(whole) // 2],
        "PNG cut off": png[: len(png) // 2],
        "beginning of a JPEG": whole[:3],
        "beginning of a PNG": png[:8],
        "damaged PNG": png[:40] + b"\0\0\0\0" + png[44:],
        "too large": huge,
    }


@pytest.mark.parametrize("kind", no_pictures())
def test_what_is_no_picture_is_refused(kind):
    """By the graph, and by the check that says why in one line with the name of the file."""
    content = no_pictures()[kind]
    with pytest.raises(tf.errors.OpError):
        read(content)
    with pytest.raises(UserError, match=r"^photo\.jpg: ") as refused:
        check_picture(content, "photo.jpg")
    assert "\n" not in str(refused.value)


def test_a_header_tells_the_printers_colours():
    with pytest.raises(UserError, match="CMYK"):
        check_header(no_pictures()["CMYK"], "photo.jpg")


def test_pictures_that_can_be_read_pass_the_check():
    for content in (encoded(corners()), encoded(corners(), "JPEG"), encoded(corners()[:1, :1])):
        check_picture(content, "photo")
