"""Finds the columns with probabilities of labels in a user's table."""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.corpora.labelled.column_contents import describe_columns, label_among, text_among
from pipeline.corpora.labelled.columns import (
    ID_NAMES,
    LABEL_NAMES,
    TEXT_NAMES,
    Columns,
    explicit_column,
    known_column,
    trimmed_header,
)
from pipeline.corpora.labelled.labels import is_missing_label, number_of, shortened_label
from pipeline.corpora.labelled.probabilities import TOLERANCE, label_of_column, parse_probability
from pipeline.corpora.tables.table import JSON, Row, Table, column_name, column_names
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.normalize import normalize

OWN_HEADER = ("text", "label")
"""The first columns of a table of `predict --probabilities`; one for each label follows."""
_ROWS_SEEN = 5000
_ROWS_ABOVE = 20
# Share of rows that must add up to 1; then the others are mistakes in the table.
_NEARLY_ALL = 0.9
_PERCENT_TOLERANCE = 1.0


@dataclasses.dataclass(frozen=True)
class ProbabilityColumns:
    """Columns of probabilities.

    Attributes:
        positions: label -> position of its column, from 0.
        are_predicted: whether `predict --probabilities` wrote the table; a label is then only the
            most probable one, unless somebody corrected it.
    """

    positions: Mapping[str, int]
    are_predicted: bool = False

    def renamed(self, labels: Iterable[str]) -> ProbabilityColumns:
        """A copy in which columns named after one of `labels` take its spelling."""
        names = list(self.positions)
        known = _labels_of(names, labels, by_case=False)
        places = zip(names, known, self.positions.values(), strict=True)
        return dataclasses.replace(
            self, positions={label or name: place for name, label, place in places}
        )

    def cells(self, fields: Sequence[str]) -> dict[str, str]:
        """label -> cell of its column, in one row."""
        return {label: fields[position] for label, position in self.positions.items()}


def columns_without_label(
    table: Table, text_column: str | None, label_column: str | None, where: Path
) -> tuple[Columns, ProbabilityColumns] | None:
    """The columns of a table that `predict --probabilities` wrote, or that has text and
    probabilities without labels; None for any other table.

    Such probabilities are two or more columns, named in a header, with numbers from 0 to 1 that
    add up to 1 in nine of ten rows, some of them fractions: columns of only 0 and 1 may be
    features, or dummies. The table must have no column with the name of a label column, and none
    that could hold labels as words.

    Raises:
        UserError: the columns are percentages, add up to 1 in some rows only, or have no names.
    """
    usual = text_column in (None, OWN_HEADER[0]) and label_column in (None, OWN_HEADER[1])
    if usual and (own := _own_form(table.rows)) is not None:
        return own
    if label_column is not None:
        return None
    above = _header(table.rows, text_column)
    body = table.rows if above is None else table.rows[above + 1 :]
    header = None if above is None else trimmed_header(table.rows[above].fields, body)
    width = len(table.rows[0].fields) if header is None else len(header)
    sample = [row.fields for row in body if len(row.fields) == width][:_ROWS_SEEN]
    if not sample or width < 3:
        return None
    text = identity = None
    if header is not None:
        if known_column(header, LABEL_NAMES) is not None:
            return None
        text = explicit_column(text_column, header, width, where)
        text = known_column(header, TEXT_NAMES) if text is None else text
        identity = known_column(header, ID_NAMES)
    elif text_column is not None:
        text = explicit_column(text_column, None, width, where)
    contents = describe_columns(body, width)
    free = [column for column in range(width) if column not in (text, identity)]
    text = text_among(contents, free) if text is None else text
    if text is None:
        return None
    free = [column for column in free if column != text]
    numbers = [column for column in free if _are_numbers(sample, column, 0, 100)]
    words = [column for column in free if column not in numbers and contents[column].repeats]
    if len(numbers) < 2 or label_among(contents, words) is not None:
        return None
    shares = [column for column in numbers if _are_numbers(sample, column, 0, 1 + TOLERANCE)]
    seen = _Sums(sample, shares)
    if len(shares) < 2 or not seen.are_fractions:
        fractions = [column for column in shares if not _Sums(sample, [column]).on_or_off]
        if len(fractions) > 1 and _Sums(sample, fractions).are_fractions:
            return None  # a column of 0 and 1 beside them may be a label
        _refuse_other_sums(seen, shares, _Sums(sample, numbers, 100), numbers, header, where)
        return None
    if header is None:
        raise UserError(
            f"its columns {_listed(shares, None)} add up to 1 in each row, and no header says of "
            "which labels they are the probabilities",
            where=where,
            remedy="put a line above with the names of the columns: text and the labels",
        )
    labels = _names(header, shares, table.delimiter == JSON, where)
    columns = Columns(text, None, identity, header, width, above or 0)
    return columns, ProbabilityColumns(dict(zip(labels, shares, strict=True)))


def columns_named_after_labels(
    table: Table, columns: Columns, labels: Iterable[str], where: Path
) -> tuple[ProbabilityColumns | None, list[str]]:
    """Finds the columns of probabilities in a table that has a label column, too.

    At least two are named after a label, and add up to 1 as `columns_without_label` says, either
    alone or with all other columns of numbers from 0 to 1 (labels that no row has).

    Args:
        table, columns: the table, and the result of `choose_columns` for it.
        labels: those of the rows.

    Returns:
        The columns, or None if there are none; and warnings about columns that nearly are
        probabilities.
    """
    header = columns.header
    body = table.rows[columns.first :]
    sample = [row.fields for row in body if len(row.fields) == columns.width][:_ROWS_SEEN]
    if header is None or not sample:
        return None, []
    taken = (columns.text, columns.label, columns.id)
    free = [column for column in range(columns.width) if column not in taken]
    known = _labels_of([header[column] for column in free], labels) if len(free) > 1 else []
    named = {column: label for column, label in zip(free, known, strict=False) if label}
    shares = [column for column in free if _are_numbers(sample, column, 0, 1 + TOLERANCE)]
    if len(named) < 2:
        if len(shares) > 1 and _Sums(sample, shares).are_fractions:
            return None, _not_used(header, shares, "are not named after the labels")
        return None, []
    for chosen in (list(named), sorted({*named, *shares})):
        if _Sums(sample, chosen).are_fractions:
            others = [column for column in chosen if column not in named]
            names = dict(
                zip(others, _names(header, others, table.delimiter == JSON, where), strict=True)
            )
            every = [(named | names)[column] for column in chosen]
            _refuse_twins(every, where)
            return ProbabilityColumns(dict(zip(every, chosen, strict=True))), []
    if (
        all(_are_numbers(sample, column, 0, math.inf) for column in named)
        and not _Sums(sample, list(named)).on_or_off
    ):
        return None, _not_used(header, list(named), "do not add up to 1 in each row")
    return None, []


class _Sums:
    """The sums of columns, over the rows that are not blank there.

    Attributes:
        share: share of rows that add up to `whole`.
        of_most: whether nearly all rows do.
        on_or_off: whether each number is 0 or 1.
        are_fractions: whether nearly all rows add up, and not all numbers are 0 or 1.
    """

    def __init__(self, rows: Sequence[Sequence[str]], columns: Sequence[int], whole: float = 1):
        cells = ([row[column] for column in columns] for row in rows)
        filled = [row for row in cells if not all(map(is_missing_label, row))]
        values = np.array([[parse_probability(cell) for cell in row] for row in filled])
        values = values.reshape(len(filled), len(columns))
        tolerance = TOLERANCE if whole == 1 else _PERCENT_TOLERANCE
        right = np.abs(values.sum(axis=1) - whole) <= tolerance
        known = values[np.isfinite(values)]
        self.rows, self.right = len(values), int(right.sum())
        self.share = self.right / max(self.rows, 1)
        self.of_most = self.share >= _NEARLY_ALL
        self.on_or_off = bool(np.isin(known, (0, 1)).all())
        self.are_fractions = self.of_most and not self.on_or_off


def _own_form(rows: Sequence[Row]) -> tuple[Columns, ProbabilityColumns] | None:
    header = rows[0].fields
    places = range(len(OWN_HEADER), len(header))
    if tuple(header[: len(OWN_HEADER)]) != OWN_HEADER or len(places) < 2:
        return None
    sample = [row.fields for row in rows[1:_ROWS_SEEN] if len(row.fields) == len(header)]
    labels = [normalize(header[place]) for place in places]
    if not sample or not _Sums(sample, places).of_most or len({*labels, ""}) <= len(labels):
        return None
    given = {_key(row[1]) for row in sample if not is_missing_label(row[1])}
    if not given <= set(map(_key, labels)):
        return None
    columns = Columns(0, 1, None, header, len(header))
    return columns, ProbabilityColumns(dict(zip(labels, places, strict=True)), are_predicted=True)


def _header(rows: Sequence[Row], text_column: str | None) -> int | None:
    """The header: a row with the name of the text column that stands first or has another width
    than the first row; else the first row, if it has no number."""
    wanted = set(TEXT_NAMES)
    if text_column is not None and not text_column.isdecimal():
        wanted = {column_name(text_column)}
    width = len(rows[0].fields)
    for position, row in enumerate(rows[:_ROWS_ABOVE]):
        if (position == 0 or len(row.fields) != width) and wanted & set(column_names(row.fields)):
            return position
    has_numbers = any(not math.isnan(parse_probability(field)) for field in rows[0].fields)
    return None if has_numbers else 0


def _are_numbers(rows: Sequence[Sequence[str]], column: int, lowest: float, highest: float) -> bool:
    """Whether nearly all cells that are not blank are numbers in a range."""
    cells = [cell for row in rows if not is_missing_label(cell := row[column])]
    right = sum(lowest <= parse_probability(cell) <= highest for cell in cells)
    return bool(cells) and right >= _NEARLY_ALL * len(cells)


def _names(header: Sequence[str], places: Sequence[int], nested: bool, where: Path) -> list[str]:
    """The labels that columns are named after; of nested JSON keys the inner ones."""
    names = [header[place] for place in places]
    if nested and len({name.rpartition(".")[0] for name in names}) == 1:
        names = [name.rpartition(".")[2] for name in names]
    names = [normalize(label_of_column(name) or name) for name in names]
    _refuse_twins(names, where)
    return names


def _refuse_twins(names: Sequence[str], where: Path) -> None:
    twice = next((name for name in names if names.count(name) > 1 or not name), None)
    if twice is not None:
        what = f"two columns of probabilities are called {shortened_label(twice)}"
        raise UserError(
            what if twice else "a column of probabilities has no name",
            where=where,
            remedy="name each after its label",
        )


def _labels_of(names: Sequence[str], labels: Iterable[str], by_case: bool = True) -> list[str]:
    """The label that each column is named after, "" for none: `긍정`, `P(긍정)`,
    `scores.긍정`.

    Args:
        names: of the columns.
        labels: those of the rows.
        by_case: whether a name may differ from a label only by case, if no other column has the
            name of that label.
    """
    same: dict[object, list[str]] = collections.defaultdict(list)
    alike: dict[str, list[str]] = collections.defaultdict(list)
    for label in labels:
        same[_key(label)].append(label)
        alike[label.casefold()].append(label)
    written = [
        list(filter(None, (name, label_of_column(name), name.rpartition(".")[2]))) for name in names
    ]
    found = [_only(same.get(_key(form)) for form in forms) for forms in written]
    if by_case:
        taken = collections.Counter(found)
        others = [
            _only(alike.get(normalize(form).casefold()) for form in forms) for forms in written
        ]
        counts = collections.Counter(others)
        found = [
            label or (other if counts[other] == 1 and not taken[other] else "")
            for label, other in zip(found, others, strict=True)
        ]
    return found


def _only(candidates: Iterable[list[str] | None]) -> str:
    """The label in the first list that has exactly one; "" if there is none."""
    return next((labels[0] for labels in candidates if labels and len(labels) == 1), "")


def _key(label: str) -> object:
    """A key that is equal for spellings of a label: its number, or the label under the text
    policy."""
    plain = normalize(label)
    found = number_of(plain)
    return plain if found is None else found


def _refuse_other_sums(
    seen: _Sums,
    shares: Sequence[int],
    percent: _Sums,
    numbers: Sequence[int],
    header: Sequence[str] | None,
    where: Path,
) -> None:
    """Raises UserError where columns nearly are probabilities."""
    if percent.of_most:
        raise UserError(
            f"its columns {_listed(numbers, header)} add up to 100 in each row: percentages",
            where=where,
            remedy="divide them by 100; probabilities are numbers from 0 to 1",
        )
    if len(shares) > 1 and seen.share >= 0.5 and not seen.on_or_off:
        raise UserError(
            f"its columns {_listed(shares, header)} add up to 1 in {seen.right:,} of "
            f"{counted(seen.rows, 'row')} only",
            where=where,
            remedy="probabilities must do so in each; or say with --label-column where labels are",
        )


def _not_used(header: Sequence[str], columns: Sequence[int], why: str) -> list[str]:
    return [
        f"The columns {_listed(columns, header)} are not used: they seem to be probabilities, but "
        f"{why}."
    ]


def _listed(columns: Sequence[int], header: Sequence[str] | None) -> str:
    names = [
        shortened_label(header[column]) if header else str(column + 1) for column in columns[:8]
    ]
    return ", ".join(names) + (", …" if len(columns) > 8 else "")
