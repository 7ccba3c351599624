"""CIDEr-D: how similar a caption is to the references of its picture, with rare n-grams counting
more."""

from __future__ import annotations

import collections
import math
from collections.abc import Sequence

import numpy as np

_ORDER = 4
_SIGMA = 6.0

Words = Sequence[str]
Counts = collections.Counter[tuple[str, ...]]


def cider(captions: Sequence[Words], references: Sequence[Sequence[Words]]) -> np.ndarray:
    """The CIDEr-D score of each caption; the mean is the score of the test set.

    Vedantam et al. 2015 (arXiv:1411.5726), section 4 and the variant D of section 5, as the
    field's `pycocoevalcap` counts it: n-grams of 1 to 4 words, weighted by the logarithm of how
    few pictures have them in any reference; the cosine with each reference, n-grams of the caption
    counted no oftener than in it; times a Gaussian of the difference in length, of width 6; mean
    over orders and references, times 10. Words are not stemmed.

    Args:
        captions: words of each.
        references: of each, the words of one or several.

    Returns:
        float64 [captions], 0 to 10. Of a single picture it is 0: all its words are everywhere.
    """
    counted = [[_ngrams(words) for words in several] for several in references]
    seen: Counts = collections.Counter()
    for several in counted:
        seen.update({gram for counts in several for gram in counts})
    log_pictures = math.log(max(len(references), 1))

    def rarity(gram: tuple[str, ...]) -> float:
        return log_pictures - math.log(max(seen[gram], 1))

    scores = np.zeros(len(captions))
    for row, (words, several) in enumerate(zip(captions, counted, strict=True)):
        caption = _Vector(_ngrams(words), rarity)
        found = [caption.likeness(_Vector(counts, rarity)) for counts in several]
        scores[row] = 10 * np.mean(found) if found else 0.0
    return scores


def _ngrams(words: Words) -> Counts:
    return collections.Counter(
        tuple(words[start : start + order])
        for order in range(1, _ORDER + 1)
        for start in range(len(words) - order + 1)
    )


class _Vector:
    """The tf-idf vectors of the n-grams of a caption, one vector per order."""

    def __init__(self, counts: Counts, rarity):
        self.weights: list[dict[tuple[str, ...], float]] = [{} for _ in range(_ORDER)]
        for gram, count in counts.items():
            self.weights[len(gram) - 1][gram] = count * rarity(gram)
        self.norms = [math.sqrt(sum(w * w for w in of.values())) for of in self.weights]
        # As pycocoevalcap has it, length is counted in pairs of words.
        self.length = sum(count for gram, count in counts.items() if len(gram) == 2)

    def likeness(self, reference: _Vector) -> float:
        """0 to 1, mean over orders."""
        near = math.exp(-((self.length - reference.length) ** 2) / (2 * _SIGMA**2))
        total = 0.0
        for order in range(_ORDER):
            own, other = self.weights[order], reference.weights[order]
            product = sum(
                min(weight, other.get(g, 0.0)) * other.get(g, 0.0) for g, weight in own.items()
            )
            norms = self.norms[order] * reference.norms[order]
            total += near * product / norms if norms else 0.0
        return total / _ORDER
