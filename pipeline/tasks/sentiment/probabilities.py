"""The prepared probabilities of labels in train."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.array_file import array_writer, mapped_array
from pipeline.corpora.labelled.probabilities import LABELLED, label_of_column, probabilities_of
from pipeline.corpora.split_file import SplitFile

PROBABILITIES = "train.probabilities.npy"
LABELLED_ROWS = "train.labelled.npy"


@dataclasses.dataclass(frozen=True)
class TrainProbabilities:
    """The probabilities of each row of train.

    Attributes:
        probabilities: float32 [rows, labels]; NaN in rows that have only a label.
        labelled: bool [rows], whether a row has a label of its own.
    """

    probabilities: np.ndarray
    labelled: np.ndarray


def write_probabilities(folder: Path, train: SplitFile, labels: Sequence[str]) -> None:
    """Writes the probabilities of a split, if it has any, in the order of `labels`; 0 for a label
    without a column."""
    if not any(map(label_of_column, train.columns)):
        return
    with (
        array_writer(folder / PROBABILITIES, np.float32, (len(labels),)) as append,
        array_writer(folder / LABELLED_ROWS, bool) as append_labelled,
    ):
        for frame in train.blocks():
            names, given = probabilities_of(frame)
            array = np.zeros((len(frame), len(labels)), np.float32)
            array[:, [labels.index(name) for name in names]] = given
            array[np.isnan(given).any(axis=1)] = np.nan
            append(array)
            append_labelled(frame[LABELLED] == "yes")


def load_train_probabilities(folder: Path) -> TrainProbabilities | None:
    """Loads what `write_probabilities` wrote; None if train has only labels. The arrays stay on
    disk."""
    if not (folder / PROBABILITIES).exists():
        return None
    return TrainProbabilities(
        mapped_array(folder / PROBABILITIES, np.float32),
        mapped_array(folder / LABELLED_ROWS, bool),
    )
