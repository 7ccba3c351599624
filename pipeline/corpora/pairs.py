"""A sentence and its translation, as readers and filters of parallel corpora hand them on."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable

import pandas as pd

from pipeline.corpora.rejects import Rejected
from pipeline.corpora.splits import COLUMNS


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two sides, and where they were found.

    Attributes:
        ko, en: the Korean and the English side, as they were written.
        id: the corpus's own, or a hash of the two sides.
        line: where it begins in the file, 1 for the first line.
        file: the file's name, without folder.
    """

    ko: str
    en: str
    id: str
    line: int
    file: str

    @property
    def exchanged(self) -> Pair:
        """The same with its sides exchanged."""
        return dataclasses.replace(self, ko=self.en, en=self.ko)

    def reject(self, reason: str, *, kept: bool = False) -> Rejected:
        return Rejected(self.line, f"{self.file}: {reason}", f"{self.ko}\t{self.en}", kept)


@dataclasses.dataclass(frozen=True)
class PairTexts:
    """What was read of one part of a corpus.

    Attributes:
        pairs: in the order of the file.
        rejects: rows that are not among them, and those that are, but doubtful (`kept`).
        left_out: why (a key of `pair_filters.REASONS`) -> how many rows are not among them.
        doubtful: likewise, for those that are.
        details: how it was read; JSON-able.
        warnings: sentences that a user must not miss.
    """

    pairs: list[Pair]
    rejects: list[Rejected] = dataclasses.field(default_factory=list)
    left_out: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    doubtful: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    details: dict = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)


def to_frame(pairs: Iterable[Pair], direction: str) -> pd.DataFrame:
    """Columns id, text (the source side) and label (the target side), all str.

    Args:
        direction: "ko-en" (Korean is the source) or "en-ko".
    """
    source, target = direction.split("-")
    rows = [(pair.id, getattr(pair, source), getattr(pair, target)) for pair in pairs]
    return pd.DataFrame(rows, columns=COLUMNS, dtype="str")
