"""Compares several translators on one test set; the text of the page is in comparison.md.j2."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.evaluation.translation_scores import (
    LONG,
    SentenceCounts,
    bleu_of,
    paired_bootstrap,
    scores_in_length_buckets,
    undefined,
)
from pipeline.report import attention_pictures
from pipeline.report.document import document
from pipeline.report.filters import UNKNOWN, decimals
from pipeline.report.page import MarkedSpan, ReportContent
from pipeline.tasks.translation.report import DIRECTIONS
from pipeline.tasks.translation.samples import shared_words, shortened

if TYPE_CHECKING:
    from pipeline.evaluation.translation import TranslationMetrics

_SENTENCES = 5
"""Number of sentences shown for each model, on which it is better than the others."""


@dataclasses.dataclass(frozen=True)
class Compared:
    """One translator with its translations of the test set.

    Attributes:
        name: of its run.
        shape: architecture of the model, in a few words.
        facts: name -> value as text, besides its scores; the same names in the same order for all
            compared models.
        settings: name -> value, for what differs.
        metrics: of its run.
        translations: of all test sources, in order.
        counts: of these translations.
    """

    name: str
    shape: str
    facts: Mapping[str, str]
    settings: Mapping[str, object]
    metrics: TranslationMetrics
    translations: Sequence[str]
    counts: SentenceCounts


@dataclasses.dataclass(frozen=True)
class TestSet:
    """The test set that all models translated: n sentences.

    Attributes:
        title: of the corpus.
        direction: "ko-en" or "en-ko".
        sources, references: n sentences each.
        lengths: int [n], number of pieces in each source.
        further: lists of second references, third ones and so on, n each, "" for none.
    """

    __test__ = False  # of pytest's

    title: str
    direction: str
    sources: Sequence[str]
    references: Sequence[str]
    lengths: np.ndarray
    further: Sequence[Sequence[str]] = ()

    @property
    def is_long(self) -> np.ndarray:
        return self.lengths > LONG


def metrics_side_by_side(models: Sequence[Compared], test: TestSet) -> dict[str, list[str]]:
    """Name of a metric -> its value for each model, as text, in the order of the models."""
    facts = {name: [model.facts[name] for model in models] for name in models[0].facts}
    measured = [model.metrics for model in models]
    losses = [metrics.losses for metrics in measured]
    scores = {
        "test BLEU": [f"{m.bleu:.2f}" for m in measured],
        "95% interval": [f"{m.bleu_low:.1f}–{m.bleu_high:.1f}" for m in measured],
        "chrF": [f"{m.chrf:.2f}" for m in measured],
        f"BLEU over {LONG} pieces": [decimals(_long_bleu(model, test), 2) for model in models],
        "length ratio": [f"{m.length_ratio:.3f}" for m in measured],
        "repetition": [f"{m.repetition:.2%}" for m in measured],
        "forced loss": [decimals(found and found.teacher_forced, 3) for found in losses],
        "free loss": [decimals(found and found.free_running, 3) for found in losses],
    }
    return facts | scores


def comparison_content(
    models: Sequence[Compared], test: TestSet, warnings: Sequence[str] = ()
) -> ReportContent:
    """Makes the page.

    Args:
        models: at least two, with different names, in the order of the page.
        test: the test set.
        warnings: sentences that must not be missed.
    """
    curves = {model.name: scores_in_length_buckets(model.counts, test.lengths) for model in models}
    content = document(
        "tasks/translation/comparison.md.j2",
        names=[model.name for model in models],
        models=[(model, _long_bleu(model, test)) for model in models],
        test=test,
        direction=DIRECTIONS[test.direction],
        long=LONG,
        long_sentences=int(test.is_long.sum()),
        measured=metrics_side_by_side(models, test),
        signatures=list(dict.fromkeys(model.metrics.bleu_signature for model in models)),
        by_length=attention_pictures.bleu_by_length(curves),
        buckets_of_all=list(zip(*curves.values(), strict=True)),
        pairs=_pairs(models, test),
        sentences={
            models[number].name: [_sentence(models, test, row) for row in rows]
            for number, rows in differing(models, test)
        },
        settings=_differing_settings(models),
    )
    return dataclasses.replace(content, warnings=tuple(warnings))


def _long_bleu(model: Compared, test: TestSet) -> float | None:
    counts = model.counts.bleu[test.is_long].sum(axis=0)
    return None if undefined(counts) or not counts[1] else bleu_of(counts)


@dataclasses.dataclass(frozen=True)
class Difference:
    """The difference in BLEU between two translators.

    Attributes:
        bleu: BLEU of the first minus BLEU of the second.
        low, high: its 95% interval, by a paired bootstrap over sentences.
    """

    bleu: float
    low: float
    high: float

    @classmethod
    def of(cls, one: Compared, other: Compared, chosen: np.ndarray) -> Difference | None:
        """The difference on the sentences that are True in `chosen`, bool [n]; None if BLEU is
        undefined."""
        sides = [model.counts.bleu[chosen] for model in (one, other)]
        sums = [side.sum(axis=0) for side in sides]
        if any(undefined(summed) or not summed[1] for summed in sums):
            return None
        return cls(bleu_of(sums[0]) - bleu_of(sums[1]), *paired_bootstrap(*sides))


def _pairs(
    models: Sequence[Compared], test: TestSet
) -> list[tuple[str, str, list[Difference | None]]]:
    """The names of each pair of models, and their difference on all sentences and on long ones."""
    everything = np.ones(len(test.sources), bool)
    return [
        (
            second.name,
            first.name,
            [Difference.of(second, first, chosen) for chosen in (everything, test.is_long)],
        )
        for first, second in itertools.combinations(models, 2)
    ]


def differing(models: Sequence[Compared], test: TestSet) -> list[tuple[int, list[int]]]:
    """For each model the sentences on which it is best, and furthest from the worst, by chrF.

    Returns:
        (number of a model, rows of the test set, largest differences first), for models that have
        any. If several models are best on a sentence, it belongs to the first; a sentence that is
        in the test set several times is shown once.
    """
    scores = np.stack([model.counts.chrf for model in models])
    ahead, best = scores.max(axis=0) - scores.min(axis=0), scores.argmax(axis=0)
    order = sorted(np.flatnonzero(ahead > 0).tolist(), key=lambda row: (-ahead[row], row))
    first: dict[str, int] = {}
    for row in order:
        first.setdefault(test.sources[row], row)
    found = []
    for number in range(len(models)):
        rows = [row for row in first.values() if best[row] == number][:_SENTENCES]
        if rows:
            found.append((number, rows))
    return found


@dataclasses.dataclass(frozen=True)
class _Translation:
    """The translation of a sentence by a model; `words` is empty for an empty translation."""

    model: str
    words: list[MarkedSpan]
    chrf: float


@dataclasses.dataclass(frozen=True)
class _Sentence:
    """A sentence of the test set, its number from 1, and the translations of all models."""

    number: int
    pieces: int
    source: str
    reference: str
    translations: list[_Translation]


def _sentence(models: Sequence[Compared], test: TestSet, row: int) -> _Sentence:
    reference = test.references[row]
    return _Sentence(
        row + 1,
        int(test.lengths[row]),
        shortened(test.sources[row]),
        shortened(reference),
        [
            _Translation(
                model.name,
                shared_words(shortened(model.translations[row]), reference),
                float(model.counts.chrf[row]),
            )
            for model in models
        ],
    )


def _differing_settings(models: Sequence[Compared]) -> dict[str, list[str]]:
    """Setting -> its value in each model, for settings that differ."""
    names = dict.fromkeys(itertools.chain(*(model.settings for model in models)))
    values = {name: [str(model.settings.get(name, UNKNOWN)) for model in models] for name in names}
    return {name: those for name, those in values.items() if len(set(those)) > 1}
