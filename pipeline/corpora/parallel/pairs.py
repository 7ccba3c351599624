"""Sentence pairs, as readers and filters of parallel corpora return them."""

from __future__ import annotations

import collections
import dataclasses
import itertools
from collections.abc import Iterable

import pandas as pd

from pipeline.corpora.rejects import Rejected
from pipeline.corpora.splits import COLUMNS, text_id
from pipeline.normalize import normalize

REFERENCE = "label"
"""The column of the first reference; further ones are label2, label3 ..., "" for none."""


def pair_id(ko: str, en: str) -> str:
    """Id of a pair: 16 hexadecimal digits, 8 for each side, equal for any white space."""
    return text_id(ko)[:8] + text_id(en)[:8]


@dataclasses.dataclass(frozen=True)
class SentencePair:
    """The two sides of a pair, and their place in a file.

    Attributes:
        ko, en: the Korean and the English side, as they were written.
        id: the corpus's own, or a hash of the two sides.
        line: on which it begins in the file, 1 for the first line.
        file: the file's name, without folder.
    """

    ko: str
    en: str
    id: str
    line: int
    file: str

    @property
    def exchanged(self) -> SentencePair:
        """A copy with the sides exchanged."""
        return dataclasses.replace(self, ko=self.en, en=self.ko)

    def reject(self, reason: str, *, kept: bool = False) -> Rejected:
        return Rejected(self.line, f"{self.file}: {reason}", f"{self.ko}\t{self.en}", kept)


@dataclasses.dataclass(frozen=True)
class PairTexts:
    """The pairs of one part of a corpus.

    Attributes:
        pairs: in the order of the file.
        rejects: rows that were left out, and doubtful rows that were kept (`kept`).
        left_out: a key of `pair_filters.REASONS` -> number of rows that were left out.
        doubtful: likewise, for those that were kept.
        details: how it was read; JSON-able.
        warnings: sentences that a user must not miss.
    """

    pairs: list[SentencePair]
    rejects: list[Rejected] = dataclasses.field(default_factory=list)
    left_out: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    doubtful: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    details: dict = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)

    def reject_unpaired(self, file: str, line: int, reason: str, content: str) -> None:
        """Leaves out a row without two sides."""
        self.rejects.append(Rejected(line, f"{file}: {reason}", content))
        self.left_out["unpaired"] += 1


def to_frame(pairs: Iterable[SentencePair], direction: str) -> pd.DataFrame:
    """Columns id, text (the source side) and label (the target side), all str.

    Args:
        direction: "ko-en" (Korean is the source) or "en-ko".
    """
    source, target = direction.split("-")
    rows = [(pair.id, getattr(pair, source), getattr(pair, target)) for pair in pairs]
    return pd.DataFrame(rows, columns=COLUMNS, dtype="str")


def to_grouped_frame(pairs: Iterable[SentencePair], direction: str) -> pd.DataFrame:
    """As `to_frame`, but each source only once, at its first place, with all its translations.

    Sources are compared under the text policy; equal translations are kept once.

    Returns:
        Columns id, text, label, and label2, label3 ... if a source has several; "" for those with
        fewer.
    """
    source, target = direction.split("-")
    groups: dict[str, list[SentencePair]] = {}
    for pair in pairs:
        groups.setdefault(normalize(getattr(pair, source)), []).append(pair)
    rows = []
    for first, *others in groups.values():
        references: dict[str, str] = {}
        for pair in (first, *others):
            references.setdefault(normalize(getattr(pair, target)), getattr(pair, target))
        rows.append([first.id, getattr(first, source), *references.values()])
    most = max(map(len, rows), default=len(COLUMNS))
    columns = [*COLUMNS, *(f"{REFERENCE}{n}" for n in range(2, most - len(COLUMNS) + 2))]
    filled = [[*row, *itertools.repeat("", most - len(row))] for row in rows]
    return pd.DataFrame(filled, columns=columns, dtype="str")


def further_references(frame: pd.DataFrame) -> list[list[str]]:
    """The columns label2, label3 ... of `to_grouped_frame`, in that order."""
    names = [name for name in frame.columns if name.removeprefix(REFERENCE).isdecimal()]
    return [list(frame[name]) for name in sorted(names, key=lambda n: int(n[len(REFERENCE) :]))]
