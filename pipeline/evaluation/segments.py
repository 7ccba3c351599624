"""Scores of labelled segments of videos: Lea et al. 2017 (arXiv:1611.05267), section 4.

A segment is a run of frames with one label. Scores of frames do not punish an answer that falls
into many short pieces; these do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

OVERLAPS = (0.10, 0.25, 0.50)
"""Of F1@10, F1@25 and F1@50."""


@dataclasses.dataclass(frozen=True)
class Segments:
    """The runs of equal labels of one video.

    Attributes:
        labels: of each segment, [segments].
        starts, ends: first frame, and the frame after the last, int [segments].
    """

    labels: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


def segments(labels: Sequence) -> Segments:
    """The segments of a video with these labels, one per frame.

    Example:
        >>> found = segments(["rest", "rest", "wave"])
        >>> found.labels.tolist(), found.starts.tolist(), found.ends.tolist()
        (['rest', 'wave'], [0, 2], [2, 3])
    """
    labels = np.asarray(labels)
    starts = np.flatnonzero(np.concatenate([[True], labels[1:] != labels[:-1]])[: len(labels)])
    return Segments(labels[starts], starts, np.append(starts[1:], len(labels)).astype(int))


def overlap_counts(gold: Sequence, predicted: Sequence, overlap: float) -> tuple[int, int, int]:
    """True positives, false positives and false negatives among the segments of one video.

    Of the gold segments with its label a predicted one is matched with that of the highest
    intersection over union. It is right if that is at least `overlap` and no other one was
    matched with it before.

    Args:
        gold, predicted: labels, one a frame.
        overlap: 0 to 1.
    """
    truth, answer = segments(gold), segments(predicted)
    taken = np.zeros(len(truth), bool)
    for label, start, end in zip(answer.labels, answer.starts, answer.ends, strict=True):
        shared = np.minimum(end, truth.ends) - np.maximum(start, truth.starts)
        union = np.maximum(end, truth.ends) - np.minimum(start, truth.starts)
        ratio = np.maximum(shared, 0) / union * (truth.labels == label)
        best = int(np.argmax(ratio)) if len(ratio) else -1
        if best >= 0 and ratio[best] >= overlap and not taken[best]:
            taken[best] = True
    right = int(taken.sum())
    return right, len(answer) - right, len(truth) - right


def overlap_f1(gold: Sequence[Sequence], predicted: Sequence[Sequence], overlap: float) -> float:
    """F1@overlap over all videos together, 0 to 1."""
    counts = [overlap_counts(*video, overlap) for video in zip(gold, predicted, strict=True)]
    right, spurious, missed = (sum(column) for column in zip(*counts, strict=True))
    return 2 * right / max(2 * right + spurious + missed, 1)


def edit_score(gold: Sequence, predicted: Sequence) -> float:
    """One minus the edit distance between the label sequences of the segments, divided by the
    longer length: 0 to 1. Only the order of segments counts, not their times."""
    truth, answer = segments(gold).labels, segments(predicted).labels
    return 1 - edit_distance(truth, answer) / max(len(truth), len(answer), 1)


def edit_distance(one: Sequence, other: Sequence) -> int:
    """The number of insertions, deletions and substitutions that turn one sequence into the other
    (Levenshtein 1966)."""
    other = np.asarray(other)
    steps = np.arange(len(other) + 1)
    row = steps
    for number, item in enumerate(one, 1):
        kept = row[:-1] + (other != item)
        best = np.concatenate([[number], np.minimum(kept, row[1:] + 1)])
        # What is inserted from the left: the least of best[i] + (j - i) for all i up to j.
        row = np.minimum.accumulate(best - steps) + steps
    return int(row[-1])


@dataclasses.dataclass(frozen=True)
class Latency:
    """How many frames the predicted labels lag behind the gold labels.

    Attributes:
        label: of the segments.
        segments: how many begin in the middle of a video.
        found: of how many some frame is right.
        frames: of these, from the first frame to the first right one, int [found]; 0 is at once.
    """

    label: str
    segments: int
    found: int
    frames: tuple[int, ...]

    @property
    def median(self) -> float | None:
        """The median; None if no segment was found."""
        return float(np.median(self.frames)) if self.frames else None


def latencies(gold: Sequence[Sequence], predicted: Sequence[Sequence]) -> list[Latency]:
    """For each label, sorted, how many frames after the beginning of its segments it is predicted.

    The first segment of a video is left out: it began before the video did.
    """
    count: dict[str, int] = {}
    lags: dict[str, list[int]] = {}
    for truth, answer in zip(gold, predicted, strict=True):
        answer, found = np.asarray(answer), segments(truth)
        for label, start, end in list(zip(found.labels, found.starts, found.ends, strict=True))[1:]:
            name = str(label)
            count[name] = count.get(name, 0) + 1
            right = np.flatnonzero(answer[start:end] == label)
            lags.setdefault(name, []).extend(right[:1].tolist())
    return [Latency(n, count[n], len(lags[n]), tuple(lags[n])) for n in sorted(count)]
