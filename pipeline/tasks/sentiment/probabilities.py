"""The probabilities that train teaches, beside its ids and label numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.corpora.labelled.probabilities import LABELLED, probabilities_of
from pipeline.workspace import atomic_file

PROBABILITIES = "train.probabilities.npy"
LABELLED_ROWS = "train.labelled.npy"


@dataclasses.dataclass(frozen=True)
class TrainProbabilities:
    """Of each row of train.

    Attributes:
        probabilities: float32 [rows, labels]; NaN in a row that has a label alone.
        labelled: bool [rows], whether it has a label of its own.
    """

    probabilities: np.ndarray
    labelled: np.ndarray


def write_probabilities(folder: Path, train: pd.DataFrame, labels: Sequence[str]) -> None:
    """Writes those of a split, if it has some, in the order of `labels`; 0 of a label that has no
    column."""
    names, given = probabilities_of(train)
    if not names:
        return
    array = np.zeros((len(train), len(labels)), np.float32)
    array[:, [labels.index(name) for name in names]] = given
    array[np.isnan(given).any(axis=1)] = np.nan
    _save(folder / PROBABILITIES, array)
    _save(folder / LABELLED_ROWS, (train[LABELLED] == "yes").to_numpy(bool))


def load_probabilities(folder: Path) -> TrainProbabilities | None:
    """What `write_probabilities` wrote; None where train has labels alone. The array stays on
    disk."""
    if not (folder / PROBABILITIES).exists():
        return None
    return TrainProbabilities(
        np.load(folder / PROBABILITIES, mmap_mode="r", allow_pickle=False),
        np.load(folder / LABELLED_ROWS, allow_pickle=False),
    )


def _save(path: Path, array: np.ndarray) -> None:
    with atomic_file(path) as temporary:
        np.save(temporary, array, allow_pickle=False)
