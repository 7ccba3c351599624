"""Metrics for any model that turns sentences into sentences."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
from sacrebleu.metrics import CHRF

from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.evaluation.translation_scores import (
    LONG,
    LengthBucket,
    Repetition,
    SentenceCounts,
    bleu_interval,
    bleu_metric,
    reference_streams,
    repetition,
    scores_in_length_buckets,
)

_SAMPLES = 10  # of each of best, median and worst
_HEADLINE_ORDER = 2  # repetition of pairs of words


@dataclasses.dataclass(frozen=True)
class SampleTranslation:
    """One test sentence with its translation; `score` is the score of the decoder, if known. Of
    several references it has the one with the best chrF."""

    index: int
    source: str
    reference: str
    translation: str
    chrf: float
    score: float | None


@dataclasses.dataclass(frozen=True)
class Losses:
    """Mean negative log probability of the references, in nats per target piece.

    Attributes:
        teacher_forced: each piece predicted after the reference's own pieces.
        free_running: each piece predicted after as many pieces of the model's own greedy choice;
            the gap between them holds what a model pays for never having seen its own mistakes
            (exposure bias). `pipeline.models.reference_losses` tells exactly.
    """

    teacher_forced: float
    free_running: float


@dataclasses.dataclass(frozen=True)
class TranslationMetrics:
    """The metrics of translations of a test set.

    Attributes:
        count: sentences in the test set.
        bleu: corpus BLEU by sacreBLEU, 0 to 100.
        bleu_low, bleu_high: its 95 % interval over redrawn test sets.
        bleu_signature: how it was counted; compare figures of equal signatures only.
        bleu_precisions: of 1-grams to 4-grams, 0 to 100.
        brevity_penalty: 0 to 1; 1 where the translations are as long as the references.
        chrf: corpus chrF2 by sacreBLEU, 0 to 100; blanks do not count.
        chrf_signature: how it was counted.
        length_ratio: words (BLEU's) of the translations / words of the references.
        repetition: share of word pairs that stood before in the same translation; see `Repetition`.
        repetition_by_order: the same for n-grams of 1 to 4 words, with the references' own.
        empty: translations without any visible character.
        exact: translations that are their reference (or one of several), word for word.
        copied: translations that are their source, word for word, where the reference is not.
        losses: teacher-forced and free-running; None where they were not measured.
        long: all sources of more than 15 pieces; None where there is none or no lengths were given.
        by_length: in buckets of source length, None where no lengths were given.
        best, median, worst: by sentence chrF, none in two of them; ten each at most.
    """

    count: int
    bleu: float
    bleu_low: float
    bleu_high: float
    bleu_signature: str
    bleu_precisions: tuple[float, ...]
    brevity_penalty: float
    chrf: float
    chrf_signature: str
    length_ratio: float
    repetition: float
    repetition_by_order: tuple[Repetition, ...]
    empty: int
    exact: int
    copied: int
    losses: Losses | None
    long: LengthBucket | None
    by_length: tuple[LengthBucket, ...] | None
    best: tuple[SampleTranslation, ...]
    median: tuple[SampleTranslation, ...]
    worst: tuple[SampleTranslation, ...]

    @property
    def summary(self) -> str:
        """One line for the terminal."""
        return (
            f"test BLEU {self.bleu:.2f} (95 % interval {self.bleu_low:.1f} to "
            f"{self.bleu_high:.1f}; {self.bleu_signature}), chrF {self.chrf:.2f} "
            f"({self.chrf_signature}), on {counted(self.count, 'sentence')}"
        )

    def to_json(self) -> dict:
        """Plain dicts, lists, strings, numbers and None, headline figures first."""
        headline = {
            "summary": self.summary,
            **{name: getattr(self, name) for name in ("bleu", "chrf", "length_ratio")},
            "repetition": self.repetition,
        }
        # JSON has no tuples: what comes back is what a reader of the file gets
        return headline | json.loads(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def from_json(cls, value: Mapping) -> TranslationMetrics:
        """Reads what `to_json` wrote, to compare runs."""
        of = {
            "repetition_by_order": Repetition,
            "by_length": LengthBucket,
            **dict.fromkeys(("best", "median", "worst"), SampleTranslation),
        }
        fields = {field.name: value[field.name] for field in dataclasses.fields(cls)}
        for name, kind in of.items():
            if fields[name] is not None:
                fields[name] = tuple(kind(**row) for row in fields[name])
        for name, kind in (("losses", Losses), ("long", LengthBucket)):
            if fields[name] is not None:
                fields[name] = kind(**fields[name])
        return cls(**fields | {"bleu_precisions": tuple(fields["bleu_precisions"])})


def evaluate_translations(
    sources: Sequence[str],
    references: Sequence[str],
    translations: Sequence[str],
    scores: Sequence[float] | None = None,
    source_lengths: Sequence[int] | None = None,
    losses: Mapping[str, float] | None = None,
    target_tokenizer: str = "13a",
    other_references: Sequence[Sequence[str]] = (),
) -> TranslationMetrics:
    """Measures a translator on a test set.

    Args:
        sources, references, translations: n sentences each, detokenised.
        scores: float [n], the decoder's length-normalised log probabilities.
        source_lengths: int [n], pieces in each source, without the frame. None leaves out
            `by_length` and `long`.
        losses: {"teacher_forced": ..., "free_running": ...}, see `Losses`.
        target_tokenizer: what BLEU counts as a word, `TARGET_TOKENIZERS[language]`.
        other_references: second references, third ones and so on, n each; "" where a sentence has
            none. BLEU and chrF count all of them, as sacreBLEU does.

    Raises:
        UserError: there is no sentence to measure on, or the tokenizer cannot be had.
        ValueError: the arguments do not belong together.
    """
    _check(sources, references, translations, scores, source_lengths, other_references)
    bleu, chrf = bleu_metric(target_tokenizer), CHRF()
    streams = reference_streams(references, other_references)
    over_all = bleu.corpus_score(translations, streams)
    chrf_over_all = chrf.corpus_score(translations, streams)
    counts = SentenceCounts.of(translations, references, target_tokenizer, other_references)
    wanted = [set(filter(None, texts)) | {texts[0]} for texts in zip(*streams, strict=True)]
    low, high = bleu_interval(counts.bleu)
    lengths = None if source_lengths is None else np.asarray(source_lengths)
    is_long = None if lengths is None else lengths > LONG
    repeated = repetition(translations, references, target_tokenizer)
    nearest = _nearest(translations, references, other_references)
    best, median, worst = _samples(sources, nearest, translations, counts.chrf, scores)
    return TranslationMetrics(
        count=len(sources),
        bleu=over_all.score,
        bleu_low=low,
        bleu_high=high,
        bleu_signature=str(bleu.get_signature()),
        bleu_precisions=tuple(over_all.precisions),
        brevity_penalty=over_all.bp,
        chrf=chrf_over_all.score,
        chrf_signature=str(chrf.get_signature()),
        length_ratio=float(over_all.ratio),
        repetition=repeated[_HEADLINE_ORDER - 1].translations,
        repetition_by_order=repeated,
        empty=sum(not text.strip() for text in translations),
        exact=sum(text in texts for text, texts in zip(translations, wanted, strict=True)),
        copied=sum(
            source == text and text not in texts
            for source, text, texts in zip(sources, translations, wanted, strict=True)
        ),
        losses=None if losses is None else Losses(**losses),
        long=LengthBucket.of(LONG + 1, None, counts, is_long)
        if is_long is not None and is_long.any()
        else None,
        by_length=None if lengths is None else scores_in_length_buckets(counts, lengths),
        best=best,
        median=median,
        worst=worst,
    )


def _nearest(
    translations: Sequence[str],
    references: Sequence[str],
    other_references: Sequence[Sequence[str]],
) -> list[str]:
    """For each sentence the reference with the best chrF."""
    if not other_references:
        return list(references)
    chrf = CHRF()
    return [
        max(
            (several[0], *filter(None, several[1:])),
            key=lambda reference: chrf.sentence_score(text, [reference]).score,
        )
        for text, *several in zip(translations, references, *other_references, strict=True)
    ]


def _samples(sources, references, translations, chrf: np.ndarray, scores):
    """The best, median and worst translations, at most ten each; of equal scores the longest.

    The worst come from the lower third, and none of their translations twice while there are
    others: a model that fails often fails with the same words, or with none.
    """
    first: dict[tuple[str, str], int] = {}
    for i, pair in enumerate(zip(sources, translations, strict=True)):
        first.setdefault(pair, i)
    ranked = sorted(first.values(), key=lambda i: (-chrf[i], -len(references[i]), i))
    n = len(ranked)
    most = min(_SAMPLES, math.ceil(n / 3))
    lower = max(math.ceil(2 * n / 3), most)
    start = max((n - most) // 2, most)
    poor = sorted(ranked[lower:], key=lambda i: (chrf[i], -len(references[i]), i))
    different = {translations[i]: i for i in reversed(poor)}
    distinct = [i for i in poor if different[translations[i]] == i]
    repeats = [i for i in poor if different[translations[i]] != i]
    chosen = set((distinct + repeats)[:most])
    worst = [i for i in poor if i in chosen]

    def shown(indices: Sequence[int]) -> tuple[SampleTranslation, ...]:
        return tuple(
            SampleTranslation(
                i,
                sources[i],
                references[i],
                translations[i],
                float(chrf[i]),
                None if scores is None else float(scores[i]),
            )
            for i in indices
        )

    return shown(ranked[:most]), shown(ranked[start : min(start + most, lower)]), shown(worst)


def _check(sources, references, translations, scores, source_lengths, other_references) -> None:
    n = len(sources)
    if not n:
        raise UserError("the test split is empty", remedy="give a corpus with more sentence pairs")
    others = {
        "references": references,
        "translations": translations,
        "scores": scores,
        "source_lengths": source_lengths,
        **{f"references {number}": texts for number, texts in enumerate(other_references, 2)},
    }
    for name, values in others.items():
        if values is not None and len(values) != n:
            raise ValueError(f"{len(values)} {name} for {n} sources")
