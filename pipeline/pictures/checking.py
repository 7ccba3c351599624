"""Checks files that should be pictures; errors say in one line what is wrong."""

from __future__ import annotations

import struct

import tensorflow as tf

from pipeline.errors import UserError
from pipeline.pictures.reading import MAX_PIXELS, read_picture

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_NOT_FRAMES = (0xC4, 0xC8, 0xCC)
_REMEDY = "save it as JPEG or PNG"


def check_picture(content: bytes, where: object) -> None:
    """Refuses a file that `pipeline.pictures.reading` cannot read.

    Args:
        content: the bytes of the file.
        where: its name.

    Raises:
        UserError: it is no JPEG or PNG, is in CMYK, is too large, is damaged or cut off.
    """
    check_header(content, where)
    try:
        _decode(tf.constant(content))
    except tf.errors.OpError:
        raise UserError(
            "is damaged or cut off: it cannot be decoded",
            where=where,
            remedy="get the file again, or leave it out",
        ) from None


@tf.function(autograph=False, input_signature=[tf.TensorSpec([], tf.string)])
def _decode(content: tf.Tensor) -> tf.Tensor:
    return read_picture(content, 1)


def check_header(content: bytes, where: object) -> None:
    """Checks a picture by its first bytes, without decoding it.

    Raises:
        UserError: as `check_picture`, but damage behind the header is not noticed.
    """
    if not content:
        raise UserError("is empty, not a picture", where=where, remedy=_REMEDY)
    if content.startswith(_JPEG):
        height, width, colours = _jpeg_header(content)
    elif content.startswith(_PNG):
        height, width, colours = (*_png_sides(content), 3)
    else:
        raise UserError("is neither JPEG nor PNG", where=where, remedy=_REMEDY)
    if colours == 4:
        raise UserError("is in CMYK, the colours of printers", where=where, remedy="save it in RGB")
    if height * width > MAX_PIXELS:
        raise UserError(
            f"has {height * width / 1e6:,.0f} million pixels, more than the "
            f"{MAX_PIXELS / 1e6:,.0f} million that are read",
            where=where,
            remedy="make it smaller",
        )


def _png_sides(content: bytes) -> tuple[int, int]:
    """Height and width; 0 if the file is too short."""
    if len(content) < 24:
        return 0, 0
    width, height = struct.unpack(">II", content[16:24])
    return height, width


def _jpeg_header(content: bytes) -> tuple[int, int, int]:
    """Height, width and components of the first frame; zeros if there is none."""
    place = 2
    while place + 10 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        (size,) = struct.unpack_from(">H", content, place + 2)
        if 0xC0 <= marker <= 0xCF and marker not in _NOT_FRAMES:
            height, width, components = struct.unpack_from(">HHB", content, place + 5)
            return height, width, components
        place += 2 + max(size, 2)
    return 0, 0, 0
