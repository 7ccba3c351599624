"""What the report of a model that labels frames says."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.counts import counted
from pipeline.evaluation.frames import FrameMetrics
from pipeline.report import figures
from pipeline.report.page import Card, Picture, ReportContent, Section, Table
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_report
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
    return run_report(
        run,
        title="Frames",
        about=[counted(len(metrics.class_names), "label")],
        measured=f"{counted(metrics.frames, 'frame')} of {counted(metrics.videos, 'test row')}",
        cards=_cards(metrics, answers_at_once),
        body=(
            _timelines(metrics, gold, predicted),
            _labels(metrics),
            _latency(metrics, answers_at_once),
            _videos(metrics),
        ),
        score=("dev_accuracy", "accuracy · 정확도"),
    )


def _cards(metrics: FrameMetrics, answers_at_once: bool) -> list[Card]:
    s, lag = metrics.scores, metrics.median_latency
    return [
        Card(
            "Accuracy · 정확도",
            f"{s['accuracy']:.1%}",
            f"Share of frames with the right label. Always the most frequent one would get "
            f"{metrics.majority_share:.1%}.",
        ),
        Card(
            "Macro F1 · 매크로 F1",
            f"{s['macro_f1']:.3f}",
            "Precision and recall of frames, averaged so that a rare label counts as much as a "
            "frequent one.",
        ),
        Card(
            "F1@10 / 25 / 50",
            " / ".join(f"{100 * s[name]:.1f}" for name in ("f1_10", "f1_25", "f1_50")),
            "Segments with the right label that overlap with a true one by at least 10, 25 or 50 "
            "per cent (intersection over union; Lea et al. 2017).",
        ),
        Card(
            "Edit score · 편집 점수",
            f"{100 * s['edit']:.1f}",
            "Whether the segments come in the right order, whenever they come. 100 is best.",
        ),
        Card(
            "Latency · 지연",
            "—" if lag is None else f"{lag:g}",
            "Frames from the beginning of a segment to the first right answer, at the median of "
            "those that were found."
            + ("" if answers_at_once else " This model answers when the video has ended."),
        ),
    ]


def _timelines(
    metrics: FrameMetrics, gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> Section:
    videos = metrics.per_video[:_MOST_VIDEOS]
    count = len(videos)
    pictures = []
    if len(metrics.class_names) <= _MOST_LABELS:
        drawing = timelines(
            [f"{video.name} — {video.accuracy:.1%}" for video in videos],
            gold[:count],
            predicted[:count],
            metrics.class_names,
        )
        alt = "; ".join(f"{video.name}: {video.accuracy:.1%} of frames right" for video in videos)
        pictures = [Picture(figures.to_png(drawing), alt)]
    return Section(
        "Timelines · 시간표",
        ["Above what is true, below what was answered. "]
        + [f"The first {count} of {metrics.videos:,}."] * (metrics.videos > count),
        pictures,
    )


def _labels(metrics: FrameMetrics) -> Section:
    rows = [
        (c.name, f"{c.precision:.3f}", f"{c.recall:.3f}", f"{c.f1:.3f}", f"{c.support:,}")
        for c in metrics.classes
    ]
    columns = ("label · 라벨", "precision · 정밀도", "recall · 재현율", "F1", "frames · 프레임")
    picture = Picture(
        figures.to_png(figures.confusion_matrix(metrics.confusion, metrics.class_names)),
        f"Confusion matrix of {len(metrics.class_names)} labels, gold in rows.",
    )
    return Section(
        "Labels · 라벨",
        ["Each row of the picture has the frames of one true label, and what was answered."],
        [picture],
        [Table(columns, rows, numeric=(1, 2, 3, 4))],
    )


def _latency(metrics: FrameMetrics, answers_at_once: bool) -> Section:
    rows = [
        (
            label.label,
            f"{label.segments:,}",
            f"{label.found:,}",
            "—" if label.median is None else f"{label.median:g}",
            "—" if not label.frames else f"{max(label.frames):,}",
        )
        for label in metrics.latency
    ]
    columns = (
        "label · 라벨",
        "segments · 구간",
        "found · 찾음",
        "median · 중앙값",
        "longest · 최댓값",
    )
    how = (
        "The model is causal: it answers each frame when it comes, and has seen nothing later."
        if answers_at_once
        else "This model has read the whole video before it answers, so this is how late its "
        "answers begin, not how long one waits for them."
    )
    return Section(
        "Latency in frames · 지연 프레임",
        [
            how,
            "Counted from the first frame of a true segment to the first frame in it that is "
            "answered right; 0 is at once. The first segment of a video is left out, since it "
            "began before.",
        ],
        tables=[Table(columns, rows, numeric=(1, 2, 3, 4))],
    )


def _videos(metrics: FrameMetrics) -> Section:
    rows = [
        (
            video.name,
            f"{video.frames:,}",
            f"{video.accuracy:.1%}",
            f"{100 * video.edit:.1f}",
            f"{video.gold_segments:,}",
            f"{video.predicted_segments:,}",
        )
        for video in metrics.per_video[:_MOST_VIDEOS]
    ]
    columns = (
        "video · 영상",
        "frames · 프레임",
        "accuracy · 정확도",
        "edit · 편집",
        "segments · 정답 구간",
        "answered · 예측 구간",
    )
    return Section(
        "Videos · 영상별",
        ["Many more answered segments than true ones: the answer flickers."],
        tables=[Table(columns, rows, numeric=(1, 2, 3, 4, 5))],
    )
