"""Probabilities of labels: cells of a user's table, columns of a split, an array to learn from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from pipeline.corpora.labelled.labels import is_missing_label, shortened_label

TOLERANCE = 1e-3
"""The sum of the probabilities of a row may differ from 1 by this; they are divided by it."""
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
    """The label of a column that `split_column` named; None for any other name."""
    match = _COLUMN.fullmatch(name)
    return match[1] if match else None


def parse_probability(cell: str) -> float:
    """The number in a cell, written as 0.9, .9 or 9e-1; NaN for anything else."""
    match = _NUMBER.fullmatch(cell.strip())
    return float(match[0]) if match else float("nan")


def parse_distribution(cells: Mapping[str, str]) -> np.ndarray | None:
    """Parses the probabilities of a row, which add up to 1; None if all cells are blank.

    Args:
        cells: label -> cell of its column.

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
    """The label with the highest probability; the first of several."""
    return labels[int(probabilities.argmax())]


def is_corrected(labels: Sequence[str], share: np.ndarray | None, written: str | None) -> bool:
    """Whether the label of a row was changed after a model wrote its probabilities.

    Args:
        labels: of the columns.
        share: probabilities of the row; None if it has none.
        written: label in the table; None if there is none.
    """
    return share is not None and written not in (None, most_probable(labels, share))


def with_probabilities(
    frame: pd.DataFrame,
    labels: Sequence[str],
    probabilities: Sequence[np.ndarray | None] | np.ndarray,
    labelled: Iterable[bool],
) -> pd.DataFrame:
    """Adds the columns of probabilities to a frame of texts, as splits have them.

    Args:
        frame: columns id, text, label.
        labels: of the columns.
        probabilities: float32 [labels] of each row, or None for blank cells.
        labelled: for each row whether it has a label of its own.
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

    Rows without probabilities are NaN. A split without such columns gives no labels.
    """
    columns = {name: label for name in frame.columns if (label := label_of_column(name))}
    array = np.full((len(frame), len(columns)), np.nan, np.float32)
    for place, name in enumerate(columns):
        array[:, place] = [float(cell or "nan") for cell in frame[name]]
    return list(columns.values()), array
