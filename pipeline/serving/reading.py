"""Cuts texts of megabytes to the length that a model reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

_LONG = 1 << 16
"""Bytes of a text from which on it is worth looking."""
_BETWEEN = re.compile(r"[ \t\r\n]+")
_SOLID = re.compile(r"\w")
"""A letter or digit, which no text policy drops."""


def max_pieces(folder: Path) -> int | None:
    """The maximum number of pieces of a text for the SavedModel in `folder`, [BOS] and [EOS]
    included; None if there is no limit."""
    try:
        limits = json.loads((folder / "assets.extra" / "limits.json").read_bytes())
        return int(limits["max_length"] if "max_length" in limits else limits["most_pieces"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def as_far_as_read(text: bytes, pieces: int) -> bytes:
    """The beginning of a text that has more pieces than a model reads.

    A word (what is between spaces) with a letter or digit in it is at least one piece, so behind
    as many words as there are pieces nothing is read. A text without so many words stays as it
    is.

    Args:
        text: UTF-8, or anything else, which stays as it is.
        pieces: that are read.
    """
    if len(text) < _LONG:
        return text
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        return text
    words = start = 0
    for between in _BETWEEN.finditer(decoded):
        words += _SOLID.search(decoded, start, between.start()) is not None
        start = between.end()
        if words == pieces:
            return decoded[:start].encode("utf-8")
    return text
