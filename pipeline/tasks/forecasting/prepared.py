"""The prepared data of a series: standardised arrays, and facts about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.corpora.series.spacing import Spacing
from pipeline.fields import StepRange
from pipeline.records import as_json, from_json
from pipeline.workspace import read_json, write_json

FACTS = "series.json"
EXAMPLE = "example.npy"


@dataclasses.dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation of each channel in train; a constant one has the deviation 1."""

    means: tuple[float, ...]
    deviations: tuple[float, ...]

    @classmethod
    def of(cls, train: np.ndarray) -> Scaling:
        """The scaling of the steps of train, [steps, channels]."""
        values = np.float64(train)
        deviations = np.where(np.ptp(values, axis=0) > 0, values.std(axis=0), 1.0)
        return cls(tuple(values.mean(axis=0).tolist()), tuple(deviations.tolist()))

    def standardised(self, values: np.ndarray) -> np.ndarray:
        """Standardises values in the units of the data: float64, mean 0, deviation 1."""
        return (np.float64(values) - self.means) / self.deviations

    def in_units(self, values: np.ndarray) -> np.ndarray:
        """Converts standardised values to float32 in the units of the data."""
        return np.float32(np.float64(values) * self.deviations + self.means)


def steps_of_train(histories: Sequence[StepRange], forecasts: Sequence[StepRange]) -> np.ndarray:
    """All steps in the windows of train, [steps, channels]."""
    first = min(stretch.start for stretch in histories)
    last = max(stretch.stop for stretch in forecasts)
    return histories[0].whole.values[first:last]


@dataclasses.dataclass(frozen=True)
class SeriesFacts:
    """Facts about a series that a model, its report and its users need.

    Attributes:
        channels: names, in the order of the arrays.
        window, horizon: number of steps that are read and forecast.
        scaling: computed from train.
        season: number of steps after which the series usually repeats.
        naive_scales: `evaluation.forecasting.naive_scales` of standardised values.
        spacing: distance between the steps.
    """

    channels: tuple[str, ...]
    window: int
    horizon: int
    scaling: Scaling
    season: int
    naive_scales: tuple[float, ...]
    spacing: Spacing

    def save(self, folder: Path) -> None:
        """Writes the facts into `folder`."""
        write_json(folder / FACTS, as_json(self))

    @classmethod
    def load(cls, folder: Path) -> SeriesFacts:
        """Reads the facts that `save` wrote into `folder`.

        Raises:
            UserError: the file does not exist or is damaged.
        """
        return from_json(cls, read_json(folder / FACTS), where=folder / FACTS)


def save_split(folder: Path, split: str, standardised: np.ndarray, starts: np.ndarray) -> None:
    """Writes the steps of a split, and the positions at which its windows start."""
    np.save(folder / f"{split}.npy", np.float32(standardised), allow_pickle=False)
    np.save(folder / f"{split}.starts.npy", np.asarray(starts, np.int64), allow_pickle=False)
