"""Finds the column of a table that holds marked-up sentences."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence

from pipeline.corpora.annotated.inline import candidates
from pipeline.corpora.annotated.tag_cells import COMMAS, QUOTED_TABS, SEMICOLONS, TABS, Separator
from pipeline.normalize import normalize

_SAMPLE = 5_000
_MIN_ROWS = 3
_NAMES = frozenset(
    ("text", "sentence", "document", "content", "markup", "문장", "본문", "내용", "텍스트", "문서")
)


@dataclasses.dataclass(frozen=True)
class MarkedUpColumn:
    """The column of a table that holds sentences with markup.

    Attributes:
        separator: between columns.
        width: how many there are.
        number: of the column, from 0.
        has_header: the first line names columns.
    """

    separator: Separator
    width: int
    number: int
    has_header: bool

    def text(self, line: str) -> str | None:
        """The sentence in a line; None if the line has another number of columns."""
        cells = self.separator.cut(line)
        return cells[self.number] if len(cells) == self.width else None


def marked_up_column(lines: Sequence[str]) -> MarkedUpColumn | None:
    """The column of sentences in a file that is a table; None if each line is a sentence.

    It is a table if 19 of 20 lines have the same number of columns, at least two, and everything
    that may be markup stands in one of them. If commas or semicolons separate the columns, the
    first line must also name that column, since sentences contain commas.

    Args:
        lines: those that are not blank.
    """
    for separator in (QUOTED_TABS, TABS, COMMAS, SEMICOLONS):
        rows = [separator.cut(line) for line in lines[:: max(1, len(lines) // _SAMPLE)]]
        widths = collections.Counter(map(len, rows))
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        if width < 2 or len(rows) < _MIN_ROWS or count < 0.95 * len(rows):
            continue
        whole = [row for row in rows if len(row) == width]
        marked = [n for n in range(width) if any(candidates(row[n]) for row in whole)]
        if len(marked) != 1:
            continue
        first = separator.cut(lines[0])
        named = len(first) == width and normalize(first[marked[0]]).casefold() in _NAMES
        if named or separator in (TABS, QUOTED_TABS):
            return MarkedUpColumn(separator, width, marked[0], named)
    return None
