"""A piece of a text with its offsets."""

from __future__ import annotations

from typing import NamedTuple


class Piece(NamedTuple):
    """`text` stands for characters `start` to `end` (exclusive) of the text as it was given."""

    text: str
    start: int
    end: int
