"""Finds the feature columns and the label column of a table of frames."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from pipeline.corpora.tables.table import Row, column_name, column_names
from pipeline.errors import UserError

LABEL_NAMES = (
    *("label", "labels", "phase", "class", "target", "action", "activity", "gesture", "state"),
    *("라벨", "레이블", "정답", "단계", "동작", "행동", "상태", "분류"),
)
NO_FEATURES = (
    *("time", "timestamp", "frame", "frames", "frame_id", "index", "idx", "id", "unnamed: 0", ""),
    *("시각", "시간", "프레임", "번호", "아이디"),
)
"""Names of columns that count frames or tell the time, which are no features."""


@dataclasses.dataclass(frozen=True)
class ColumnChoice:
    """What the user, or a model, says of the columns.

    Attributes:
        label, left_out: names or numbers from 1, as of `FrameCorpusSettings`.
        features: names of all features, in their order; of a table with a header only these are
            taken, wherever they stand.
    """

    label: str | None = None
    left_out: Sequence[str] = ()
    features: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class FrameColumns:
    """Positions of columns, from 0.

    Attributes:
        features: in the order of the file.
        label: None where there is none.
        names: of the features; where the file has no header their numbers from 1.
        label_name: likewise.
        has_header: whether the first row has the names.
    """

    features: tuple[int, ...]
    label: int | None
    names: tuple[str, ...]
    label_name: str
    has_header: bool


def find_columns(
    rows: Sequence[Row], choice: ColumnChoice, where: object, *, labelled: bool = True
) -> FrameColumns:
    """Finds the columns of one table.

    The first row is a header if it has the name of a label, if it numbers the columns (as pandas
    does), or if something in it that should be a feature is no number while the row below
    has one there. The label is the column that is chosen, else the first that is called so
    (LABEL_NAMES), else the last.

    Args:
        rows: of the table, one at least.
        choice: what is known of the columns.
        where: the file, for errors.
        labelled: whether there must be a label. If not, the last column is the label only if it
            holds no number.

    Raises:
        UserError: a chosen column is not there, or no feature is left.
    """
    first = rows[0].fields
    below = rows[1].fields if len(rows) > 1 else []
    has_header = _is_header(first, below, choice)
    header = first if has_header else [str(number) for number in range(1, len(first) + 1)]
    names = column_names(header)
    if has_header and choice.features:
        places = tuple(_position(names, name, where, numbers=False) for name in choice.features)
        return FrameColumns(places, None, tuple(choice.features), "", has_header)
    label = _label(names, choice.label, where)
    if label is None and (labelled or not _is_number((below or first)[-1])):
        label = len(header) - 1
    left_out = {_position(names, column, where) for column in choice.left_out}
    if has_header:
        left_out |= {place for place, name in enumerate(names) if name in NO_FEATURES}
    features = tuple(p for p in range(len(header)) if p != label and p not in left_out)
    if not features:
        raise UserError(
            "has no column of features beside the label" if labelled else "has no features",
            where=where,
            remedy="give a CSV file with one row per frame: numbers, and last the label",
        )
    return FrameColumns(
        features,
        label,
        tuple(header[place].strip() for place in features),
        "" if label is None else header[label].strip(),
        has_header,
    )


def _is_header(first: Sequence[str], below: Sequence[str], choice: ColumnChoice) -> bool:
    names, label = column_names(first), choice.label
    known = {*LABEL_NAMES, *([] if label is None or label.isdecimal() else [column_name(label)])}
    if known & set(names) or (choice.features and set(column_names(choice.features)) <= set(names)):
        return True
    counted = [str(number) for number in range(len(first))]
    if len(first) > 4 and (names[:-1] == counted[1:] or names[:-1] == counted[:-1]):
        return True
    if not below:
        return not any(map(_is_number, first[:-1]))
    pairs = list(zip(first, below, strict=False))[:-1]
    return any(not _is_number(above) and _is_number(value) for above, value in pairs)


def _label(names: Sequence[str], chosen: str | None, where: object) -> int | None:
    if chosen is not None:
        return _position(names, chosen, where)
    return next((place for place, name in enumerate(names) if name in LABEL_NAMES), None)


def _position(names: Sequence[str], column: str, where: object, *, numbers: bool = True) -> int:
    """The position of a column by its name or, if `numbers`, by its number from 1."""
    if column_name(column) in names:
        return names.index(column_name(column))
    if numbers and column.isdecimal() and 1 <= int(column) <= len(names):
        return int(column) - 1
    listed = ", ".join(names[:12]) + ("…" if len(names) > 12 else "")
    raise UserError(
        f"has no column {column!r}", where=where, remedy=f"there are {len(names)}: {listed}"
    )


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
