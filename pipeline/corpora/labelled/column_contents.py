"""Finds the columns of texts and of labels in a table by the content of their cells."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence

from pipeline.corpora.labelled.labels import is_missing_label, number_of
from pipeline.corpora.scripts import count_hangul, count_latin
from pipeline.corpora.tables.table import Row

_ROWS_SEEN = 5000
_MAX_LABEL_LENGTH = 40
_DATE = re.compile(r"\d{2,4}[-./년]\s?\d{1,2}[-./월]\s?\d{1,2}\D?|\d{8,}|\d{1,2}:\d{2}")
_ADDRESS = re.compile(r"(?:https?:/|www\.|/)\S+$")


@dataclasses.dataclass(frozen=True)
class Column:
    """Statistics of the cells of a column that are not blank.

    Attributes:
        filled: number of cells.
        distinct: number of different cells.
        letters: mean number per cell; only Hangul if the table has any, none of addresses.
        are_numbers, are_dates: whether most cells are.
        length: mean number of characters per cell.
    """

    filled: int
    distinct: int
    letters: float
    are_numbers: bool
    are_dates: bool
    length: float

    @property
    def repeats(self) -> bool:
        """Whether its cells can be labels: few different ones, short, and often repeated."""
        return (
            2 * self.distinct <= self.filled
            and self.length <= _MAX_LABEL_LENGTH
            and not self.are_dates
        )

    @property
    def is_unique(self) -> bool:
        return self.distinct == self.filled > 0

    @property
    def text_weight(self) -> float:
        """A score for being a column of texts: many letters, and few equal cells."""
        if not self.filled or self.are_numbers or self.are_dates:
            return 0.0
        return self.letters * self.distinct / self.filled


def describe_columns(rows: Iterable[Row], width: int) -> list[Column]:
    """Statistics of each column, from the first 5,000 rows with `width` fields."""
    seen: list[list[str]] = []
    for row in rows:
        if len(row.fields) == width:
            seen.append(row.fields)
            if len(seen) == _ROWS_SEEN:
                break
    cells = [[cell for row in seen if (cell := row[column].strip())] for column in range(width)]
    korean = any(count_hangul(cell) for column in cells for cell in column)
    return [_column(column, korean) for column in cells]


def _column(cells: Sequence[str], korean: bool) -> Column:
    filled = max(len(cells), 1)
    known = [cell for cell in cells if not is_missing_label(cell)]
    numbers = sum(number_of(cell) is not None for cell in known)
    dates = sum(_DATE.match(cell) is not None for cell in known)
    letters = sum(
        0 if _ADDRESS.match(cell) else count_hangul(cell) if korean else count_latin(cell)
        for cell in known
    )
    return Column(
        filled=len(cells),
        distinct=len(set(cells)),
        letters=letters / filled,
        are_numbers=2 * numbers > len(known),
        are_dates=2 * dates > len(known),
        length=sum(map(len, cells)) / filled,
    )


def text_among(columns: Sequence[Column], free: Iterable[int]) -> int | None:
    """The column among `free` that holds the texts; None if that is not clear."""
    weights = sorted(((columns[c].text_weight, -c) for c in free), reverse=True)
    if not weights or weights[0][0] == 0:
        return None
    if len(weights) > 1 and 2 * weights[1][0] > weights[0][0]:
        return None
    return -weights[0][1]


def label_among(columns: Sequence[Column], free: Sequence[int]) -> int | None:
    """The column among `free` that holds the labels; None if that is not clear."""
    repeating = [c for c in free if columns[c].repeats]
    several = [c for c in repeating if columns[c].distinct > 1]
    for candidates in (several, repeating, free):
        if len(candidates) == 1:
            return candidates[0]
        if len(candidates) > 1:
            return None
    return None
