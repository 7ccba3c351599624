"""Values that a field may be given and that tutorials never show."""

from __future__ import annotations

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
# One black pixel.
_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c63600000000200014898"
    "5ec80000000049454e44ae426082"
)


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
    return [PictureFile(_PNG)]
