"""Metrics for any model that gives each frame of a video one label."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from sklearn import metrics as sk

from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.evaluation.classification import ClassScores
from pipeline.evaluation.segments import (
    OVERLAPS,
    Latency,
    edit_score,
    latencies,
    overlap_f1,
    segments,
)


@dataclasses.dataclass(frozen=True)
class VideoScores:
    """The scores of one video.

    Attributes:
        name: its id.
        frames: how many it has.
        accuracy: share of frames that are right.
        edit: `segments.edit_score`.
        gold_segments, predicted_segments: how many there are.
    """

    name: str
    frames: int
    accuracy: float
    edit: float
    gold_segments: int
    predicted_segments: int


@dataclasses.dataclass(frozen=True)
class FrameMetrics:
    """The metrics of a frame labeller on a test set.

    Attributes:
        videos, frames: how many.
        majority_share: the accuracy of always giving the most frequent label.
        scores: name -> number, of `frame_scores`.
        class_names: labels that are there or were answered, sorted.
        classes: precision, recall and F1 of each.
        confusion: frames, gold in rows, answers in columns.
        latency: of each label.
        per_video: in the order given.
    """

    videos: int
    frames: int
    majority_share: float
    scores: dict[str, float]
    class_names: tuple[str, ...]
    classes: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]
    latency: tuple[Latency, ...]
    per_video: tuple[VideoScores, ...]

    @property
    def median_latency(self) -> float | None:
        """The median latency of all segments that were found; None if none was."""
        lags = [lag for label in self.latency for lag in label.frames]
        return float(np.median(lags)) if lags else None

    @property
    def summary(self) -> str:
        """One line for the terminal."""
        s = self.scores
        return (
            f"accuracy {s['accuracy']:.4f}, macro F1 {s['macro_f1']:.4f}, F1@10/25/50 "
            f"{s['f1_10']:.4f}/{s['f1_25']:.4f}/{s['f1_50']:.4f}, edit {s['edit']:.4f}, on "
            f"{counted(self.frames, 'frame')} of {counted(self.videos, 'row')}"
        )

    def to_json(self) -> dict:
        """Plain dicts, lists, strings, numbers and None, headline figures first."""
        rest = dataclasses.asdict(self)
        return {
            "summary": self.summary,
            **rest.pop("scores"),
            "median_latency": self.median_latency,
            **rest,
        }


def frame_scores(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> dict:
    """The scores accuracy, macro_f1, f1_10, f1_25, f1_50 and edit, each 0 to 1.

    Accuracy and macro F1 count frames, of all videos together; macro F1 is the mean over the
    labels that are there or were answered. Segments are counted over all videos together; the
    edit score is the mean over videos.

    Args:
        gold, predicted: for each video one label a frame.
    """
    flat_gold, flat_predicted = _flat(gold), _flat(predicted)
    return {
        "accuracy": float(np.mean(flat_gold == flat_predicted)),
        "macro_f1": float(sk.f1_score(flat_gold, flat_predicted, average="macro", zero_division=0)),
        **{f"f1_{round(100 * at)}": overlap_f1(gold, predicted, at) for at in OVERLAPS},
        "edit": float(np.mean([edit_score(*v) for v in zip(gold, predicted, strict=True)])),
    }


def evaluate_frames(
    names: Sequence[str], gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> FrameMetrics:
    """Computes the metrics of predicted labels of frames.

    Args:
        names: of the videos.
        gold, predicted: for each video one label a frame.

    Raises:
        UserError: there is no frame to measure on.
    """
    flat_gold, flat_predicted = _flat(gold), _flat(predicted)
    if not len(flat_gold):
        raise UserError("the test split is empty", remedy="give a corpus with more videos")
    labels, counts = np.unique(flat_gold, return_counts=True)
    class_names = sorted({*labels.tolist(), *flat_predicted.tolist()})
    scores = sk.precision_recall_fscore_support(
        flat_gold, flat_predicted, labels=class_names, zero_division=0
    )
    confusion = sk.confusion_matrix(flat_gold, flat_predicted, labels=class_names)
    return FrameMetrics(
        videos=len(gold),
        frames=len(flat_gold),
        majority_share=float(counts.max() / len(flat_gold)),
        scores=frame_scores(gold, predicted),
        class_names=tuple(class_names),
        classes=tuple(
            ClassScores(name, float(p), float(r), float(f), int(n))
            for name, p, r, f, n in zip(class_names, *scores, strict=True)
        ),
        confusion=tuple(map(tuple, confusion.tolist())),
        latency=tuple(latencies(gold, predicted)),
        per_video=tuple(
            VideoScores(
                name,
                len(truth),
                float(np.mean(np.asarray(truth) == np.asarray(answer))),
                edit_score(truth, answer),
                len(segments(truth)),
                len(segments(answer)),
            )
            for name, truth, answer in zip(names, gold, predicted, strict=True)
        ),
    )


def _flat(rows: Sequence[Sequence[str]]) -> np.ndarray:
    return np.array([label for row in rows for label in row], dtype=str)
