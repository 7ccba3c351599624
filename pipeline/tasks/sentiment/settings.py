"""Settings of the sentiment task."""

from __future__ import annotations

import dataclasses

from pipeline.corpora.settings import CorpusSettings, TeacherSettings
from pipeline.models.settings import ClassifierSettings, FineTuningSettings, StartSettings
from pipeline.tasks.base import RunSettings
from pipeline.text.settings import SubwordSettings, TextSettings
from pipeline.training.settings import (
    AdversarialSettings,
    BatchSettings,
    DistillationSettings,
    TrainingSettings,
)
from pipeline.training.small_corpora import SmallCorpusSettings


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can be set for the sentiment task."""

    corpus: CorpusSettings = CorpusSettings()
    teachers: TeacherSettings = TeacherSettings()
    text: TextSettings = TextSettings()
    start: StartSettings = StartSettings(encoder="bundled")
    subwords: SubwordSettings = SubwordSettings()
    model: ClassifierSettings = ClassifierSettings()
    training: TrainingSettings = TrainingSettings(epochs=4, learning_rate=2.5e-3)
    fine_tuning: FineTuningSettings = FineTuningSettings()
    adversarial: AdversarialSettings = AdversarialSettings(adversarial_size=0.3)
    batches: BatchSettings = BatchSettings(length_jitter=4)
    small_corpora: SmallCorpusSettings = SmallCorpusSettings()
    distillation: DistillationSettings = DistillationSettings()
    run: RunSettings = RunSettings()


TINY = Settings(
    corpus=CorpusSettings(corpus="sample"),
    start=StartSettings(encoder="none"),
    model=ClassifierSettings(units=16, embedding_size=32, embedding_dropout=0.2),
    training=TrainingSettings(
        epochs=3, min_steps=1, batch_size=32, learning_rate=0.01, evaluations=3
    ),
    adversarial=AdversarialSettings(),
)
