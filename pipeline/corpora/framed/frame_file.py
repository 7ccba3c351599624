"""Reads a table of frames: one file is one video, one row one frame."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.corpora.framed.frame_columns import ColumnChoice, FrameColumns, find_columns
from pipeline.corpora.tables.delimited import as_rows, read_table
from pipeline.corpora.tables.table import Row
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.one_line import without_breaks
from pipeline.text_file import decode

_MAX_NUMBER = float(np.finfo(np.float32).max)


@dataclasses.dataclass(frozen=True)
class Video:
    """One video.

    Attributes:
        path: its file, or its folder of pictures.
        frames: float32 [time, features]; float16 and memory-mapped where they are features of
            pictures.
        labels: one per frame; None if the file has none.
        columns: which columns were read as what.
    """

    path: Path
    frames: np.ndarray
    labels: list[str] | None
    columns: FrameColumns

    @property
    def name(self) -> str:
        """Name of the file without its suffix, or of the folder."""
        return self.path.name if self.path.is_dir() else self.path.stem


def read_video(path: Path, choice: ColumnChoice, *, labelled: bool = True) -> Video:
    """Reads a CSV or TSV file in any encoding and with any separator that tables may have.

    A frame is never left out, since all later frames would come too early. So a cell that is no
    finite number is an error, with its line.

    Args:
        path: the file; `-` is standard input.
        choice: what is known of the columns.
        labelled: whether each frame must have a label.

    Raises:
        UserError: no such file, no table; a row of another width, a cell that is no finite
            number, a frame without a label.
    """
    if str(path) == "-":
        table = as_rows(*decode(sys.stdin.buffer.read(), "standard input"), Path("standard input"))
    else:
        table = read_table(path)
    if table.rejects:
        bad = table.rejects[0]
        raise UserError(
            f"a frame cannot be read ({bad.reason})",
            where=f"{path}:{bad.line}",
            remedy="correct the line: a frame left out would put the next ones too early",
        )
    if not table.rows:
        raise UserError("holds no frames", where=path, remedy="give one row per frame")
    columns = find_columns(table.rows, choice, path, labelled=labelled)
    rows = table.rows[1:] if columns.has_header else table.rows
    if not rows:
        raise UserError("has a header and no frames", where=path, remedy="give one row per frame")
    width = len(table.rows[0].fields)
    for row in rows:
        if len(row.fields) != width:
            raise UserError(
                f"has {counted(len(row.fields), 'column')}, not {width}",
                where=f"{path}:{row.line}",
                remedy="give each frame all columns",
            )
    labels = None
    if columns.label is not None:
        labels = [without_breaks(row.fields[columns.label]).strip() for row in rows]
        if labelled and "" in labels:
            raise UserError(
                "the frame has no label",
                where=f"{path}:{rows[labels.index('')].line}",
                remedy="label it; frames without a label can have one of their own, such as none",
            )
    return Video(path, _numbers(rows, columns.features, path), labels, columns)


def _numbers(rows: Sequence[Row], places: Sequence[int], path: Path) -> np.ndarray:
    """float32 [rows, places]."""
    numbers = np.empty((len(rows), len(places)), np.float32)
    for row, values in zip(rows, numbers, strict=True):
        for at, place in enumerate(places):
            values[at] = _number(row.fields[place], row.line, path)
    return numbers


def _number(cell: str, line: int, path: Path) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
        wrong = f"{cell.strip()!r} is no number" if cell.strip() else "a number is missing"
    else:
        wrong = f"{cell.strip()} is no finite number"
    if not abs(value) <= _MAX_NUMBER:  # nor is NaN
        raise UserError(
            wrong,
            where=f"{path}:{line}",
            remedy="fill the gap, or name the column in --left-out-columns if it is no feature",
        )
    return value
