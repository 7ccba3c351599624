"""Values that a field may be given and that tutorials never show."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

from pipeline.fields import Field, Picture, Series, Text
from pipeline.fields.picture import PictureFile

_TEXTS = [
    "",
    "두 줄\n짜리\t글",
    "ㅋㅋㅋ",
    "\u1100\u1161\u11a8",
    "👨\u200d👩\u200d👧",
    "\x00\u200b",
    "漢字 <b>&amp;",
]


def strange_values(field: Field, example: Any) -> list:
    """Some for each kind of field.

    Args:
        example: a usual value, for the shape of series.
    """
    if isinstance(field, Text):
        return _TEXTS
    if isinstance(field, Series):
        return [np.zeros_like(example), np.full_like(example, 1e6), -np.asarray(example)]
    assert isinstance(field, Picture), f"say here what is strange of {type(field).__name__}"
    return [PictureFile(png) for png in (_png(1, 1), _png(300, 2))]


def _png(width: int, height: int) -> bytes:
    """A black picture, written down to the letter of PNG, third edition."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress((b"\0" + bytes(width)) * height)
    chunks = (b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in chunks)
