"""Puts the steps of a series in the order of time, each time once, and fills gaps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.counts import counted
from pipeline.errors import UserError

_HALF = 0.5
"""A table is refused if a larger share of its rows has the time of another row, or a smaller share
of a channel has values."""


def in_time_order(seconds: np.ndarray, path: Path) -> tuple[np.ndarray, list[int], list[str]]:
    """Sorts rows by time; of rows with the same time the last one stays.

    Returns:
        Numbers of the rows that stay, int [rows], those left out, and notes on what was changed.
    """
    order, notes = np.argsort(seconds, kind="stable"), []
    if len(order) > 1 and (np.diff(seconds) <= 0).all():
        notes.append("the newest row stands first: the order was turned round")
    elif (backwards := int((np.diff(seconds) < 0).sum())) > 0:
        notes.append(f"rows were brought into the order of time ({backwards:,} stood too late)")
    if notes and notes[0].startswith("the newest"):
        # Of rows with the same time the first in the file is then the newest.
        order = np.argsort(seconds[::-1], kind="stable")
        order = len(seconds) - 1 - order
    last = np.append(np.diff(seconds[order]) != 0, True)
    doubled = sorted(order[~last].tolist())
    if len(doubled) > _HALF * len(seconds):
        raise UserError(
            f"{len(doubled):,} of {counted(len(seconds), 'row')} have the time of another row",
            where=path,
            remedy="put the day and the hour into one column, and give one file per series",
        )
    if doubled:
        rows = "row has" if len(doubled) == 1 else "rows have"
        notes.append(f"{len(doubled):,} {rows} the time of a later row and were left out")
    return order[last], doubled, notes


def without_gaps(
    values: np.ndarray, names: Sequence[str], path: Path
) -> tuple[np.ndarray, int, list[str]]:
    """Fills gaps with the value before them; cuts off steps before the first value.

    Returns:
        float64 [steps left, channels], number of steps cut off, and notes on what was changed.
    """
    measured = ~np.isnan(values)
    for name, share in zip(names, measured.mean(axis=0), strict=True):
        if share < _HALF:
            raise UserError(
                f"column {name} is empty in {1 - share:.0%} of the rows",
                where=path,
                remedy="leave it out: name the other columns with --channels",
            )
    dropped = int(measured.argmax(axis=0).max())
    values, measured = values[dropped:], measured[dropped:]
    notes = []
    if dropped:
        notes.append(f"the first {counted(dropped, 'row')} lack a channel and were left out")
    if not measured.all():
        gaps = ", ".join(
            f"{name} {count:,}"
            for name, count in zip(names, (~measured).sum(axis=0), strict=True)
            if count
        )
        notes.append(f"empty cells have the value before them: {gaps}")
    place = np.maximum.accumulate(np.where(measured, np.arange(len(values))[:, None], 0), axis=0)
    return np.take_along_axis(values, place, axis=0), dropped, notes
