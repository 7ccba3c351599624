"""Which column of a user's table holds the text, which the label, and whether there is a header."""

from __future__ import annotations

import collections
import dataclasses
import difflib
from collections.abc import Sequence
from pathlib import Path

from pipeline.corpora.delimited import Row
from pipeline.errors import UserError

# Compared without regard to case. Where a header has several of one kind, the first here counts.
TEXT_NAMES = (
    *("document", "text", "review", "sentence", "comment", "content", "utterance"),
    *("문장", "내용", "리뷰", "텍스트", "문서", "본문", "댓글", "발화"),
)
LABEL_NAMES = (
    *("label", "labels", "sentiment", "class", "category", "target", "polarity", "emotion"),
    *("라벨", "레이블", "감정", "감성", "분류", "정답", "극성"),
)
ID_NAMES = ("id", "idx", "index", "번호", "아이디", "unnamed: 0", "")


@dataclasses.dataclass(frozen=True)
class Columns:
    """Positions from 0.

    Attributes:
        text, label: where they are.
        id: where the rows' own ids are, None if there are none.
        header: the names of the columns, None if the file has no header.
        width: how many fields a row must have.
    """

    text: int
    label: int
    id: int | None
    header: list[str] | None
    width: int


def choose(
    rows: Sequence[Row], text_column: str | None, label_column: str | None, where: Path
) -> Columns:
    """Decides what the columns of a table are.

    A setting is a column's name in the header, or its number as digits ("1" is the first). What
    is not set is found by name (TEXT_NAMES, LABEL_NAMES; an id by ID_NAMES); what is not found
    by name is taken by position: of two columns text, label; of three id, text, label.

    The first row is a header when a setting is one of its fields, or when its cell in the label
    column occurs in no row below and either one of its cells is a known name, or every
    label below occurs at least twice, so that a label of one row only would be odd.

    Args:
        rows: at least one.
        where: the file, for errors.

    Raises:
        UserError: a setting names no column, or the columns cannot be told apart without one.
    """
    first = [field.strip() for field in rows[0].fields]
    width = _width(rows)
    named = [name for name in (text_column, label_column) if name and not name.isdecimal()]
    if named:
        header, width = first, len(first)
    else:
        header = first if _is_header(rows, first, width, label_column) else None
        width = len(header) if header else width
    if width < 2:
        raise UserError(
            "has one column only; a text and a label are needed",
            where=where,
            remedy="separate them by a tab, or save the table as .csv",
        )
    text = _explicit(text_column, header, width, where)
    label = _explicit(label_column, header, width, where)
    identity = None
    if header:
        text = _known(header, TEXT_NAMES, taken=label) if text is None else text
        label = _known(header, LABEL_NAMES, taken=text) if label is None else label
        identity = _known(header, ID_NAMES, taken=None)
    text, label, identity = _by_position(text, label, identity, width)
    if text is None or label is None:
        missing = "text" if text is None else "label"
        raise UserError(
            f"which column holds the {missing}? There are {width}{_listed(header)}",
            where=where,
            remedy=f"say so with {missing}_column: a name from the header, or 1 to {width}",
        )
    if text == label:
        raise UserError(
            f"column {text + 1} cannot be both text and label",
            where=where,
            remedy="set text_column and label_column to different columns",
        )
    return Columns(text, label, identity if identity not in (text, label) else None, header, width)


def _width(rows: Sequence[Row]) -> int:
    counts = collections.Counter(len(row.fields) for row in rows[:1000])
    return counts.most_common(1)[0][0]


def _is_header(rows: Sequence[Row], first: list[str], width: int, label_column: str | None) -> bool:
    position = _known(first, LABEL_NAMES, taken=None)
    if label_column:
        position = int(label_column) - 1
    elif position is None:
        position = len(first) - 1
    if not 0 <= position < len(first):
        return False
    below = collections.Counter(
        row.fields[position].strip() for row in rows[1:] if len(row.fields) == len(first)
    )
    if first[position] in below:
        return False
    if {field.casefold() for field in first} & {*TEXT_NAMES, *LABEL_NAMES}:
        return True
    return len(first) == width and bool(below) and min(below.values()) > 1


def _explicit(setting: str | None, header: list[str] | None, width: int, where: Path) -> int | None:
    if not setting:
        return None
    if setting.isdecimal():
        if 1 <= int(setting) <= width:
            return int(setting) - 1
        raise UserError(
            f"has no column {setting}", where=where, remedy=f"there are {width}{_listed(header)}"
        )
    folded = [name.casefold() for name in header or []]
    if setting.strip().casefold() in folded:
        return folded.index(setting.strip().casefold())
    close = difflib.get_close_matches(setting.casefold(), folded, n=1, cutoff=0.5)
    hint = f"did you mean {header[folded.index(close[0])]}? " if header and close else ""
    raise UserError(
        f"has no column called {setting!r}",
        where=where,
        remedy=f"{hint}its first line has{_listed(header)}",
    )


def _known(header: list[str], names: Sequence[str], taken: int | None) -> int | None:
    folded = [name.casefold() for name in header]
    for name in names:
        if name in folded and folded.index(name) != taken:
            return folded.index(name)
    return None


def _by_position(
    text: int | None, label: int | None, identity: int | None, width: int
) -> tuple[int | None, int | None, int | None]:
    """Fills in what names did not tell, where only one way is left."""
    if text is None and label is None:
        if width == 2:
            return 0, 1, None
        if width == 3:
            return 1, 2, 0
        return None, None, identity
    free = [column for column in range(width) if column not in (text, label, identity)]
    if len(free) == 1:
        text = free[0] if text is None else text
        label = free[0] if label is None else label
    return text, label, identity


def _listed(header: list[str] | None) -> str:
    if not header:
        return ""
    names = [name[:40] or "(no name)" for name in header[:20]]
    return f": {', '.join(names)}{', …' if len(header) > 20 else ''}"
