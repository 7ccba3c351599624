"""Content of the report of a single-label classifier; the text is in report.md.j2."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pipeline.report import figures
from pipeline.report.page import ReportContent
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_document

if TYPE_CHECKING:
    from pipeline.evaluation.classification import ClassificationMetrics, Mistake

_MAX_MISTAKES = 60  # shown, over all classes


def classification_content(metrics: ClassificationMetrics, run: RunFacts) -> ReportContent:
    """Makes the report of a classifier; unknown facts are left out.

    Args:
        metrics: of `classification.evaluate`.
        run: facts about the run.
    """
    return run_document(
        "tasks/sentiment/report.md.j2",
        run,
        score=("dev_accuracy", "accuracy · 정확도"),
        metrics=metrics,
        frequent=max(metrics.classes, key=lambda each: each.support).name,
        confidence=sum(b.count * b.confidence for b in metrics.curve if b.count) / metrics.count,
        even_loss=math.log(len(metrics.class_names)),
        confusion=figures.confusion_matrix(metrics.confusion, metrics.class_names),
        reliability=figures.reliability_diagram(metrics.curve, metrics.calibration_error),
        by_length=figures.accuracy_by_length(metrics.by_length, metrics.accuracy),
        mistakes=_mistakes(metrics),
    )


def _mistakes(metrics: ClassificationMetrics) -> dict[str, list[Mistake]]:
    """The mistakes to show, for each class that has some."""
    most = max(_MAX_MISTAKES // len(metrics.class_names), 3)
    each = {
        name: [mistake for mistake in metrics.mistakes if mistake.gold == name][:most]
        for name in metrics.class_names
    }
    return {name: rows for name, rows in each.items() if rows}
