"""Settings of the ner task."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.corpora.settings import EntityCorpusSettings, TeacherSettings
from pipeline.models.settings import FineTuningSettings, StartSettings, TaggerSettings
from pipeline.ranges import Share
from pipeline.tasks.base import RunSettings
from pipeline.text.settings import SyllableSettings
from pipeline.training.settings import AdversarialSettings, BatchSettings, TrainingSettings


@dataclasses.dataclass(frozen=True)
class MentionSettings:
    """Data augmentation by replacing entities."""

    mention_replacement: Annotated[float, Share] = 0.4
    """In training, this share of the entities is replaced by others of the same kind, chosen anew
    in each epoch (mention replacement, Dai and Adel 2020). 0 leaves the text as it is."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can be set for the ner task."""

    corpus: EntityCorpusSettings = EntityCorpusSettings()
    teachers: TeacherSettings = TeacherSettings()
    text: SyllableSettings = SyllableSettings()
    start: StartSettings = StartSettings(encoder="bundled")
    mentions: MentionSettings = MentionSettings()
    model: TaggerSettings = TaggerSettings(units=96)
    training: TrainingSettings = TrainingSettings(
        epochs=6, min_steps=600, batch_size=64, evaluations=8
    )
    fine_tuning: FineTuningSettings = FineTuningSettings()
    adversarial: AdversarialSettings = AdversarialSettings(adversarial_size=0.3)
    batches: BatchSettings = BatchSettings(length_jitter=2)
    run: RunSettings = RunSettings()


TINY = Settings(
    corpus=EntityCorpusSettings(corpus="sample"),
    start=StartSettings(encoder="none"),
    model=TaggerSettings(units=24, layers=1, embedding_size=32, ngram_size=16),
    adversarial=AdversarialSettings(),
    training=TrainingSettings(
        epochs=6, min_steps=1, batch_size=16, learning_rate=0.01, evaluations=3
    ),
)
