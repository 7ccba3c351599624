"""Several translators on one test set: what the page says that sets them side by side."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.evaluation.translation_scores import (
    LONG,
    LengthBucket,
    SentenceCounts,
    bleu_of,
    by_length,
    paired_bootstrap,
    undefined,
)
from pipeline.report.page import Card, ReportContent, Section, Table
from pipeline.tasks.translation.length_curve import LENGTH_EXPLAINED, as_number, length_picture
from pipeline.tasks.translation.report import DIRECTIONS
from pipeline.tasks.translation.samples import shared_words, shortened

if TYPE_CHECKING:
    from pipeline.evaluation.translation import TranslationMetrics

_SENTENCES = 5
"""On which a model does better than the others, shown of each model."""


@dataclasses.dataclass(frozen=True)
class Compared:
    """One translator and what it made of the test set.

    Attributes:
        name: of its run.
        shape: of the model, in a few words.
        facts: what is known of it besides its scores -> that, as written; the same names in the
            same order for all that are compared.
        settings: name -> value, for what differs.
        metrics: what its run measured.
        translations: of every test source, in their order.
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
    """What all of them translated: n sentences.

    Attributes:
        title: of the corpus.
        direction: "ko-en" or "en-ko".
        sources, references: n sentences each.
        lengths: int [n], pieces in each source.
        further: second references, third ones and so on, n each, "" for none.
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


def side_by_side(models: Sequence[Compared], test: TestSet) -> dict[str, list[str]]:
    """What was measured -> that of each model, as written, in the order of the models."""
    facts = {name: [model.facts[name] for model in models] for name in models[0].facts}
    measured = [model.metrics for model in models]
    losses = [metrics.losses for metrics in measured]
    scores = {
        "test BLEU": [f"{m.bleu:.2f}" for m in measured],
        "95% interval": [f"{m.bleu_low:.1f}–{m.bleu_high:.1f}" for m in measured],
        "chrF": [f"{m.chrf:.2f}" for m in measured],
        f"BLEU over {LONG} pieces": [as_number(_long_bleu(model, test)) for model in models],
        "length ratio": [f"{m.length_ratio:.3f}" for m in measured],
        "repetition": [f"{m.repetition:.2%}" for m in measured],
        "forced loss": [as_number(found and found.teacher_forced, 3) for found in losses],
        "free loss": [as_number(found and found.free_running, 3) for found in losses],
    }
    return facts | scores


def comparison_content(
    models: Sequence[Compared], test: TestSet, warnings: Sequence[str] = ()
) -> ReportContent:
    """Puts the page together.

    Args:
        models: at least two, of different names, in the order in which they are to stand.
        test: what they translated.
        warnings: sentences that must not be missed.
    """
    return ReportContent(
        title="Translators side by side · 번역기 비교",
        subtitle=f"{', '.join(model.name for model in models)}; {DIRECTIONS[test.direction]}; "
        f"measured on {len(test.sources):,} test sentences of {test.title}.",
        warnings=tuple(warnings),
        cards=[_card(model, test) for model in models],
        sections=[
            _measured(models, test),
            _by_length(models, test),
            _differences(models, test),
            *_sentences(models, test),
            _settings(models),
        ],
    )


def _card(model: Compared, test: TestSet) -> Card:
    low, high = model.metrics.bleu_low, model.metrics.bleu_high
    return Card(
        f"{model.name} · BLEU",
        f"{model.metrics.bleu:.2f}",
        f"A {model.shape}. 95% interval {low:.1f}–{high:.1f}; on the {int(test.is_long.sum()):,} "
        f"sentences of more than {LONG} pieces {as_number(_long_bleu(model, test))}.",
    )


def _long_bleu(model: Compared, test: TestSet) -> float | None:
    counts = model.counts.bleu[test.is_long].sum(axis=0)
    return None if undefined(counts) or not counts[1] else bleu_of(counts)


def _measured(models: Sequence[Compared], test: TestSet) -> Section:
    columns = ("", *(model.name for model in models))
    rows = [(name, *values) for name, values in side_by_side(models, test).items()]
    signatures = {metrics.bleu_signature: None for metrics in (m.metrics for m in models)}
    return Section(
        "Measured · 측정 결과",
        [
            "The same test sentences for all of them. BLEU's intervals say how far it would move "
            "on other sentences of the kind; whether one model is better than another is told "
            "further down, where both are scored on the same redrawn sentences.",
            "Dev BLEU is of greedy translations of some of the dev sentences. Repetition: word "
            "pairs that the same translation had already. Forced loss: nats a piece after the "
            "reference's own pieces; free loss: after as many that the model chose.",
        ],
        tables=[
            Table(columns, rows, numeric=range(1, len(columns))),
            Table(("", ""), [("BLEU", s) for s in signatures], compact=True),
        ],
    )


def _by_length(models: Sequence[Compared], test: TestSet) -> Section:
    curves = {model.name: by_length(model.counts, test.lengths) for model in models}
    columns = ("pieces · 토큰 수", "sentences · 문장 수", *curves)
    rows = [
        (buckets[0].name, f"{buckets[0].count:,}", *map(_with_interval, buckets))
        for buckets in zip(*curves.values(), strict=True)
    ]
    return Section(
        "BLEU by source length · 원문 길이별 BLEU",
        LENGTH_EXPLAINED,
        [length_picture(curves)],
        [Table(columns, rows, numeric=range(1, len(columns)))],
    )


def _with_interval(bucket: LengthBucket) -> str:
    if bucket.bleu_low is None:
        return as_number(bucket.bleu)
    return f"{bucket.bleu:.2f} ({bucket.bleu_low:.1f}–{bucket.bleu_high:.1f})"


def _differences(models: Sequence[Compared], test: TestSet) -> Section:
    everything = np.ones(len(test.sources), bool)
    columns = ("models · 모델", "all sentences · 전체", f"over {LONG} pieces · 긴 문장")
    rows = [
        (
            f"{second.name} − {first.name}",
            *(_difference(second, first, chosen) for chosen in (everything, test.is_long)),
        )
        for first, second in itertools.combinations(models, 2)
    ]
    return Section(
        "Differences in BLEU · BLEU 차이",
        [
            "How much more BLEU the one has, with the 95% interval over test sets redrawn from the "
            "same sentences for both. An interval that holds 0 may be chance."
        ],
        tables=[Table(columns, rows, numeric=(1, 2))],
    )


def _difference(first: Compared, second: Compared, chosen: np.ndarray) -> str:
    sides = [model.counts.bleu[chosen] for model in (first, second)]
    sums = [side.sum(axis=0) for side in sides]
    if any(undefined(summed) or not summed[1] for summed in sums):
        return "—"
    low, high = paired_bootstrap(*sides)
    return f"{bleu_of(sums[0]) - bleu_of(sums[1]):+.2f} ({low:+.1f} to {high:+.1f})"


def differing(models: Sequence[Compared], test: TestSet) -> list[tuple[int, list[int]]]:
    """For each model the sentences on which it is furthest ahead of the worst, by sentence chrF.

    Returns:
        (number of a model, rows of the test set, those that differ most first), only where there
        are any. A sentence belongs to the first of those that are best on it; of one that stands
        in the test set several times one row is shown.
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


def _sentences(models: Sequence[Compared], test: TestSet) -> list[Section]:
    tables = [
        Table(
            ("sentence · 문장", ""),
            [cells for row in rows for cells in _sentence(models, test, row)],
            caption=f"Best: {models[number].name} · 가장 좋은 번역",
            prose=True,
        )
        for number, rows in differing(models, test)
    ]
    if not tables:
        return []
    return [
        Section(
            "Where they differ most · 가장 다른 문장",
            [
                "By the chrF of the sentence, best less worst. Marked: words that stand in the "
                "reference too, in the same order."
            ],
            tables=tables,
        )
    ]


def _sentence(models: Sequence[Compared], test: TestSet, row: int) -> list[tuple]:
    reference = test.references[row]
    where = f"sentence {row + 1:,}, {int(test.lengths[row])} pieces"
    said = [
        (
            shared_words(shortened(model.translations[row]), reference),
            f"{model.name} — chrF {model.counts.chrf[row]:.1f}",
        )
        for model in models
    ]
    return [
        (shortened(test.sources[row]), f"source · 원문 — {where}"),
        (shortened(reference), "reference · 참조"),
        *said,
    ]


def _settings(models: Sequence[Compared]) -> Section:
    names = dict.fromkeys(itertools.chain(*(model.settings for model in models)))
    values = {name: [str(model.settings.get(name, "—")) for model in models] for name in names}
    rows = [(name, *those) for name, those in values.items() if len(set(those)) > 1]
    columns = ("setting · 설정", *(model.name for model in models))
    return Section(
        "Settings that differ · 다른 설정",
        ["All others are the same." if rows else "None: what differs is chance."],
        tables=[Table(columns, rows)] if rows else [],
    )
