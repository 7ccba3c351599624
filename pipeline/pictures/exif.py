"""Reads the orientation in the EXIF data of a JPEG, inside a graph."""

from __future__ import annotations

import tensorflow as tf

_EXIF = tf.constant([69, 120, 105, 102, 0, 0], tf.int32)  # "Exif\0\0"
_ORIENTATION = 0x0112
_APP1, _START_OF_SCAN = 0xE1, 0xDA
_MAX_ENTRIES = 256
_HEADER = 2**18
"""Number of bytes at the beginning of a file in which EXIF data is searched."""


def orientation(content: tf.Tensor) -> tf.Tensor:
    """The tag Orientation of EXIF 2.3 in the bytes of a JPEG: int32 scalar, 1 to 8.

    It is 1 if there is no tag, if the data is damaged, and for other files than JPEG.

    Args:
        content: string scalar, any bytes.
    """
    head = tf.strings.substr(content, 0, tf.minimum(tf.strings.length(content), _HEADER))
    stored = tf.cast(tf.io.decode_raw(head, tf.uint8), tf.int32)
    count = tf.size(stored)
    padded = tf.concat([stored, tf.zeros([8], tf.int32)], 0)

    def byte(place: tf.Tensor) -> tf.Tensor:
        """The byte at a place; 0 behind the end."""
        return tf.gather(padded, tf.clip_by_value(place, 0, count))

    tiff = _start_of_tiff(byte, count)
    return tf.cond(tiff > 0, lambda: _tag(byte, tiff, count), lambda: tf.constant(1))


def _start_of_tiff(byte, count: tf.Tensor) -> tf.Tensor:
    """Position of the TIFF header of the EXIF data in the file; 0 if there is none."""

    def goes_on(place: tf.Tensor, found: tf.Tensor) -> tf.Tensor:
        inside = (found == 0) & (place + 4 < count)
        return inside & (byte(place) == 0xFF) & (byte(place + 1) != _START_OF_SCAN)

    def next_segment(place: tf.Tensor, found: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        size = byte(place + 2) * 256 + byte(place + 3)
        is_exif = (byte(place + 1) == _APP1) & tf.reduce_all(byte(place + 4 + tf.range(6)) == _EXIF)
        # Marker and size: a smaller step means damage, and must not loop for ever.
        return place + 2 + tf.maximum(size, 2), tf.where(is_exif, place + 10, 0)

    is_jpeg = (byte(tf.constant(0)) == 0xFF) & (byte(tf.constant(1)) == 0xD8)
    start = tf.where(is_jpeg, 2, count)
    return tf.while_loop(goes_on, next_segment, (start, tf.constant(0)))[1]


def _tag(byte, tiff: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """The orientation in the first directory behind a TIFF header."""
    little = byte(tiff) == 0x49

    def short(place: tf.Tensor) -> tf.Tensor:
        first, second = byte(place), byte(place + 1)
        return tf.where(little, second * 256 + first, first * 256 + second)

    def long(place: tf.Tensor) -> tf.Tensor:
        low, high = short(place), short(place + 2)
        low, high = tf.where(little, low, high), tf.where(little, high, low)
        return high * 65536 + low

    # An offset outside of the file could overflow.
    directory = tiff + tf.clip_by_value(long(tiff + 4), 8, count)
    entries = directory + 2 + 12 * tf.range(tf.minimum(short(directory), _MAX_ENTRIES))
    values = tf.boolean_mask(short(entries + 8), short(entries) == _ORIENTATION)
    value = tf.cond(tf.size(values) > 0, lambda: values[0], lambda: tf.constant(1))
    return tf.where((value >= 1) & (value <= 8), value, 1)
