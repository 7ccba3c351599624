"""Settings of the encoder task."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.corpora.settings import UnlabelledCorpusSettings
from pipeline.models.settings import EncoderSettings
from pipeline.ranges import AtLeast
from pipeline.tasks.base import RunSettings
from pipeline.text.settings import EncoderTextSettings, SubwordSettings
from pipeline.training.settings import BatchSettings, TrainingSettings


@dataclasses.dataclass(frozen=True)
class SoftmaxSettings:
    """How the softmax over the vocabulary is computed in training."""

    softmax_samples: Annotated[int, AtLeast(0)] = 1000
    """Number of pieces sampled for each batch in training instead of the whole vocabulary (sampled
    softmax); 0 takes the whole vocabulary."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can be set for the encoder task."""

    corpus: UnlabelledCorpusSettings = UnlabelledCorpusSettings()
    text: EncoderTextSettings = EncoderTextSettings()
    subwords: SubwordSettings = SubwordSettings(subword_dropout=0.1)
    model: EncoderSettings = EncoderSettings()
    softmax: SoftmaxSettings = SoftmaxSettings()
    training: TrainingSettings = TrainingSettings(
        epochs=3,
        min_steps=1000,
        batch_size=256,
        learning_rate=2e-3,
        warmup_share=0.02,
        weight_averaging=0.0,
        evaluations=12,
        checkpoint_seconds=60.0,
    )
    batches: BatchSettings = BatchSettings(length_jitter=4)
    run: RunSettings = RunSettings()


TINY = Settings(
    corpus=UnlabelledCorpusSettings(corpus="sample"),
    text=EncoderTextSettings(vocabulary_size=1000),
    model=EncoderSettings(units=24, embedding_size=16),
    softmax=SoftmaxSettings(softmax_samples=200),
    training=TrainingSettings(
        epochs=2,
        min_steps=1,
        batch_size=32,
        learning_rate=0.01,
        weight_averaging=0.0,
        evaluations=2,
    ),
)
