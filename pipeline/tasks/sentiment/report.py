"""What the report of a single-label classifier says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pipeline.counts import counted
from pipeline.report import figures, run_sections
from pipeline.report.page import Card, Picture, ReportContent, Section, Table
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_report

if TYPE_CHECKING:
    from pipeline.evaluation.classification import ClassificationMetrics, Share

_MOST_ROWS = 60  # mistakes shown, over all classes
_MOST_CHARACTERS = 400  # of one of them


def classification_content(metrics: ClassificationMetrics, run: RunFacts) -> ReportContent:
    """Puts a classifier's report together. What is not known is left out, never guessed.

    Args:
        metrics: from `classification.evaluate`.
        run: what is known of the run.
    """
    return run_report(
        run,
        title=run.task.capitalize(),
        about=[
            f"{len(metrics.class_names)} classes ({run_sections.listed(metrics.class_names, 6)})"
        ],
        measured=counted(metrics.count, "test text"),
        cards=_cards(metrics),
        body=(
            _confusion(metrics),
            _calibration(metrics),
            _length(metrics),
            _seen(metrics),
            _mistakes(metrics),
        ),
        score=("dev_accuracy", "accuracy · 정확도"),
    )


def _cards(metrics: ClassificationMetrics) -> tuple[Card, ...]:
    all_, k = metrics.overall, len(metrics.class_names)
    frequent = max(metrics.classes, key=lambda c: c.support).name
    cards = [
        Card(
            "Accuracy · 정확도",
            f"{all_.accuracy:.1%}",
            f"{all_.correct:,} of {all_.count:,} right (95% interval {_interval(all_)}). Always "
            f"answering “{frequent}” would get {metrics.majority_share:.1%}.",
        ),
        Card(
            "Macro F1 · 매크로 F1",
            f"{metrics.macro_f1:.3f}",
            "Precision and recall in one number, averaged so that a rare class counts as much "
            "as a frequent one.",
        ),
        Card("AUC", "—" if metrics.auc is None else f"{metrics.auc:.3f}", _auc_sentence(metrics)),
        Card(
            "Calibration error · 보정 오차",
            f"{metrics.calibration_error:.1%}",
            f"How far stated confidence and accuracy lie apart. It claims "
            f"{_mean_confidence(metrics):.1%} on average and is right {all_.accuracy:.1%} of the "
            f"time.",
        ),
        Card(
            "Log loss · 로그 손실",
            f"{metrics.negative_log_likelihood:.3f}",
            f"Nats of surprise at the right label; guessing evenly among {k} classes costs "
            f"{math.log(k):.3f}. Brier score {metrics.brier:.3f}.",
        ),
    ]
    if metrics.unseen is not None and metrics.unseen.count:
        cards.append(
            Card(
                "On new texts only · 새 문장",
                f"{metrics.unseen.accuracy:.1%}",
                f"Accuracy on the {metrics.unseen.count:,} test texts that do not stand in the "
                f"training data word for word.",
            )
        )
    return tuple(cards)


def _auc_sentence(metrics: ClassificationMetrics) -> str:
    names = metrics.class_names
    if metrics.auc is None:
        return "Undefined here: it needs test texts of every class, and two classes at least."
    if len(names) == 2:
        return (
            f"Of a random “{names[1]}” and a random “{names[0]}” text, the first gets the higher "
            f"probability of “{names[1]}” {metrics.auc:.1%} of the time."
        )
    return "How often a text of a class outranks one of another class, averaged over the classes."


def _confusion(metrics: ClassificationMetrics) -> Section:
    scores = [
        (c.name, f"{c.precision:.3f}", f"{c.recall:.3f}", f"{c.f1:.3f}", f"{c.support:,}")
        for c in metrics.classes
    ]
    picture = Picture(
        figures.to_png(figures.confusion_matrix(metrics.confusion, metrics.class_names)),
        f"Confusion matrix of {len(metrics.class_names)} classes, gold in rows.",
    )
    return Section(
        "Confusion matrix · 혼동 행렬",
        [
            "Each row holds the texts of one true class, and shows which label they were given. "
            "Precision: of those given this label, how many deserve it. Recall: of those that "
            "deserve it, how many were given it."
        ],
        [picture],
        [
            Table(
                ("class · 클래스", "precision · 정밀도", "recall · 재현율", "F1", "texts · 건수"),
                scores,
                numeric=(1, 2, 3, 4),
            )
        ],
    )


def _calibration(metrics: ClassificationMetrics) -> Section:
    said, right = _mean_confidence(metrics), metrics.accuracy
    gap = abs(said - right)
    verdict = "too sure of itself" if said > right else "too modest"
    if gap < 0.01:
        verdict = "neither too sure nor too modest overall"
    picture = Picture(
        figures.to_png(figures.reliability_diagram(metrics.curve, metrics.calibration_error)),
        f"Accuracy against confidence; expected calibration error {metrics.calibration_error:.1%}.",
    )
    return Section(
        "Calibration · 확률 보정",
        [
            "When the model says 80%, is it right 80% of the time? Bars that end on the dashed "
            "line mean yes; below it the model is too sure, above it too modest.",
            f"It says {said:.1%} on average and is right {right:.1%} of the time: {verdict}.",
        ],
        [picture],
    )


def _length(metrics: ClassificationMetrics) -> Section:
    picture = Picture(
        figures.to_png(figures.accuracy_by_length(metrics.by_length, metrics.accuracy)),
        "; ".join(f"{s.name} pieces: {s.accuracy:.1%} of {s.count}" for s in metrics.by_length),
    )
    return Section(
        "Accuracy by length · 길이별 정확도",
        [
            "Short texts give little to go by, long ones much to remember. The bars are 95% "
            "intervals: where two of them overlap, the difference may be chance."
        ],
        [picture],
    )


def _seen(metrics: ClassificationMetrics) -> Section | None:
    if metrics.seen is None:
        return None
    rows = [
        (s.name, f"{s.count:,}", "—" if s.accuracy is None else f"{s.accuracy:.1%}", _interval(s))
        for s in (metrics.seen, metrics.unseen)
    ]
    columns = ("test texts · 시험 문장", "texts · 건수", "accuracy · 정확도", "95% interval")
    return Section(
        "Seen in training or not · 학습 자료와 겹침",
        [
            "Some test texts stand in the training data word for word. If the model did much "
            "better on those, it would be remembering rather than reading."
        ],
        tables=[Table(columns, rows, numeric=(1, 2, 3))],
    )


def _mistakes(metrics: ClassificationMetrics) -> Section | None:
    if not metrics.mistakes:
        return None
    most = max(_MOST_ROWS // len(metrics.class_names), 3)
    tables = []
    for name in metrics.class_names:
        rows = [
            (_cut(m.text), m.gold, m.predicted, f"{m.probability:.1%}")
            for m in metrics.mistakes
            if m.gold == name
        ][:most]
        if rows:
            columns = ("text · 문장", "gold · 정답", "predicted · 예측", "probability · 확률")
            caption = f"Should have been “{name}”"
            tables.append(Table(columns, rows, numeric=(3,), caption=caption, prose=True))
    return Section(
        "Most confident mistakes · 가장 확신한 오답",
        [
            "Where the model was surest and wrong: irony, mixed feelings, typing errors — and, "
            "often enough, a wrong label in the corpus."
        ],
        tables=tables,
    )


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def _interval(share: Share) -> str:
    return "—" if share.low is None else f"{100 * share.low:.1f}–{share.high:.1%}"


def _mean_confidence(metrics: ClassificationMetrics) -> float:
    return sum(b.count * b.confidence for b in metrics.curve if b.count) / metrics.count
