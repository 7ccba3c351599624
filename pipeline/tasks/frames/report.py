"""Content of the report of a model that labels frames; the text is in report.md.j2."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from pipeline.evaluation.frames import FrameMetrics
from pipeline.report import figures
from pipeline.report.page import ReportContent
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_document
from pipeline.report.timelines import timelines

_MAX_VIDEOS = 12  # in the plot, and in the table
_MAX_LABELS = 32  # in a plot


def frames_content(
    metrics: FrameMetrics,
    run: RunFacts,
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    answers_at_once: bool,
) -> ReportContent:
    """Makes the report.

    Args:
        metrics: from `evaluate_frames`.
        run: facts about the run.
        gold, predicted: labels of the frames of each video.
        answers_at_once: whether the model labels each frame when it comes (a causal model).
    """
    return run_document(
        "tasks/frames/report.md.j2",
        run,
        score=("dev_accuracy", "accuracy · 정확도"),
        metrics=metrics,
        answers_at_once=answers_at_once,
        videos=metrics.per_video[:_MAX_VIDEOS],
        timelines=_timelines(metrics, gold, predicted),
        confusion=figures.confusion_matrix(metrics.confusion, metrics.class_names),
    )


def _timelines(
    metrics: FrameMetrics, gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> Figure | None:
    """The timelines of the first videos; None if there are too many labels."""
    if len(metrics.class_names) > _MAX_LABELS:
        return None
    videos = metrics.per_video[:_MAX_VIDEOS]
    return timelines(
        [f"{video.name} — {video.accuracy:.1%}" for video in videos],
        gold[: len(videos)],
        predicted[: len(videos)],
        metrics.class_names,
    )
