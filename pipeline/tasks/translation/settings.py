"""Settings of the translation task."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.corpora.settings import PairCorpusSettings
from pipeline.models.search_settings import SearchSettings
from pipeline.models.settings import TranslatorSettings
from pipeline.ranges import AtLeast
from pipeline.tasks.base import RunSettings
from pipeline.text.settings import PairTextSettings
from pipeline.training.settings import (
    BatchSettings,
    ScheduledSamplingSettings,
    TrainingSettings,
)

_EXAMPLES = {"ko": "톰은 외로워 보였어.", "en": "Tom looked lonely."}
"""Source language -> an example sentence."""


@dataclasses.dataclass(frozen=True)
class PairSubwordSettings:
    """Subword regularisation."""

    subword_sampling: Annotated[float, AtLeast(0)] = 0.2
    """In training, sentences are cut anew in each epoch: with sentencepiece this is the smoothing
    alpha of sampled segmentations (Kudo 2018), with wordpiece the probability that a longest match
    is refused (MaxMatch-Dropout, Hiraoka 2022). 0 always cuts the same way."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can be set for the translation task."""

    corpus: PairCorpusSettings = PairCorpusSettings()
    text: PairTextSettings = PairTextSettings()
    subwords: PairSubwordSettings = PairSubwordSettings()
    model: TranslatorSettings = TranslatorSettings(embedding_dropout=0.3, state_dropout=0.3)
    training: TrainingSettings = TrainingSettings(
        epochs=30,
        min_steps=900,
        batch_size=64,
        learning_rate=2e-3,
        label_smoothing=0.1,
        evaluations=12,
        patience=5,
    )
    batches: BatchSettings = BatchSettings()
    sampling: ScheduledSamplingSettings = ScheduledSamplingSettings()
    search: SearchSettings = SearchSettings()
    run: RunSettings = RunSettings()

    @property
    def source_language(self) -> str:
        return self.corpus.direction.split("-")[0]

    @property
    def target_language(self) -> str:
        return self.corpus.direction.split("-")[1]


def example(settings: Settings) -> str:
    """An example sentence in the source language."""
    return _EXAMPLES[settings.source_language]


TINY = Settings(
    corpus=PairCorpusSettings(corpus="sample"),
    text=PairTextSettings(vocabulary_size=600),
    model=TranslatorSettings(units=48, layers=1, embedding_size=48),
    training=TrainingSettings(
        epochs=3, min_steps=1, batch_size=32, learning_rate=0.01, evaluations=1
    ),
    search=SearchSettings(beam_size=2),
)
