"""What the report of a model that labels frames shows; its words are in report.md.j2."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from pipeline.evaluation.frames import FrameMetrics
from pipeline.report import figures
from pipeline.report.page import ReportContent
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_document
from pipeline.report.timelines import timelines

_MOST_VIDEOS = 12  # drawn, and as many listed
_MOST_LABELS = 32  # told apart in a picture


def frames_content(
    metrics: FrameMetrics,
    run: RunFacts,
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    answers_at_once: bool,
) -> ReportContent:
    """Puts the report together.

    Args:
        metrics: from `evaluate_frames`.
        run: what is known of the run.
        gold, predicted: labels of the frames of each video.
        answers_at_once: whether the model answers while a video runs.
    """
    return run_document(
        "tasks/frames/report.md.j2",
        run,
        score=("dev_accuracy", "accuracy · 정확도"),
        metrics=metrics,
        answers_at_once=answers_at_once,
        videos=metrics.per_video[:_MOST_VIDEOS],
        timelines=_timelines(metrics, gold, predicted),
        confusion=figures.confusion_matrix(metrics.confusion, metrics.class_names),
    )


def _timelines(
    metrics: FrameMetrics, gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> Figure | None:
    """Of the first videos; None where there are too many labels for it."""
    if len(metrics.class_names) > _MOST_LABELS:
        return None
    videos = metrics.per_video[:_MOST_VIDEOS]
    return timelines(
        [f"{video.name} — {video.accuracy:.1%}" for video in videos],
        gold[: len(videos)],
        predicted[: len(videos)],
        metrics.class_names,
    )
