"""Reads the label file of a video: a span per row, from `start` to `end` (exclusive), and its
label."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from pipeline.corpora.framed.frame_columns import LABEL_NAMES, ColumnChoice
from pipeline.corpora.tables.delimited import read_table
from pipeline.corpora.tables.table import Row, column_name, column_names
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.one_line import without_breaks

Unit = Literal["frames", "seconds"]
_SPAN_END = re.compile(
    r"(?P<which>start|begin|onset|시작|end|stop|offset|끝|종료)"
    r"[\s_]*[(\[]?(?:(?P<frames>frames?|프레임)|(?P<seconds>s|secs?|seconds?|time|초|시각|시간))?[)\]]?"
)
_ROUNDING = 0.005  # seconds
_STARTS = ("start", "begin", "onset", "시작")
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d*)?)")
_COLUMNS = "give the columns start, end, label: start_frame and end_frame, or start_s and end_s"


@dataclasses.dataclass(frozen=True)
class LabelSpan:
    """`start` to `end`, exclusive, in the unit of its file; and its line."""

    start: float
    end: float
    label: str
    line: int


@dataclasses.dataclass(frozen=True)
class LabelSpans:
    """The spans of one video.

    Attributes:
        path: their file.
        spans: sorted by start; none overlaps another.
        unit: of starts and ends.
    """

    path: Path
    spans: Sequence[LabelSpan]
    unit: Unit

    def of_frames(
        self, count: int, seconds: np.ndarray | None, rest_label: str | None
    ) -> list[str]:
        """The label of each frame.

        Args:
            count: frames of the video.
            seconds: float64 [count], when each is shown; a frame has the label of the span that
                holds this time. None where spans are in frames.
            rest_label: label of frames in no span; None: each frame must be in a span.

        Raises:
            UserError: a span names frames that the video does not have, or holds none; a frame
                is in no span.
        """
        labels: list[str | None] = [None] * count
        for span in self.spans:
            first, behind = self._frames_of(span, count, seconds)
            labels[first:behind] = [span.label] * (behind - first)
        known = [rest_label if label is None else label for label in labels]
        bare = [number for number, label in enumerate(known) if label is None]
        if bare:
            raise UserError(
                f"{counted(len(bare), 'frame')} of {count:,} have no label, the first: {bare[0]} "
                "(frames are counted from 0; end is the one after the last)",
                where=self.path,
                remedy="cover them, or give them one with --rest-label none",
            )
        return [label for label in known if label is not None]

    def _frames_of(
        self, span: LabelSpan, count: int, seconds: np.ndarray | None
    ) -> tuple[int, int]:
        where = f"{self.path}:{span.line}"
        if self.unit == "frames" or seconds is None:
            length, first, behind = float(count), int(span.start), int(span.end)
            has = f"has {counted(count, 'frame')}"
            tolerance = 0.0
        else:
            step = float(np.median(np.diff(seconds))) if count > 1 else 0.0
            length = float(seconds[-1]) + step
            # Times are often written with two digits, and kept in whole milliseconds.
            near = min(_ROUNDING, step / 4)
            first, behind = (
                int(np.searchsorted(seconds, time - near)) for time in (span.start, span.end)
            )
            has = f"is {length:.3f} seconds long"
            # The length as other programs tell it differs by a frame.
            tolerance = step + 1e-3
        if span.end > length + tolerance:
            raise UserError(
                f"the span {span.start:g} to {span.end:g} reaches behind the end of the video, "
                f"which {has}",
                where=where,
                remedy="end it there; frames are counted from 0, and end is the one after the last"
                if self.unit == "frames"
                else "end it there",
            )
        if behind <= first:
            raise UserError(
                f"no frame lies between {span.start:g} and {span.end:g}",
                where=where,
                remedy="make the span longer, or leave it out",
            )
        return first, behind


def read_label_spans(
    path: Path, choice: ColumnChoice, unit: Unit | None, *, has_clock: bool
) -> LabelSpans:
    """Reads a CSV or TSV file with the columns start, end and label.

    The names of the columns (`start_frame`, `start_s`), or `unit`, say whether numbers are frames
    or seconds; numbers with a decimal point and times (0:01:02.5) are seconds. Whole numbers
    alone are frames if the video has no clock, and are refused if it has one.

    Args:
        path: the file.
        choice: the column of the label, and columns to leave out.
        unit: of the numbers, if the user gives it.
        has_clock: whether the video knows when each frame is shown.

    Raises:
        UserError: no table, columns that are missing or unknown, numbers that are none, spans
            that overlap or end before they start.
    """
    table = read_table(path)
    if table.rejects:
        bad = table.rejects[0]
        raise UserError(f"cannot be read ({bad.reason})", where=f"{path}:{bad.line}")
    if not table.rows:
        raise UserError("holds no spans", where=path, remedy=_COLUMNS)
    header, rows = table.rows[0].fields, table.rows[1:]
    start, end, label, said = _columns(header, choice, path)
    if not rows:
        raise UserError("has a header and no spans", where=path, remedy="give one row per span")
    for row in rows:
        if len(row.fields) != len(header):
            raise UserError(
                f"has {counted(len(row.fields), 'column')}, not {len(header)}",
                where=f"{path}:{row.line}",
            )
    cells = [row.fields[place].strip() for row in rows for place in (start, end)]
    found = _unit(cells, said, unit, path, has_clock)
    spans = sorted(
        (_span(row, (start, end, label), found, path) for row in rows), key=lambda s: s.start
    )
    for before, after in zip(spans, spans[1:], strict=False):
        if after.start < before.end:
            raise UserError(
                f"overlaps with the span of line {before.line}, which ends at {before.end:g}",
                where=f"{path}:{after.line}",
                remedy="give each frame one label",
            )
    return LabelSpans(path, spans, found)


def _columns(
    header: Sequence[str], choice: ColumnChoice, path: Path
) -> tuple[int, int, int, Unit | None]:
    """Positions of start, end and label, and the unit by the names of the columns."""
    names = column_names(header)
    left_out = set(column_names(choice.left_out))
    label_names = [column_name(choice.label)] if choice.label else LABEL_NAMES
    places: dict[str, int] = {}
    units: set[Unit] = set()
    for place, name in enumerate(names):
        matched = _SPAN_END.fullmatch(name)
        if name in left_out:
            continue
        if matched:
            kind = "start" if matched["which"] in _STARTS else "end"
            units |= {"frames"} if matched["frames"] else set()
            units |= {"seconds"} if matched["seconds"] else set()
        elif name in label_names:
            kind = "label"
        else:
            raise UserError(
                f"column {header[place].strip()!r} is neither start, end nor label",
                where=path,
                remedy=f"{_COLUMNS}; name what is neither in --left-out-columns",
            )
        if kind in places:
            raise UserError(f"has two columns for {kind}", where=path, remedy=_COLUMNS)
        places[kind] = place
    if missing := [kind for kind in ("start", "end", "label") if kind not in places]:
        raise UserError(f"has no column {missing[0]}", where=path, remedy=_COLUMNS)
    if len(units) > 1:
        raise UserError("one column is in frames, one in seconds", where=path, remedy=_COLUMNS)
    return places["start"], places["end"], places["label"], next(iter(units), None)


def _unit(
    cells: Sequence[str], said: Unit | None, chosen: Unit | None, path: Path, has_clock: bool
) -> Unit:
    if said and chosen and said != chosen:
        raise UserError(f"its columns are in {said}", where=path, remedy=f"--label-unit {said}")
    whole = all(cell.isdecimal() for cell in cells)
    unit = said or chosen or ("seconds" if not whole else None if has_clock else "frames")
    if unit is None:
        raise UserError(
            "whole numbers may be frames or seconds",
            where=path,
            remedy="call the columns start_frame and end_frame, or start_s and end_s, or say "
            "--label-unit frames",
        )
    if unit == "seconds" and not has_clock:
        raise UserError(
            "is in seconds, and a folder of pictures has no clock",
            where=path,
            remedy="give frames: whole numbers, counted from 0",
        )
    return unit


def _span(row: Row, places: tuple[int, int, int], unit: Unit, path: Path) -> LabelSpan:
    where = f"{path}:{row.line}"
    start, end = (_number(row.fields[place].strip(), unit, where) for place in places[:2])
    label = without_breaks(row.fields[places[2]]).strip()
    if not label:
        raise UserError("the span has no label", where=where, remedy="label it, or leave it out")
    if end <= start:
        raise UserError(
            f"the span ends at {end:g} and starts at {start:g}",
            where=where,
            remedy="end is the frame after the last" if unit == "frames" else None,
        )
    return LabelSpan(start, end, label, row.line)


def _number(cell: str, unit: Unit, where: str) -> float:
    clock = _CLOCK.fullmatch(cell)
    try:
        if clock and unit == "seconds":
            return 3600 * int(clock[1] or 0) + 60 * int(clock[2]) + float(clock[3])
        value = float(cell)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf or (unit == "frames" and value != int(value)):
        kind = "number of a frame" if unit == "frames" else "time in seconds"
        raise UserError(f"{cell!r} is no {kind}", where=where, remedy="correct it")
    return value
