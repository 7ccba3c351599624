"""Settings of the tiny forecasting task."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.ranges import AtLeast
from pipeline.tasks.base import RunSettings
from pipeline.training.settings import TrainingSettings


@dataclasses.dataclass(frozen=True)
class WindowSettings:
    """The windows of the series that are examples."""

    window: Annotated[int, AtLeast(1)] = 24
    """Steps that are read."""
    horizon: Annotated[int, AtLeast(1)] = 6
    """Steps that are forecast."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can be set."""

    corpus: WindowSettings = WindowSettings()
    training: TrainingSettings = TrainingSettings(
        epochs=20, min_steps=1, batch_size=16, learning_rate=0.02, evaluations=4
    )
    run: RunSettings = RunSettings()
