"""Settings of the forecasting task."""

from __future__ import annotations

import dataclasses
from typing import Literal

from pipeline.corpora.settings import SeriesCorpusSettings
from pipeline.models.forecaster_settings import ForecasterSettings
from pipeline.tasks.base import RunSettings
from pipeline.training.settings import TrainingSettings


@dataclasses.dataclass(frozen=True)
class ErrorSettings:
    """The loss of a forecaster."""

    error: Literal["absolute", "squared"] = "absolute"
    """Loss on standardised values. The absolute error gives less weight to single large errors."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can be set for the forecasting task."""

    corpus: SeriesCorpusSettings = SeriesCorpusSettings()
    model: ForecasterSettings = ForecasterSettings()
    errors: ErrorSettings = ErrorSettings()
    training: TrainingSettings = TrainingSettings(
        epochs=5, batch_size=128, learning_rate=2e-3, evaluations=5, weight_averaging=0.99
    )
    run: RunSettings = RunSettings()


TINY = Settings(
    corpus=SeriesCorpusSettings(corpus="sample", window=40, horizon=6),
    model=ForecasterSettings(units=16, segment=8, state_dropout=0.1),
    training=TrainingSettings(
        epochs=2, min_steps=1, batch_size=128, learning_rate=0.01, evaluations=2,
        weight_averaging=0.9,
    ),
)  # fmt: skip
