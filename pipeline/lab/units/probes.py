"""Which unit tells best whether a predicate holds: areas under ROC curves.

The area (AUC) is the probability that a unit is larger at a position where the predicate holds
than at one where it does not, ties counting half: the Mann-Whitney statistic over the number of
pairs (Hanley and McNeil 1982). 0.5 is chance; 0 is as good as 1, with the sign turned.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.stats import rankdata

from pipeline.lab.units.predicates import Predicate

MIN_POSITIONS = 50
"""Positions where a predicate holds, and where it does not, below which it is not asked about."""
_BLOCK = 64


def areas(values: np.ndarray, holds: np.ndarray) -> np.ndarray:
    """AUC of every unit for every predicate.

    With R the sum of the ranks of the P positives among P + N values:
    AUC = (R - P (P + 1) / 2) / (P N).

    Args:
        values: float [positions, units].
        holds: bool [predicates, positions], each with positives and negatives.

    Returns:
        float64 [predicates, units].
    """
    positives = holds.astype(np.float64)
    count = positives.sum(axis=1, keepdims=True)
    pairs = count * (holds.shape[1] - count)
    auc = np.empty((len(holds), values.shape[1]))
    for first in range(0, values.shape[1], _BLOCK):
        block = slice(first, first + _BLOCK)
        ranks = rankdata(values[:, block].T, axis=-1)
        auc[:, block] = (positives @ ranks.T - count * (count + 1) / 2) / pairs
    return auc


def character_scores(chosen: str, holds: np.ndarray, checked: str) -> np.ndarray:
    """How probable a predicate is at each character of a text by that character alone.

    Counted on another text: (positives among its occurrences + share of all positions) / (how
    often it occurs + 1).

    Args:
        chosen: the text that is counted in.
        holds: bool [characters] of it.
        checked: the text.

    Returns:
        float64 [characters] of `checked`.
    """
    counted: dict[str, list[int]] = {}
    for character, held in zip(chosen, holds.tolist(), strict=True):
        of = counted.setdefault(character, [0, 0])
        of[0] += held
        of[1] += 1
    share = float(holds.mean())
    scores = {of: (held + share) / (seen + 1) for of, (held, seen) in counted.items()}
    return np.array([scores.get(character, share) for character in checked])


@dataclasses.dataclass(frozen=True)
class Probe:
    """How well units tell one predicate.

    Attributes:
        predicate: which.
        shares: of the positions at which it holds, in the half that chose and in the other.
        chosen: float64 [units], AUC in the half that chose.
        checked: float64 [units], AUC in the other half.
        character: AUC, in the other half, of the character alone.
    """

    predicate: Predicate
    shares: tuple[float, float]
    chosen: np.ndarray
    checked: np.ndarray
    character: float

    @property
    def ranking(self) -> np.ndarray:
        """Columns of units, the best first, by the half that chose."""
        return np.argsort(-np.abs(self.chosen - 0.5), kind="stable")

    @property
    def best(self) -> int:
        """Column of the unit that tells it best."""
        return int(self.ranking[0])

    @property
    def signs(self) -> np.ndarray:
        """1 for units that are larger where the predicate holds, -1 for the others, by the half
        that chose; int [units]."""
        return np.where(self.chosen < 0.5, -1, 1)

    @property
    def oriented(self) -> np.ndarray:
        """In the other half, AUC of units times signs: below 0.5 where a sign was wrong."""
        return 0.5 + self.signs * (self.checked - 0.5)

    @property
    def chosen_area(self) -> float:
        """AUC of the best unit in the half that chose it, its sign turned if need be."""
        return float(0.5 + abs(self.chosen[self.best] - 0.5))

    @property
    def area(self) -> float:
        """AUC of the best unit in the half that did not choose it."""
        return float(self.oriented[self.best])
