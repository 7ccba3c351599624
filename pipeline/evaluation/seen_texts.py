"""A set of texts, stored as hashes of 8 bytes each."""

from __future__ import annotations

from collections.abc import Container, Iterable

import numpy as np

from pipeline.corpora.splits import keys_of


class SeenTexts(Container[str]):
    """A set of texts that tells whether a text is in it.

    Two texts that differ are taken for the same with a probability of 2^-64: among ten million
    texts, for one text in 10^12.

    Example:
        >>> "재밌다" in SeenTexts(["재밌다", "지루하다"])
        True
    """

    def __init__(self, texts: Iterable[str]):
        self._keys = np.unique(keys_of(texts))

    def __contains__(self, text: object) -> bool:
        (wanted,) = keys_of([str(text)])
        place = int(np.searchsorted(self._keys, wanted))
        return place < len(self._keys) and bool(self._keys[place] == wanted)
