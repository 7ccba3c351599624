"""Translations beside their sources and references, what they share with these in colour."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pipeline.report.page import Section, Span, Table

if TYPE_CHECKING:
    from pipeline.evaluation.translation import Sample, TranslationMetrics

_MOST_CHARACTERS = 400  # of a sentence
_SHARED_TONE = 2  # green


def samples(metrics: TranslationMetrics) -> Section:
    """The worst, the middling and the best, three rows a sentence."""
    groups = (
        ("Worst by chrF · 가장 나쁜 번역", metrics.worst),
        ("In the middle · 중간", metrics.median),
        ("Best by chrF · 가장 좋은 번역", metrics.best),
    )
    columns = ("sentence · 문장", "")
    tables = [
        Table(
            columns,
            [row for sample in chosen for row in _rows(sample)],
            caption=caption,
            prose=True,
        )
        for caption, chosen in groups
        if chosen
    ]
    return Section(
        "Samples · 번역 예문",
        [
            "Each source above its reference and what the model wrote. Marked: words that stand in "
            "the reference too, in the same order. chrF is of that sentence alone."
        ],
        tables=tables,
    )


def _rows(sample: Sample) -> list[tuple]:
    said = f"translation · 번역 — chrF {sample.chrf:.1f}"
    if sample.score is not None:
        said += f", score {sample.score:.2f}"
    return [
        (shortened(sample.source), f"source · 원문 — sentence {sample.index + 1:,}"),
        (shortened(sample.reference), "reference · 참조"),
        (shared_words(shortened(sample.translation), sample.reference), said),
    ]


def shared_words(translation: str, reference: str) -> list[Span]:
    """The translation, with stretches of words marked that the reference has in the same order."""
    words, wanted = translation.split(), reference.split()
    if not words:
        return [Span("(empty · 빈 번역)")]
    blocks = difflib.SequenceMatcher(None, words, wanted, autojunk=False).get_matching_blocks()
    spans, at = [], 0
    for block in blocks:
        plain, shared = words[at : block.a], words[block.a : block.a + block.size]
        at = block.a + block.size
        spans += [Span(" ".join(plain))] if plain else []
        spans += [Span(" ".join(shared), "", _SHARED_TONE)] if shared else []
    return [part for span in spans for part in (Span(" "), span)][1:]


def shortened(text: str) -> str:
    """A sentence as it stands in a table: of a very long one the beginning."""
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"
