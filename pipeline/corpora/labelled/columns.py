"""Decides which columns of a user's table hold text and label, and whether it has a header."""

from __future__ import annotations

import collections
import dataclasses
import difflib
import functools
from collections.abc import Sequence
from pathlib import Path

from pipeline.corpora.labelled.column_contents import (
    Column,
    describe_columns,
    label_among,
    text_among,
)
from pipeline.corpora.labelled.labels import is_missing_label, number_of
from pipeline.corpora.tables.table import Row, column_name, column_names, usual_width
from pipeline.errors import UserError
from pipeline.normalize import normalize

# As `table.column_name` writes them. Where a header has several of one kind, the first here counts.
TEXT_NAMES = (
    *("document", "text", "review", "sentence", "comment", "content", "utterance"),
    *("문장", "내용", "리뷰", "텍스트", "문서", "본문", "댓글", "발화"),
    *("documents", "texts", "reviews", "sentences", "comments", "contents", "body", "message"),
    *("후기", "상품평", "한줄평", "감상평", "리뷰내용", "리뷰 내용", "메시지"),
)
LABEL_NAMES = (
    *("label", "labels", "sentiment", "sentiments", "polarity", "emotion", "emotions"),
    *("라벨", "레이블", "감정", "감성", "긍부정", "긍/부정", "극성", "정답"),
    *("rating", "ratings", "stars", "star", "평점", "별점"),
    *("class", "classes", "category", "target", "분류", "카테고리"),
    *("score", "점수", "등급", "평가", "만족도"),
)
ID_NAMES = ("id", "idx", "index", "번호", "아이디", "unnamed: 0", "")


# Number of rows that may stand above the header.
_ROWS_ABOVE = 20


@dataclasses.dataclass(frozen=True)
class Columns:
    """Positions of columns, from 0.

    Attributes:
        text, label: of text and label; label is None if the table has only probabilities.
        id: of the ids of rows; None if there are none.
        header: the names of the columns, None if the file has no header.
        width: number of fields that a row must have.
        above: number of rows above the header; 0 without one.
    """

    text: int
    label: int | None
    id: int | None
    header: list[str] | None
    width: int
    above: int = 0

    @property
    def first(self) -> int:
        """Position of the first row with a text and a label."""
        return self.above + (self.header is not None)

    def is_header(self, row: Row) -> bool:
        """Whether a row is a header, as in joined files: it has the names of the header, or those
        of a text and a label."""
        if self.label is None:
            return column_names(row.fields) == self.names
        if max(self.text, self.label) >= len(row.fields):
            return False
        label = column_name(row.fields[self.label])
        if label in LABEL_NAMES and column_name(row.fields[self.text]) in TEXT_NAMES:
            return True
        return (
            bool(self.names)
            and label == self.names[self.label]
            and (column_name(row.fields[self.text]) == self.names[self.text])
        )

    def is_other_header(self, row: Row) -> bool:
        """Whether a row has the names of the header, or those of a text and a label, in another
        order."""
        if max(self.text, self.label or 0) >= len(row.fields):
            return False
        label = column_name(row.fields[self.text if self.label is None else self.label])
        if (
            self.label is not None
            and label in TEXT_NAMES
            and column_name(row.fields[self.text]) in LABEL_NAMES
        ):
            return True
        if not label or label not in self.names:
            return False
        found = column_names(row.fields)
        return found != self.names and sorted(found) == sorted(self.names)

    @functools.cached_property
    def names(self) -> list[str]:
        """The names of the header, in the form in which they are compared."""
        return column_names(self.header or [])


def choose_columns(
    rows: Sequence[Row],
    text_column: str | None,
    label_column: str | None,
    where: Path,
    goes_on: bool = False,
) -> Columns:
    """Decides which columns of a table hold text, label and id.

    A setting is a column's name in the header, or its number as digits ("1" is the first). A
    column that is not set is found by name (TEXT_NAMES, LABEL_NAMES; an id by ID_NAMES; of a name
    with dots the part behind the last counts, too). One that is not found by name is found by
    content: texts are long and hardly ever equal, labels are short and often repeated. If there
    are too few rows to tell, two columns are text and label, three are id, text and label.

    The header is the first row with the names that are set, or with names of a text and of a
    label; up to 20 rows may stand above it. The first row is a header, too, if its cell in the
    label column occurs in no row below and either one of its cells is a known name, or every label
    below occurs at least twice, so that a label of one row only would be odd, or all labels below
    are numbers.

    Args:
        rows: at least one.
        where: the file, for errors.
        goes_on: whether the file has more rows than these. A column with only one value may then
            be that of the labels (of a file sorted by label), so that none is found by content.

    Raises:
        UserError: a setting names no column, or the columns cannot be told apart without one.
    """
    settings = (text_column, label_column)
    above = _header_row(rows, [name for name in settings if name and not name.isdecimal()])
    if above is None and _is_header(rows, label_column):
        above = 0
    body = rows if above is None else rows[above + 1 :]
    header = None if above is None else trimmed_header(rows[above].fields, body)
    width = usual_width(rows) if header is None else len(header)
    if width < 2:
        raise UserError(
            "has one column only; a text and a label are needed",
            where=where,
            remedy="separate them by a tab or a comma",
        )
    text = explicit_column(text_column, header, width, where)
    label = explicit_column(label_column, header, width, where)
    identity = None
    if header:
        text = known_column(header, TEXT_NAMES, label, where) if text is None else text
        label = known_column(header, LABEL_NAMES, text, where) if label is None else label
        identity = known_column(header, ID_NAMES)
    columns = describe_columns(body, width)
    known = label is not None
    text, label, identity = _by_content(columns, text, label, identity)
    others = (c for c in range(width) if c not in (text, label, identity))
    if goes_on and not known and any(columns[c].distinct == 1 for c in others):
        label = None
    if text is None or label is None:
        missing = "text" if text is None else "label"
        raise UserError(
            f"which column holds the {missing}? There are {width}{_listed(header)}",
            where=where,
            remedy=f"say so with --{missing}-column: a name from the header, or 1 to {width}",
        )
    if text == label:
        raise UserError(
            f"column {text + 1} cannot be both text and label",
            where=where,
            remedy="set --text-column and --label-column to different columns",
        )
    identity = identity if identity not in (text, label) else None
    return Columns(text, label, identity, header, width, above or 0)


def text_of_records(rows: Sequence[Row]) -> int | None:
    """The column of texts below a header, found by name, else by content; None if not clear."""
    header = rows[0].fields
    known = known_column(header, TEXT_NAMES)
    if known is not None:
        return known
    return text_among(describe_columns(rows[1:], len(header)), range(len(header)))


def without_blank_ends(fields: list[str], width: int) -> list[str]:
    """`fields`, without blank ones behind the first `width`."""
    return fields[:width] if len(fields) > width and not any(fields[width:]) else fields


def _header_row(rows: Sequence[Row], named: list[str]) -> int | None:
    """The first row with all these names; if there are none, with names of a text and a label."""
    wanted = set(column_names(named))
    for number, row in enumerate(rows[:_ROWS_ABOVE]):
        names = _names(row.fields)
        if (
            wanted <= set(column_names(row.fields)) | names
            if wanted
            else (len(row.fields) > 1 and names & {*TEXT_NAMES} and names & {*LABEL_NAMES})
        ):
            return number
    return 0 if wanted else None


def _names(fields: Sequence[str]) -> set[str]:
    """The names in a row, and the parts of names behind their last dot."""
    return {*column_names(fields), *_ends(fields)}


def _ends(fields: Sequence[str]) -> list[str]:
    return [name if " " in name else name.rpartition(".")[2] for name in column_names(fields)]


def _is_header(rows: Sequence[Row], label_column: str | None) -> bool:
    """Whether the first row is a header, though it names no text and label."""
    first, below = rows[0].fields, rows[1:]
    width = len(first)
    position = known_column(first, LABEL_NAMES)
    if label_column:
        position = int(label_column) - 1
    elif position is None:
        columns = describe_columns(below, width)
        _, position, _ = _by_content(columns, None, None, None)
    if position is None:
        position = width - 1
    if not 0 <= position < width:
        return False
    cells = (row.fields[position].strip() for row in below if len(row.fields) == width)
    labels = collections.Counter(cell for cell in cells if not is_missing_label(cell))
    label = first[position].strip()
    if label in labels:
        return False
    if _names(first) & {*TEXT_NAMES, *LABEL_NAMES}:
        return True
    if width != usual_width(rows) or not labels or is_missing_label(label):
        return False
    numbers = all(number_of(cell) is not None for cell in labels)
    return min(labels.values()) > 1 or (numbers and number_of(label) is None)


def trimmed_header(fields: list[str], body: Sequence[Row]) -> list[str]:
    """The names of the columns, without blank ones at the end that have nothing below."""
    width = len(fields)
    while width and not fields[width - 1].strip():
        if any(any(map(str.strip, row.fields[width - 1 :])) for row in body):
            break
        width -= 1
    return [normalize(field).strip("\"'") for field in fields[:width]]


def explicit_column(
    setting: str | None, header: list[str] | None, width: int, where: Path
) -> int | None:
    """The position of the column that a setting names; None if it is not set.

    Raises:
        UserError: there is no such column.
    """
    if not setting:
        return None
    if setting.isdecimal():
        if 1 <= int(setting) <= width:
            return int(setting) - 1
        raise UserError(
            f"has no column {setting}", where=where, remedy=f"there are {width}{_listed(header)}"
        )
    names, wanted = column_names(header or []), column_name(setting)
    if wanted in names:
        return _only(names, wanted, where)
    ends = _ends(header or [])
    if wanted in ends:
        return _only(ends, wanted, where)
    close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
    hint = f"did you mean {header[names.index(close[0])]}? " if header and close else ""
    raise UserError(
        f"has no column called {setting!r}",
        where=where,
        remedy=f"{hint}its first line has{_listed(header)}",
    )


def known_column(
    header: Sequence[str],
    known: Sequence[str],
    taken: int | None = None,
    where: Path | None = None,
) -> int | None:
    """The column with the first of the known names, without the one that is taken.

    Raises:
        UserError: several have it, and `where` is given.
    """
    full = column_names(header)
    for names in (full, _ends(header)):
        free = ["\0" if column == taken else name for column, name in enumerate(names)]
        for name in known:
            if name in free:
                return free.index(name) if where is None else _only(free, name, where)
    return None


def _only(names: Sequence[str], name: str, where: Path) -> int:
    places = [str(number) for number, other in enumerate(names, 1) if other == name]
    if len(places) > 1:
        raise UserError(
            f"{len(places)} columns are called {name}: {', '.join(places)}",
            where=where,
            remedy="say which by its number, with --text-column or --label-column",
        )
    return names.index(name)


def _by_content(
    columns: Sequence[Column], text: int | None, label: int | None, identity: int | None
) -> tuple[int | None, int | None, int | None]:
    """Fills in the columns that were not found by name."""
    nothing_known = (text, label, identity) == (None, None, None)
    free = [c for c in range(len(columns)) if c not in (text, label, identity)]
    if text is None and label is None and len(free) == len(columns) == 2:
        return (*_of_two(columns), None)
    if text is None:
        text = free[0] if label is not None and len(free) == 1 else text_among(columns, free)
        if text is None and label is None and len(free) == 3 and not columns[0].text_weight:
            return 1, 2, 0
        free = [c for c in free if c != text]
    if label is None and text is not None:
        label = label_among(columns, free)
        if label is None and text == 1 and len(columns) == 3 and columns[0].is_unique:
            label = 2
    if nothing_known and len(columns) == 3 and label is not None:
        (rest,) = (c for c in range(3) if c not in (text, label))
        identity = rest if columns[rest].is_unique and not columns[rest].are_dates else None
    return text, label, identity


def _of_two(columns: Sequence[Column]) -> tuple[int, int]:
    """Text and label of a table of two columns."""
    one, other = columns
    if one.are_numbers != other.are_numbers and (one if one.are_numbers else other).repeats:
        return (1, 0) if one.are_numbers else (0, 1)
    if one.distinct != other.distinct and (one.repeats or other.repeats):
        return (0, 1) if one.distinct > other.distinct else (1, 0)
    return (0, 1) if one.text_weight >= other.text_weight else (1, 0)


def _listed(header: list[str] | None) -> str:
    if not header:
        return ""
    names = [name[:40] or "(no name)" for name in header[:20]]
    return f": {', '.join(names)}{', …' if len(header) > 20 else ''}"
