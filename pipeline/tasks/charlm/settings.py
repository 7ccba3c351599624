"""Settings of the character language model."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.corpora.settings import CONSTITUTION, TextCorpusSettings
from pipeline.models.generation_settings import MAX_LENGTH, GenerationSettings
from pipeline.models.settings import LanguageModelSettings
from pipeline.ranges import AtLeast, Between
from pipeline.tasks.base import RunSettings
from pipeline.text.settings import CharacterSettings
from pipeline.training.settings import TrainingSettings, TruncationSettings

_EXAMPLES = {CONSTITUTION: "모든 국민은", "shakespeare": "ROMEO:"}
"""Corpus -> an example prompt."""
_LANGUAGES = {"shakespeare": "en"}
"""Corpus -> its language, where it is not Korean."""


@dataclasses.dataclass(frozen=True)
class ContinuationSettings:
    """Options for asking the exported model."""

    length: Annotated[int, Between(1, MAX_LENGTH)] = 200
    """Number of characters to write after the prompt."""
    temperature: Annotated[float, AtLeast(0)] = 0.8
    """Sampling temperature. Below 1 probable characters are preferred, 0 always takes the most
    probable one; above 1 the text becomes more surprising."""
    seed: Annotated[int, AtLeast(0)] = 1
    """Random seed: the same seed gives the same text."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can be set for the character language model."""

    corpus: TextCorpusSettings = TextCorpusSettings()
    text: CharacterSettings = CharacterSettings()
    model: LanguageModelSettings = LanguageModelSettings(embedding_dropout=0.2, state_dropout=0.5)
    training: TrainingSettings = TrainingSettings(
        epochs=10,
        min_steps=300,
        batch_size=32,
        learning_rate=4e-3,
        evaluations=10,
        patience=3,
    )
    truncation: TruncationSettings = TruncationSettings()
    generation: GenerationSettings = GenerationSettings()
    run: RunSettings = RunSettings()


def example(settings: Settings) -> str:
    """An example prompt, in the language of the corpus if that is known."""
    return _EXAMPLES.get(settings.corpus.corpus, _EXAMPLES[CONSTITUTION])


def language(settings: Settings) -> str:
    """ISO 639-1 code of the language of the corpus."""
    return _LANGUAGES.get(settings.corpus.corpus, "ko")


TINY = Settings(
    model=LanguageModelSettings(units=64, embedding_size=32),
    training=TrainingSettings(
        epochs=4, min_steps=1, batch_size=16, learning_rate=0.01, evaluations=2
    ),
    truncation=TruncationSettings(window=64),
)
