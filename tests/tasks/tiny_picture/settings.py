"""Settings of the tiny picture task."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.ranges import AtLeast
from pipeline.tasks.base import RunSettings
from pipeline.training.settings import TrainingSettings


@dataclasses.dataclass(frozen=True)
class PictureSettings:
    """The pictures of the corpus."""

    pictures: Annotated[int, AtLeast(10)] = 120
    """Number of pictures that are drawn."""


@dataclasses.dataclass(frozen=True)
class SizeSettings:
    """How pictures are converted to arrays."""

    size: Annotated[int, AtLeast(1)] = 8
    """They are scaled to squares of so many pixels."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can be set."""

    corpus: PictureSettings = PictureSettings()
    pictures: SizeSettings = SizeSettings()
    training: TrainingSettings = TrainingSettings(
        epochs=20, min_steps=1, batch_size=16, learning_rate=0.02, evaluations=4
    )
    run: RunSettings = RunSettings()
