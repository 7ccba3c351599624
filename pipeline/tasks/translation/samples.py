"""Sample translations with their sources and references; common words are marked."""

from __future__ import annotations

import dataclasses
import difflib
from typing import TYPE_CHECKING

from pipeline.report.filters import cut
from pipeline.report.page import MarkedSpan

if TYPE_CHECKING:
    from pipeline.evaluation.translation import SampleTranslation

_MAX_CHARACTERS = 400  # of a sentence
_SHARED_TONE = 2  # green


@dataclasses.dataclass(frozen=True)
class ShownSample:
    """A test sentence for a table; very long texts are shortened.

    Attributes:
        number: of the sentence in the test set, from 1.
        source, reference: texts.
        translation: with words of the reference marked; empty for an empty one.
        chrf: of this sentence.
        score: of the decoder for its translation, if known.
    """

    number: int
    source: str
    reference: str
    translation: list[MarkedSpan]
    chrf: float
    score: float | None


def shown_sample(sample: SampleTranslation) -> ShownSample:
    """Marks the words that the translation shares with its reference."""
    return ShownSample(
        sample.index + 1,
        shortened(sample.source),
        shortened(sample.reference),
        shared_words(shortened(sample.translation), sample.reference),
        sample.chrf,
        sample.score,
    )


def shared_words(translation: str, reference: str) -> list[MarkedSpan]:
    """The translation; words that the reference has in the same order are marked."""
    words, wanted = translation.split(), reference.split()
    blocks = difflib.SequenceMatcher(None, words, wanted, autojunk=False).get_matching_blocks()
    spans, at = [], 0
    for block in blocks:
        plain, shared = words[at : block.a], words[block.a : block.a + block.size]
        at = block.a + block.size
        spans += [MarkedSpan(" ".join(plain))] if plain else []
        spans += [MarkedSpan(" ".join(shared), "", _SHARED_TONE)] if shared else []
    return [part for span in spans for part in (MarkedSpan(" "), span)][1:]


def shortened(text: str) -> str:
    """The beginning of a very long sentence; others as they are."""
    return cut(text, _MAX_CHARACTERS)
