"""Texts that a model has seen, by their hashes: 8 bytes each, whatever their length."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable

import numpy as np


class SeenTexts(Container[str]):
    """Knows whether a text is one of those it was given.

    Two texts that differ are taken for the same with a probability of 2^-64: among ten million
    texts, for one text in 10^12.

    Example:
        >>> "재밌다" in SeenTexts(["재밌다", "지루하다"])
        True
    """

    def __init__(self, texts: Iterable[str]):
        self._hashes = np.unique(np.fromiter(map(_hash, texts), np.uint64))

    def __contains__(self, text: object) -> bool:
        wanted = np.uint64(_hash(str(text)))
        place = int(np.searchsorted(self._hashes, wanted))
        return place < len(self._hashes) and bool(self._hashes[place] == wanted)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha1(text.encode("utf-8")).digest()[:8], "little")
