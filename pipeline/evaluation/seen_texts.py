"""Texts that a model has seen, by their hashes: 8 bytes each, whatever their length."""

from __future__ import annotations

from collections.abc import Container, Iterable
from itertools import islice

import numpy as np

from pipeline.corpora.splits import keys_of

_AT_ONCE = 1 << 17


class SeenTexts(Container[str]):
    """Knows whether a text is one of those it was given.

    Two texts that differ are taken for the same with a probability of 2^-64: among ten million
    texts, for one text in 10^12.

    Example:
        >>> "재밌다" in SeenTexts(["재밌다", "지루하다"])
        True
    """

    def __init__(self, texts: Iterable[str]):
        left, parts = iter(texts), [np.zeros(0, np.uint64)]
        while len(keys := keys_of(islice(left, _AT_ONCE))):
            parts.append(keys)
        self._keys = np.unique(np.concatenate(parts))

    def __contains__(self, text: object) -> bool:
        (wanted,) = keys_of([str(text)])
        place = int(np.searchsorted(self._keys, wanted))
        return place < len(self._keys) and bool(self._keys[place] == wanted)
