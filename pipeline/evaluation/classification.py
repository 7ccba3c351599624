"""Metrics for any classifier that gives each text one label."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Container, Sequence

import numpy as np
from sklearn import metrics as sk

from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.evaluation.calibration import (
    ConfidenceBin,
    brier_score,
    expected_calibration_error,
    negative_log_likelihood,
    reliability,
)

MISTAKES_PER_CLASS = 20
_Z_95 = 1.959963984540054


@dataclasses.dataclass(frozen=True)
class Share:
    """The number of right answers in a group.

    Attributes:
        name: what the group is.
        count, correct: texts in it, and those labelled right.
        accuracy: correct / count; None for an empty group.
        low, high: Wilson's 95 % interval of the accuracy; None for an empty group.
    """

    name: str
    count: int
    correct: int
    accuracy: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, name: str, right: np.ndarray) -> Share:
        """The share of True in `right`, bool [n]."""
        count, correct = len(right), int(np.sum(right))
        if not count:
            return cls(name, 0, 0, None, None, None)
        return cls(name, count, correct, correct / count, *wilson_interval(correct, count))


@dataclasses.dataclass(frozen=True)
class ClassScores:
    """Precision, recall and F1 of one class; `support` is how often it is the gold label."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclasses.dataclass(frozen=True)
class Mistake:
    """One wrong answer; `probability` is the probability of the predicted label."""

    index: int
    text: str
    gold: str
    predicted: str
    probability: float


@dataclasses.dataclass(frozen=True)
class ClassificationMetrics:
    """The metrics of a classifier on a test set. None means "undefined on this test set".

    Attributes:
        count: texts in the test set.
        class_names: in the order of the ids.
        overall: accuracy with its 95 % interval.
        majority_share: the accuracy of always giving the test set's most frequent label.
        macro_f1: mean F1 over the classes that occur as gold or as answer.
        auc: area under the ROC curve of class 1 (two classes) or the mean over one-vs-rest
            curves; None unless every class occurs, with two at least.
        calibration_error: ECE, 15 bins, 0 to 1.
        negative_log_likelihood: nats a text.
        brier: 0 to 1, see `calibration.brier_score`.
        confusion: rows gold, columns predicted, counts.
        classes: precision, recall, F1 of each class (0 where undefined).
        by_length: accuracy in buckets of length in pieces; empty buckets left out.
        seen, unseen: texts that stand in the training split word for word, and the others;
            None where the training texts were not given.
        curve: the reliability curve.
        mistakes: the most confident ones, at most 20 for each gold class.
    """

    count: int
    class_names: tuple[str, ...]
    overall: Share
    majority_share: float
    macro_f1: float
    auc: float | None
    calibration_error: float
    negative_log_likelihood: float
    brier: float
    confusion: tuple[tuple[int, ...], ...]
    classes: tuple[ClassScores, ...]
    by_length: tuple[Share, ...]
    seen: Share | None
    unseen: Share | None
    curve: tuple[ConfidenceBin, ...]
    mistakes: tuple[Mistake, ...]

    @property
    def accuracy(self) -> float:
        return self.overall.accuracy

    @property
    def summary(self) -> str:
        """One line for the terminal."""
        share = self.overall
        return (
            f"accuracy {share.accuracy:.4f} (95 % interval {share.low:.4f} to {share.high:.4f}), "
            f"macro F1 {self.macro_f1:.4f}, on {counted(self.count, 'text')}"
        )

    def to_json(self) -> dict:
        """Plain dicts, lists, strings, numbers and None, headline figures first."""
        headline = {"summary": self.summary, "accuracy": self.accuracy}
        return headline | _plain(dataclasses.asdict(self))


def evaluate_classifier(
    labels: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    lengths: np.ndarray,
    texts: Sequence[str],
    train_texts: Container[str] | None = None,
) -> ClassificationMetrics:
    """Measures a classifier on a test set.

    Args:
        labels: int [n], gold class ids.
        probabilities: float [n, classes]; rows sum to 1. The answer is the largest, the first
            of equals.
        class_names: one for each id, all different.
        lengths: int [n], pieces in each text.
        texts: the n texts, under the same text policy as `train_texts`.
        train_texts: the training texts; best a set. None leaves out seen / unseen.

    Raises:
        UserError: there is no text to measure on.
        ValueError: shapes, label ids or probabilities are not what they should be.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, np.float64)
    _check(labels, probabilities, class_names, lengths, texts)
    ids = np.arange(len(class_names))
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    right = predicted == labels
    curve = reliability(confidence, right)
    scores = sk.precision_recall_fscore_support(labels, predicted, labels=ids, zero_division=0)
    seen = None
    if train_texts is not None:
        seen = np.array([text in train_texts for text in texts], bool)
    return ClassificationMetrics(
        count=len(labels),
        class_names=tuple(class_names),
        overall=Share.of("all", right),
        majority_share=float(np.bincount(labels).max() / len(labels)),
        macro_f1=float(sk.f1_score(labels, predicted, average="macro", zero_division=0)),
        auc=_auc(labels, probabilities),
        calibration_error=expected_calibration_error(curve),
        negative_log_likelihood=negative_log_likelihood(labels, probabilities),
        brier=brier_score(labels, probabilities),
        confusion=tuple(map(tuple, sk.confusion_matrix(labels, predicted, labels=ids).tolist())),
        classes=tuple(
            ClassScores(name, float(p), float(r), float(f), int(n))
            for name, p, r, f, n in zip(class_names, *scores, strict=True)
        ),
        by_length=accuracy_in_length_buckets(np.asarray(lengths), right),
        seen=None if seen is None else Share.of("seen in training", right[seen]),
        unseen=None if seen is None else Share.of("not seen in training", right[~seen]),
        curve=tuple(curve),
        mistakes=_mistakes(labels, predicted, confidence, class_names, texts),
    )


def wilson_interval(correct: int, count: int, z: float = _Z_95) -> tuple[float, float]:
    """Wilson's score interval of a share: Wilson (1927); Brown, Cai, DasGupta (2001), eq. 4.

    Unlike the usual p ± z·s it stays inside 0..1 and is honest for a handful of texts.
    """
    p, z2 = correct / count, z * z
    centre = (p + z2 / (2 * count)) / (1 + z2 / count)
    half = z / (1 + z2 / count) * math.sqrt(p * (1 - p) / count + z2 / (4 * count * count))
    low = 0.0 if correct == 0 else centre - half
    high = 1.0 if correct == count else centre + half
    return low, high


def accuracy_in_length_buckets(lengths: np.ndarray, right: np.ndarray) -> tuple[Share, ...]:
    """Accuracy in buckets that double in width: up to 4 pieces, 5 to 8, 9 to 16, ..."""
    shares, low, high = [], 0, 4
    while low <= lengths.max():
        inside = (lengths >= low) & (lengths <= high)
        if inside.any():
            name = f"{low}–{high}" if low else f"up to {high}"
            shares.append(Share.of(name, right[inside]))
        low, high = high + 1, high * 2
    return tuple(shares)


def _auc(labels: np.ndarray, probabilities: np.ndarray) -> float | None:
    classes = probabilities.shape[1]
    if classes < 2 or len(np.unique(labels)) < classes:
        return None
    if classes == 2:
        return float(sk.roc_auc_score(labels, probabilities[:, 1]))
    curves = [sk.roc_auc_score(labels == k, probabilities[:, k]) for k in range(classes)]
    return float(np.mean(curves))


def _mistakes(labels, predicted, confidence, class_names, texts) -> tuple[Mistake, ...]:
    found = []
    for gold in range(len(class_names)):
        wrong = np.flatnonzero((labels == gold) & (predicted != gold))
        surest = wrong[np.argsort(-confidence[wrong], kind="stable")][:MISTAKES_PER_CLASS]
        found += [
            Mistake(
                index=int(i),
                text=texts[i],
                gold=class_names[gold],
                predicted=class_names[predicted[i]],
                probability=float(confidence[i]),
            )
            for i in surest
        ]
    return tuple(found)


def _check(labels, probabilities, class_names, lengths, texts) -> None:
    n = len(labels)
    if not n:
        raise UserError("the test split is empty", remedy="give a corpus with more texts")
    if probabilities.shape != (n, len(class_names)) or labels.shape != (n,):
        raise ValueError(
            f"labels {labels.shape}, probabilities {probabilities.shape} and "
            f"{len(class_names)} class names do not belong together"
        )
    if len(lengths) != n or len(texts) != n:
        raise ValueError(f"{len(lengths)} lengths and {len(texts)} texts for {n} labels")
    if len(set(class_names)) != len(class_names):
        raise ValueError("two classes share a name")
    if not np.issubdtype(labels.dtype, np.integer) or not (
        labels.min() >= 0 and labels.max() < len(class_names)
    ):
        raise ValueError(f"labels must be integers from 0 to {len(class_names) - 1}")
    # half precision sums to 1 only within a thousandth or so
    if not (np.all(probabilities >= 0) and np.allclose(probabilities.sum(axis=1), 1, atol=1e-2)):
        raise ValueError("each row of probabilities must be >= 0 and sum to 1")


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
