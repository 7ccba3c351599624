"""Precision, recall and F1 from counts: of entities, and of the characters in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from pipeline.corpora.annotated.entities import Entity

RESAMPLES = 1000
SEED = 20010
_MAX_DRAWS = 4_000_000  # counts drawn at a time; 32 MB


@dataclasses.dataclass(frozen=True)
class EntityScores:
    """Precision, recall and F1 of one group of entities.

    A share of nothing is 0, as with `zero_division=0` in scikit-learn and seqeval.

    Attributes:
        name: what the group is.
        gold, predicted, right: entities (or characters); `gold` is also called support.
        precision: right / predicted.
        recall: right / gold.
        f1: 2 right / (gold + predicted).
        low, high: 95 % interval of F1; None where none was drawn.
    """

    name: str
    gold: int
    predicted: int
    right: int
    precision: float
    recall: float
    f1: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(
        cls, name: str, counts: Sequence[int], interval: tuple[float, float] | None = None
    ) -> EntityScores:
        """Computes the scores from the counts (gold, predicted, right)."""
        gold, predicted, right = (int(count) for count in counts)
        return cls(
            name,
            gold,
            predicted,
            right,
            right / predicted if predicted else 0.0,
            right / gold if gold else 0.0,
            float(f1(np.array(counts))),
            *(interval or (None, None)),
        )


def f1(counts: np.ndarray) -> np.ndarray:
    """F1 of counts [..., 3] (gold, predicted, right); 0 where there is neither."""
    counts = np.asarray(counts, np.float64)
    both = counts[..., 0] + counts[..., 1]
    return np.divide(2 * counts[..., 2], both, out=np.zeros_like(both), where=both > 0)


def macro_f1(counts: np.ndarray) -> float:
    """Mean F1 over the groups of counts [groups, 3] that occur as gold or as prediction."""
    occurring = counts[:, 0] + counts[:, 1] > 0
    return float(f1(counts[occurring]).mean()) if occurring.any() else 0.0


@dataclasses.dataclass(frozen=True)
class Intervals:
    """95 % intervals: of micro F1, of macro F1, and of each label's F1."""

    micro: tuple[float, float]
    macro: tuple[float, float]
    labels: tuple[tuple[float, float], ...]


def f1_intervals(counts: np.ndarray, resamples: int = RESAMPLES, seed: int = SEED) -> Intervals:
    """Percentile intervals from test sets redrawn with replacement, sentence by sentence.

    Efron and Tibshirani (1993), chapter 13. Sentences and not entities are drawn, because the
    entities of one sentence are not independent. Sentences with equal counts are alike, so each
    resample is one multinomial draw over the kinds of sentence.

    Args:
        counts: int [sentences, labels, 3]: gold, predicted, right.
        resamples: how many test sets are drawn.
        seed: fixed, so that the same predictions give the same interval.
    """
    n, labels, _ = counts.shape
    kinds, times = np.unique(counts.reshape(n, -1), axis=0, return_counts=True)
    occurring = counts[..., :2].any(axis=(0, 2))
    rng = np.random.default_rng(seed)
    micro, macro, each = [], [], []
    for size in _portions(resamples, max(_MAX_DRAWS // len(times), 1)):
        # matrix products of floats are fast, and counts below 2**53 stay exact
        drawn = rng.multinomial(n, times / n, size=size).astype(np.float64)
        totals = (drawn @ kinds.astype(np.float64)).reshape(size, labels, 3)
        by_label = f1(totals)
        micro.append(f1(totals.sum(axis=1)))
        macro.append(by_label[:, occurring].mean(axis=1) if occurring.any() else np.zeros(size))
        each.append(by_label)
    return Intervals(
        _interval(np.concatenate(micro)),
        _interval(np.concatenate(macro)),
        tuple(_interval(column) for column in np.concatenate(each).T),
    )


def _portions(whole: int, most: int) -> list[int]:
    return [min(most, whole - start) for start in range(0, whole, most)]


def _interval(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def character_tags(text: str, entities: Sequence[Entity], ids: dict[str, int]) -> np.ndarray:
    """The tag of each character that is not white space: int [characters].

    0 is O; the label with id k has B = 2k + 1 for the first character of an entity and
    I = 2k + 2 for the others.
    """
    tags = np.zeros(len(text), np.int64)
    solid = np.array([not character.isspace() for character in text], bool)
    for start, end, label in entities:
        inside = start + np.flatnonzero(solid[start:end])
        tags[inside] = 2 * ids[label] + 2
        tags[inside[:1]] -= 1
    return tags[solid]


def character_counts(
    texts: Sequence[str],
    gold: Sequence[Sequence[Entity]],
    predicted: Sequence[Sequence[Entity]],
    labels: Sequence[str],
) -> np.ndarray:
    """How many characters carry each tag: int [tags, 3] (gold, predicted, right), O first."""
    ids = {label: k for k, label in enumerate(labels)}
    tags = 2 * len(labels) + 1
    counts = np.zeros((tags, 3), np.int64)
    for text, wanted, given in zip(texts, gold, predicted, strict=True):
        if not wanted and not given:
            counts[0] += sum(not character.isspace() for character in text)
            continue
        true, answer = character_tags(text, wanted, ids), character_tags(text, given, ids)
        for column, shown in enumerate((true, answer, true[true == answer])):
            counts[:, column] += np.bincount(shown, minlength=tags)
    return counts


def entity_scores(
    gold: Sequence[Sequence[Entity]], predicted: Sequence[Sequence[Entity]]
) -> dict[str, float]:
    """Micro precision, recall and F1; an entity is right if span and label are the same."""
    pairs = [(set(g), set(p)) for g, p in zip(gold, predicted, strict=True)]
    counts = [(len(g), len(p), len(g & p)) for g, p in pairs]
    scores = EntityScores.of("all", np.sum(counts, axis=0, initial=0) if counts else (0, 0, 0))
    return {"f1": scores.f1, "precision": scores.precision, "recall": scores.recall}
