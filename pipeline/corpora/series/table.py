"""Reads a table with a time column and columns of numbers as a series."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.corpora.rejects import Rejected
from pipeline.corpora.series.cells import is_missing_value, parse_number, parse_times
from pipeline.corpora.series.steps import in_time_order, without_gaps
from pipeline.corpora.tables.delimited import read_table
from pipeline.corpora.tables.table import Row, Table, column_name, usual_width
from pipeline.counts import counted
from pipeline.errors import UserError

_TIME_NAMES = {
    "date", "time", "datetime", "timestamp", "day", "month", "year", "ds", "날짜", "일자", "일시",
    "시간", "시각", "기준일", "기준일자", "거래일", "거래일자", "년월일", "연월일", "년월", "연월",
}  # fmt: skip
_MOSTLY = 0.9
_HALF = 0.5
_LISTED = 6


@dataclasses.dataclass(frozen=True)
class SeriesTable:
    """Channels over time, in the order of time.

    Attributes:
        names: of the channels.
        values: float64 [steps, channels], finite.
        seconds: int64 [steps], since 1970; None where there is no time column.
        rejects: rows that were left out.
        notes: sentences on what was unusual and what was changed.
        read_as: how the columns were read, for people.
        time_name: of the time column.
    """

    names: tuple[str, ...]
    values: np.ndarray
    seconds: np.ndarray | None
    rejects: list[Rejected]
    notes: list[str]
    read_as: str
    time_name: str = "step"


def read_series(
    path: Path, channels: Sequence[str] | None = None, time_column: str | None = None
) -> SeriesTable:
    """Reads a CSV, TSV or JSON table (.gz, too) in any common encoding as a series.

    The time column is the one that is named, else the first with the name or the cells of times;
    without one the rows are taken in their order. Of the other columns those that hold numbers
    are channels. Rows are sorted by time; of rows with the same time the last one stays; a gap in
    a channel is filled with the value before it. `notes` has the counts.

    Args:
        channels: names of the columns to take, in this order; None takes all. A table without a
            header needs the same number of columns of numbers.
        time_column: its name; None: it is found.

    Raises:
        UserError: the file is no such table, a column is missing, or a channel has a cell
            without a number.
    """
    table = read_table(path)
    columns, rejects = _Columns.of(table, path), list(table.rejects)
    rows = []
    for row in columns.rows:
        filled = [*row.fields, *[""] * (columns.width - len(row.fields))]
        if any(field.strip() for field in filled[columns.width :]) or len(row.fields) < 2 < len(
            columns.names
        ):
            what = f"has {counted(len(row.fields), 'column')}, not {columns.width}"
            rejects.append(Rejected(row.line, what, table.written(row)))
        else:
            rows.append(Row(row.line, filled[: columns.width], row.written))
    if not rows:
        raise UserError("holds no rows of numbers", where=path, remedy="give one row per time step")
    at = columns.time(rows, time_column, path)
    seconds = None
    if at is not None:
        moments = parse_times([row.fields[at] for row in rows], digits=True)
        wrong = np.isnat(moments)
        for row in (row for row, no_time in zip(rows, wrong, strict=True) if no_time):
            rejects.append(Rejected(row.line, "its time cannot be read", table.written(row)))
        rows = [row for row, no_time in zip(rows, wrong, strict=True) if not no_time]
        seconds = moments[~wrong].astype(np.int64)
    taken, left_out = columns.channels(rows, at, channels, path)
    values = np.column_stack([_numbers(rows, column, columns.names, path) for column in taken])
    notes = [] if channels or not left_out else [_left_out(left_out, columns.names)]
    if seconds is not None:
        order, doubled, sorting = in_time_order(seconds, path)
        rejects += [
            Rejected(rows[i].line, "a later row has the same time", table.written(rows[i]))
            for i in doubled
        ]
        notes += sorting
        values, seconds = values[order], seconds[order]
    names = tuple(columns.names[column] for column in taken)
    if channels and not columns.are_named:
        names = tuple(channels)
    values, dropped, gaps = without_gaps(values, names, path)
    if seconds is not None:
        seconds = seconds[dropped:]
    unreadable = len([reject for reject in rejects if not reject.kept])
    if unreadable:
        notes.append(f"{counted(unreadable, 'row')} could not be used")
    time = "no time column" if at is None else f"times in {columns.names[at]}"
    read_as = f"{table.encoding}, {time}, {counted(len(names), 'channel')} ({_listed(names)})"
    time_name = "step" if at is None else columns.names[at]
    return SeriesTable(names, values, seconds, rejects, notes + gaps, read_as, time_name)


@dataclasses.dataclass(frozen=True)
class _Columns:
    """Names of columns, and the rows below them; without a header the names are numbers."""

    names: list[str]
    rows: list[Row]
    are_named: bool = True

    @property
    def width(self) -> int:
        return len(self.names)

    @classmethod
    def of(cls, table: Table, path: Path) -> _Columns:
        rows = table.rows
        width = usual_width(rows)
        if not rows or not width:
            raise UserError("holds no rows", where=path, remedy="give one row per time step")
        first, body = rows[0], rows[1:101]
        if len(rows) == 1 or not _is_header(first, body, width):
            return cls([str(number) for number in range(1, width + 1)], list(rows), False)
        cells = [cell.strip() for cell in first.fields]
        while len(cells) > width and not cells[-1]:
            cells.pop()
        cells += [""] * (width - len(cells))
        names = [cell or str(i) for i, cell in enumerate(cells, 1)]
        known: set[str] = set()
        for name in names:
            if name in known:
                raise UserError(
                    f"has two columns called {name!r}",
                    where=f"{path}:{first.line}",
                    remedy="give each its own name",
                )
            known.add(name)
        return cls(names, rows[1:])

    def index(self, name: str, path: Path) -> int:
        """The position of a column, by its name or, if no column has that name, its number from
        1."""
        for position, known in enumerate(self.names):
            if column_name(known) == column_name(name):
                return position
        if name.strip().isdigit() and 1 <= int(name) <= self.width:
            return int(name) - 1
        raise UserError(
            f"has no column {name!r}", where=path, remedy=f"there are: {_listed(self.names, 30)}"
        )

    def time(self, rows: Sequence[Row], named: str | None, path: Path) -> int | None:
        """The position of the time column; None if there is none."""
        if named is not None:
            column = self.index(named, path)
            if not _share_of_times(rows, column, digits=True) >= _MOSTLY:
                raise UserError(
                    f"column {self.names[column]} holds no times: {rows[0].fields[column]!r}",
                    where=f"{path}:{rows[0].line}",
                    remedy="write them as 2020-01-31 or 2020-01-31 15:00",
                )
            return column
        called = [i for i, name in enumerate(self.names) if column_name(name) in _TIME_NAMES]
        for column in called:
            if _share_of_times(rows, column, digits=True) >= _MOSTLY:
                return column
        for column in range(self.width):
            if _share_of_times(rows, column, digits=False) >= _MOSTLY:
                return column
        for column in called[:1]:
            wrong = next(
                (row for row in rows if parse_number(row.fields[column]) is None), None
            )  # numbers in a column called time are steps
            if wrong is not None:
                raise UserError(
                    f"{wrong.fields[column]!r} in column {self.names[column]} is no time",
                    where=f"{path}:{wrong.line}",
                    remedy="write them as 2020-01-31 or 2020-01-31 15:00",
                )
        return None

    def channels(
        self, rows: Sequence[Row], time: int | None, named: Sequence[str] | None, path: Path
    ) -> tuple[list[int], list[int]]:
        """The columns that are channels, and those that hold no numbers."""
        others = [column for column in range(self.width) if column != time]
        if named is not None and (self.are_named or len(others) != len(named)):
            return [self.index(name, path) for name in named], []
        taken = [column for column in others if _share_of_numbers(rows, column) >= _HALF]
        if not taken:
            raise UserError(
                "has no column of numbers",
                where=path,
                remedy="give a table with a time column and a column of numbers for each channel",
            )
        return taken, [column for column in others if column not in taken]


def _is_header(first: Row, body: Sequence[Row], width: int) -> bool:
    """Whether some column has a word first and numbers or times below it."""
    below = [row for row in body if len(row.fields) >= width]
    for column in range(min(width, len(first.fields))):
        cell = first.fields[column]
        if parse_number(cell) is not None or not np.isnat(parse_times([cell], digits=True)[0]):
            continue
        numbers = _share_of_numbers(below, column)
        if below and max(numbers, _share_of_times(below, column, digits=True)) >= _HALF:
            return True
    return False


def _share_of_times(rows: Sequence[Row], column: int, *, digits: bool) -> float:
    found = parse_times([row.fields[column] for row in rows], digits=digits)
    return float(1 - np.isnat(found).mean()) if len(found) else 0.0


def _share_of_numbers(rows: Sequence[Row], column: int) -> float:
    """The share of numbers among the cells that are not blank; 0 if all are blank."""
    cells = [row.fields[column] for row in rows if not is_missing_value(row.fields[column])]
    return sum(parse_number(cell) is not None for cell in cells) / len(cells) if cells else 0.0


def _numbers(rows: Sequence[Row], column: int, names: Sequence[str], path: Path) -> np.ndarray:
    """A channel as float64 [rows], NaN where nothing was measured."""
    found = [parse_number(row.fields[column]) for row in rows]
    for row, value in zip(rows, found, strict=True):
        if value is None or np.isinf(value):
            what = "is no number" if value is None else "is infinite"
            raise UserError(
                f"{row.fields[column]!r} in column {names[column]} {what}",
                where=f"{path}:{row.line}",
                remedy="correct it, leave it empty, or name other columns with --channels",
            )
    return np.array(found, np.float64)


def _left_out(columns: Sequence[int], names: Sequence[str]) -> str:
    return f"no numbers, so left out: {_listed([names[column] for column in columns])}"


def _listed(names: Sequence[str], max_names: int = _LISTED) -> str:
    return ", ".join(names[:max_names]) + (", …" if len(names) > max_names else "")
