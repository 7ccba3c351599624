"""Settings of the sentiment task."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.corpora.settings import CorpusSettings
from pipeline.models.settings import ClassifierSettings
from pipeline.ranges import Share
from pipeline.tasks.base import RunSettings
from pipeline.text.settings import TextSettings
from pipeline.training.settings import BatchSettings, DistillationSettings, TrainingSettings


@dataclasses.dataclass(frozen=True)
class SubwordSettings:
    """Subword regularisation."""

    subword_dropout: Annotated[float, Share] = 0.15
    """In training, a longest match is refused this often, so that words are seen cut in several
    ways (MaxMatch-Dropout, Hiraoka 2022); with sentencepiece the smoothing alpha of sampled
    segmentations (Kudo 2018). 0 always cuts the same way."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can be set for the sentiment task."""

    corpus: CorpusSettings = CorpusSettings()
    text: TextSettings = TextSettings()
    subwords: SubwordSettings = SubwordSettings()
    model: ClassifierSettings = ClassifierSettings()
    training: TrainingSettings = TrainingSettings()
    batches: BatchSettings = BatchSettings(length_jitter=2)
    distillation: DistillationSettings = DistillationSettings()
    run: RunSettings = RunSettings()


TINY = Settings(
    corpus=CorpusSettings(corpus="sample"),
    model=ClassifierSettings(units=16, embedding_size=32, embedding_dropout=0.2),
    training=TrainingSettings(
        epochs=3, min_steps=1, batch_size=32, learning_rate=0.01, evaluations=3
    ),
)
