"""Settings of the frames task."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.corpora.settings import FrameCorpusSettings
from pipeline.models.settings import FrameLabellerSettings
from pipeline.ranges import AtLeast
from pipeline.tasks.base import RunSettings
from pipeline.training.settings import TrainingSettings


@dataclasses.dataclass(frozen=True)
class WindowSettings:
    """How videos are cut into training examples."""

    window: Annotated[int, AtLeast(1)] = 128
    """Frames of a training example: videos are cut into windows of this length, at different places
    in each epoch. Videos of dev and test are read whole."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can be set for the frames task."""

    corpus: FrameCorpusSettings = FrameCorpusSettings()
    model: FrameLabellerSettings = FrameLabellerSettings()
    windows: WindowSettings = WindowSettings()
    training: TrainingSettings = TrainingSettings(
        epochs=30, min_steps=400, batch_size=16, learning_rate=3e-3, evaluations=20, patience=6,
        weight_averaging=0.98,
    )  # fmt: skip
    run: RunSettings = RunSettings()


TINY = Settings(
    model=FrameLabellerSettings(units=16, layers=1),
    windows=WindowSettings(window=64),
    training=TrainingSettings(
        epochs=10,
        min_steps=1,
        batch_size=8,
        learning_rate=0.02,
        evaluations=3,
        weight_averaging=0.5,
    ),
)
