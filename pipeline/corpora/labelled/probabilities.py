"""Probabilities of labels: cells of a user's table, columns of a split, an array to learn from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from pipeline.corpora.labelled.labels import is_missing_label, shortened_label

TOLERANCE = 1e-3
"""So far from 1 may the probabilities of a row add up; then they are divided by their sum."""
LABELLED = "labelled"
"""Column of a split with probabilities: `yes` where a row has a label of its own, else `no`, and
its label is the most probable one."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_COLUMN = re.compile(r"P\((.*)\)")


def split_column(label: str) -> str:
    """The column of a split with the probabilities of `label`, whatever that is called.

    Example:
        >>> split_column("positive")
        'P(positive)'
    """
    return f"P({label})"


def label_of_column(name: str) -> str | None:
    """What `split_column` was given; None of any other name."""
    match = _COLUMN.fullmatch(name)
    return match[1] if match else None


def parse_probability(cell: str) -> float:
    """The number in a cell, written as 0.9, .9 or 9e-1; not a number (NaN) of anything else."""
    match = _NUMBER.fullmatch(cell.strip())
    return float(match[0]) if match else float("nan")


def parse_distribution(cells: Mapping[str, str]) -> np.ndarray | None:
    """The probabilities in a row of a table, which add up to 1; None where all cells are blank.

    Args:
        cells: label -> what stands in its column.

    Returns:
        float32 [labels], in their order.

    Raises:
        ValueError: a cell is no number from 0 to 1, or they add up to something else.
    """
    if all(is_missing_label(cell) for cell in cells.values()):
        return None
    values = np.array([parse_probability(cell) for cell in cells.values()])
    for (label, cell), value in zip(cells.items(), values, strict=True):
        if not 0 <= value <= 1 + TOLERANCE:
            wrong = "below 0" if value < 0 else "above 1" if value > 1 else "no number"
            raise ValueError(
                f"the probability of {shortened_label(label)} is {wrong}: {shortened_label(cell)!r}"
            )
    total = float(values.sum())
    if abs(total - 1) > TOLERANCE:
        raise ValueError(f"its probabilities add up to {total:.4g}")
    return (values / total).astype(np.float32)


def most_probable(labels: Sequence[str], probabilities: np.ndarray) -> str:
    """The label with the highest probability, of equal ones the first."""
    return labels[int(probabilities.argmax())]


def is_corrected(labels: Sequence[str], share: np.ndarray | None, written: str | None) -> bool:
    """Whether somebody gave a row another label than the model that wrote its probabilities.

    Args:
        labels: of the columns.
        share: its probabilities, None where it has none.
        written: its label as the table has it, None where there is none.
    """
    return share is not None and written not in (None, most_probable(labels, share))


def with_probabilities(
    frame: pd.DataFrame,
    labels: Sequence[str],
    probabilities: Sequence[np.ndarray | None] | np.ndarray,
    labelled: Iterable[bool],
) -> pd.DataFrame:
    """A frame of texts with columns for the probabilities of their labels, as splits have them.

    Args:
        frame: columns id, text, label.
        labels: of the columns.
        probabilities: of each row float32 [labels], or None where it has none: blank cells.
        labelled: of each row, whether its label is its own.
    """
    cells = [
        [""] * len(labels) if share is None else [f"{value:.9g}" for value in share.tolist()]
        for share in probabilities
    ]
    columns = {
        split_column(label): [row[place] for row in cells] for place, label in enumerate(labels)
    }
    own = ["yes" if label else "no" for label in labelled]
    return frame.assign(**{**columns, LABELLED: own}).astype("str")


def probabilities_of(frame: pd.DataFrame) -> tuple[list[str], np.ndarray]:
    """The labels of a split that have a column of probabilities, and float32 [rows, labels].

    A row without probabilities is NaN. No labels where the split has no such column.
    """
    columns = {name: label for name in frame.columns if (label := label_of_column(name))}
    array = np.full((len(frame), len(columns)), np.nan, np.float32)
    for place, name in enumerate(columns):
        array[:, place] = [float(cell or "nan") for cell in frame[name]]
    return list(columns.values()), array
