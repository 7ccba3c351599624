"""Content of the report of a tagger; the text is in report.md.j2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.evaluation.entities import NONE
from pipeline.report import entity_figures, figures
from pipeline.report.filters import cut
from pipeline.report.page import MarkedSpan, ReportContent
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_document
from pipeline.tasks.ner.marks import shown_sentence, tones

if TYPE_CHECKING:
    from pipeline.evaluation.entities import EntityMetrics
    from pipeline.evaluation.entity_examples import ErrorExample

LABEL_NAMES = {
    **dict.fromkeys(("PER", "PS"), "person · 인물"),
    **dict.fromkeys(("LOC", "LC"), "location · 장소"),
    **dict.fromkeys(("ORG", "OG"), "organisation · 기관"),
    **dict.fromkeys(("DAT", "DT"), "date · 날짜"),
    **dict.fromkeys(("TIM", "TI"), "time · 시간"),
    "DUR": "duration · 기간",
    "MNY": "money · 통화",
    "PNT": "percentage · 비율",
    "NOH": "other quantity · 기타 수량",
    "POH": "other name · 기타",
    "QT": "quantity · 수량",
}
"""Label of KMOU, KLP or KLUE -> its meaning."""
_WRONG, _RIGHT = 24, 12  # sentences shown: two rows and one row each, 60 at most
_CONFUSIONS = 12
_EXAMPLES = 3  # in a row of a table
_MAX_CHARACTERS = 40  # of an entity in a table


def entity_content(metrics: EntityMetrics, run: RunFacts) -> ReportContent:
    """Makes the report of a tagger; unknown facts are left out.

    Args:
        metrics: of `entities.evaluate`.
        run: facts about the run; its history has a column dev_f1.
    """
    tone_of = tones(metrics.labels, [each.gold for each in metrics.per_label])
    by_sentence, by_entity = metrics.by_sentence_length, metrics.by_entity_length
    return run_document(
        "tasks/ner/report.md.j2",
        run,
        score=("dev_f1", "entity F1 · 개체명 F1"),
        metrics=metrics,
        names={label: _name(label, tone) for label, tone in tone_of.items()},
        none_label=NONE,
        outcomes=[(each, _most_frequent(each.examples)) for each in metrics.outcomes],
        confusions=[
            (each, _most_frequent(each.examples)) for each in metrics.confusions[:_CONFUSIONS]
        ],
        wrong=[shown_sentence(sentence, tone_of) for sentence in metrics.wrong_sentences[:_WRONG]],
        right=[shown_sentence(sentence, tone_of) for sentence in metrics.right_sentences[:_RIGHT]],
        label_scores=entity_figures.label_scores(metrics.per_label, metrics.f1),
        outcome_bars=entity_figures.outcomes_by_label(metrics.outcomes_by_label),
        confusion=figures.confusion_matrix(metrics.confusion, (*metrics.labels, NONE)),
        by_length=(
            entity_figures.scores_by_length(by_sentence, by_entity, metrics.f1)
            if by_entity
            else None
        ),
    )


def _name(label: str, tone: int) -> list[MarkedSpan]:
    """The meaning of a label, and the label; only the label if its meaning is not known."""
    if label not in LABEL_NAMES:
        return [MarkedSpan(label, "", tone)]
    return [MarkedSpan(LABEL_NAMES[label], label, tone)]


def _most_frequent(examples: Sequence[ErrorExample]) -> str:
    """The first errors of a kind: `서울 LC → 서울시 OG (3); 대전 LC`."""
    return "; ".join(map(_example, examples[:_EXAMPLES]))


def _example(example: ErrorExample) -> str:
    """An error as text, `서울 LC → 서울시 OG (3)`; the second side only if it differs."""
    sides = [
        f"{cut(surface, _MAX_CHARACTERS)} {label}"
        for surface, label in (
            (example.gold, example.gold_label),
            (example.predicted, example.predicted_label),
        )
        if surface is not None
    ]
    times = f" ({example.count:,})" if example.count > 1 else ""
    return " → ".join(dict.fromkeys(sides)) + times
