"""Settings of the captioning task."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from pipeline.corpora.settings import CaptionCorpusSettings
from pipeline.models.search_settings import CaptionSearchSettings
from pipeline.models.settings import CaptionerSettings
from pipeline.ranges import AtLeast
from pipeline.tasks.base import RunSettings
from pipeline.text.settings import CaptionTextSettings
from pipeline.training.settings import ScheduledSamplingSettings, TrainingSettings


@dataclasses.dataclass(frozen=True)
class CaptionBatchSettings:
    """How captions are grouped into batches."""

    captions_together: Annotated[int, AtLeast(1)] = 5
    """Maximum number of captions of one picture in a batch; its features are computed once for all
    of them."""


@dataclasses.dataclass(frozen=True)
class CaptionLanguageSettings:
    """Options for asking the exported model."""

    language: Literal["", "ko", "en"] = ""
    """Language of the caption, if the model has learnt both. Default: the language with the most
    captions in training."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can be set for the captioning task."""

    corpus: CaptionCorpusSettings = CaptionCorpusSettings()
    text: CaptionTextSettings = CaptionTextSettings()
    model: CaptionerSettings = CaptionerSettings()
    training: TrainingSettings = TrainingSettings(
        epochs=10,
        min_steps=900,
        batch_size=100,
        learning_rate=2e-3,
        label_smoothing=0.1,
        evaluations=10,
        patience=3,
    )
    batches: CaptionBatchSettings = CaptionBatchSettings()
    sampling: ScheduledSamplingSettings = ScheduledSamplingSettings()
    search: CaptionSearchSettings = CaptionSearchSettings()
    run: RunSettings = RunSettings()


TINY = Settings(
    corpus=CaptionCorpusSettings(scenes=60),
    text=CaptionTextSettings(vocabulary_size=120),
    model=CaptionerSettings(units=48, embedding_size=32),
    training=TrainingSettings(
        epochs=8, min_steps=1, batch_size=32, learning_rate=0.01, evaluations=2
    ),
    search=CaptionSearchSettings(beam_size=2, longest_caption=20),
)
