"""Translations beside their sources and references, what they share with these in colour."""

from __future__ import annotations

import dataclasses
import difflib
from typing import TYPE_CHECKING

from pipeline.report.filters import cut
from pipeline.report.page import MarkedSpan

if TYPE_CHECKING:
    from pipeline.evaluation.translation import SampleTranslation

_MOST_CHARACTERS = 400  # of a sentence
_SHARED_TONE = 2  # green


@dataclasses.dataclass(frozen=True)
class ShownSample:
    """A test sentence as a table shows it; of very long texts the beginning.

    Attributes:
        number: of the sentence in the test set, from 1.
        source, reference: texts.
        translation: with what the reference has too marked; empty for none.
        chrf: of this sentence.
        score: what the decoder said of its translation, if that is known.
    """

    number: int
    source: str
    reference: str
    translation: list[MarkedSpan]
    chrf: float
    score: float | None


def shown_sample(sample: SampleTranslation) -> ShownSample:
    """Marks what the translation shares with its reference."""
    return ShownSample(
        sample.index + 1,
        shortened(sample.source),
        shortened(sample.reference),
        shared_words(shortened(sample.translation), sample.reference),
        sample.chrf,
        sample.score,
    )


def shared_words(translation: str, reference: str) -> list[MarkedSpan]:
    """The translation, with stretches of words marked that the reference has in the same order."""
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
    """A sentence as it stands in a table: of a very long one the beginning."""
    return cut(text, _MOST_CHARACTERS)
