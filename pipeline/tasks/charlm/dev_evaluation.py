"""Evaluates a language model on dev during training: scores, and samples of its text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.evaluation.character_scores import score_characters
from pipeline.models.generate import Generate, continue_texts
from pipeline.models.generation_settings import GenerationSettings
from pipeline.models.unit_losses import UnitLosses, unit_losses
from pipeline.text.characters import Characters, lengths_of, normalize_lines

if TYPE_CHECKING:
    import keras

TEMPERATURES = (0.5, 0.8, 1.0)
LENGTH = 300
"""Number of characters of a sample."""
_PROMPT = 30


class CharacterDevEvaluation:
    """The function `evaluate` of a `TrainingPlan`.

    At each evaluation and temperature the sample continues the first words of dev.

    Args:
        language_model: a model of `pipeline.models.language_model.language_model`; the weights are
            shared.
        characters: the alphabet it was trained with.
        texts, ends: the documents of dev, from `corpora.running.documents.from_frame`.
        generate: how samples are drawn; None: from all characters at each step.
    """

    def __init__(
        self,
        language_model: keras.Model,
        characters: Characters,
        texts: Sequence[str],
        ends: Sequence[bool],
        generate: Generate | None = None,
    ):
        self.characters, self.rows = characters, characters.encode_documents(texts, ends)
        self.lengths = lengths_of(texts, ends)
        self.scorer = UnitLosses(language_model)
        self.generate = generate or Generate(language_model, GenerationSettings())
        self.prompt = prompt_of(texts[0])

    def __call__(self, model: keras.Model) -> dict[str, float | str]:
        """{"log_probability": nats per character, higher is better; "loss", in nats per unit;
        "bits_per_character", "bits_per_byte": as in `CharacterScores`; "sample": Markdown}."""
        nats = unit_losses(self.scorer, self.rows)
        scores = score_characters(nats, self.rows, *self.lengths)
        return {
            "log_probability": -scores.nats_per_character,
            "loss": scores.loss,
            "bits_per_character": scores.bits_per_character,
            "bits_per_byte": scores.bits_per_byte,
            "sample": self.sample(),
        }

    def sample(self) -> str:
        """One text for each temperature, literal in Markdown."""
        parts = []
        for temperature in TEMPERATURES:
            (text,) = continue_texts(
                self.generate,
                self.characters,
                [self.prompt],
                length=LENGTH,
                temperature=temperature,
            )
            # Indented text is shown literally, line by line.
            lines = "\n".join(f"    {line}" for line in text.split("\n"))
            parts.append(f"temperature · 온도 {temperature:g}\n\n{lines}")
        return "\n\n".join(parts)


def prompt_of(text: str) -> str:
    """The first words of a text: of its first line that has any, cut behind a word."""
    line = next((line for line in normalize_lines(text).split("\n") if line), "")
    if len(line) <= _PROMPT:
        return line
    return line[:_PROMPT].rpartition(" ")[0] or line[:_PROMPT]
