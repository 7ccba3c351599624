"""Calibration: whether predicted probabilities are right as often as they say."""

from __future__ import annotations

import dataclasses

import numpy as np

BINS = 15


@dataclasses.dataclass(frozen=True)
class ConfidenceBin:
    """Texts whose confidence lies in (low, high].

    Attributes:
        low, high: edges of the bin.
        count: how many texts.
        confidence: their mean confidence; None in an empty bin.
        accuracy: the share of them that is right; None in an empty bin.
    """

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> list[ConfidenceBin]:
    """The reliability curve: equal-width bins of confidence, empty ones included.

    Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks" (ICML 2017),
    section 2: bin m of M holds the confidences in ((m - 1) / M, m / M].

    Args:
        confidence: float [n], the probability of the predicted class, 0 to 1.
        right: bool [n], whether that class is the gold one.
        bins: M.
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    members = np.digitize(np.asarray(confidence, np.float64), edges[1:-1], right=True)
    curve = []
    for m in range(bins):
        inside = members == m
        count = int(inside.sum())
        curve.append(
            ConfidenceBin(
                low=float(edges[m]),
                high=float(edges[m + 1]),
                count=count,
                confidence=float(np.mean(confidence[inside], dtype=np.float64)) if count else None,
                accuracy=float(np.mean(right[inside])) if count else None,
            )
        )
    return curve


def expected_calibration_error(curve: list[ConfidenceBin]) -> float:
    """ECE = sum over bins of |B_m| / n * |acc(B_m) - conf(B_m)|: Guo et al. 2017, equation 3."""
    n = sum(b.count for b in curve)
    return sum(b.count / n * abs(b.accuracy - b.confidence) for b in curve if b.count)


def negative_log_likelihood(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean of -ln p(gold class), in nats.

    A probability of exactly zero counts as the smallest normal float32 (about 1e-38, 87 nats),
    so that one underflow does not make the mean infinite.
    """
    gold = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.mean(np.log(np.maximum(gold, np.finfo(np.float32).tiny))))


def brier_score(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean squared distance to the one-hot gold label, halved: 0 (best) to 1 (worst).

    Brier (1950) sums over the classes, which gives 0 to 2; half of it is, with two classes, the
    usual mean of (p - y)^2.
    """
    distance = probabilities.astype(np.float64)
    distance[np.arange(len(labels)), labels] -= 1.0
    return float(np.mean(np.sum(distance**2, axis=1)) / 2)
