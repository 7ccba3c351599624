"""What the report of a finder of entities says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.counts import counted
from pipeline.evaluation.entities import NONE
from pipeline.evaluation.entity_pairs import Outcome
from pipeline.report import entity_figures, figures, run_sections
from pipeline.report.page import Card, Picture, ReportContent, Section, Span, Table
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_report
from pipeline.tasks.ner.marks import sentences, tones

if TYPE_CHECKING:
    from pipeline.evaluation.entities import EntityMetrics
    from pipeline.evaluation.entity_examples import ErrorExample
    from pipeline.evaluation.entity_scores import Scores

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
"""What the labels of KMOU, KLP and KLUE mean."""
_CONFUSIONS = 12
_MOST_CHARACTERS = 40  # of an entity in a table
_KOREAN = {
    Outcome.RIGHT: "정답",
    Outcome.WRONG_TYPE: "유형 오류",
    Outcome.WRONG_BOUNDARY: "경계 오류",
    Outcome.WRONG_BOTH: "유형·경계 오류",
    Outcome.MISSED: "누락",
    Outcome.SPURIOUS: "오탐",
}
_SCORES = ("precision · 정밀도", "recall · 재현율", "F1")


def entity_content(metrics: EntityMetrics, run: RunFacts) -> ReportContent:
    """Puts the report together. What is not known is left out, never guessed.

    Args:
        metrics: from `entities.evaluate`.
        run: what is known of the run; its history has a column dev_f1.
    """
    tone_of = tones(metrics.labels, [s.gold for s in metrics.per_label])
    return run_report(
        run,
        title="Named entities · 개체명 인식",
        about=[
            f"{len(metrics.labels)} kinds of entity ({run_sections.listed(metrics.labels, 12)})"
        ],
        measured=counted(metrics.count, "test sentence"),
        cards=_cards(metrics),
        body=(
            _labels(metrics, tone_of),
            _outcomes(metrics),
            _confusion(metrics),
            _training(metrics),
            _length(metrics),
            _characters(metrics),
            sentences(metrics, tone_of, LABEL_NAMES),
        ),
        score=("dev_f1", "entity F1 · 개체명 F1"),
    )


def _cards(metrics: EntityMetrics) -> tuple[Card, ...]:
    all_ = metrics.overall
    cards = [
        Card(
            "Entity F1 · 개체명 F1",
            f"{all_.f1:.1%}",
            f"{all_.right:,} entities found with exactly the right span and label (95% interval "
            f"{100 * all_.low:.1f}–{all_.high:.1%}, from redrawn sentences).",
        ),
        Card(
            "Precision · 정밀도",
            f"{all_.precision:.1%}",
            f"Of {all_.predicted:,} entities that it marked, so many are right.",
        ),
        Card(
            "Recall · 재현율",
            f"{all_.recall:.1%}",
            f"Of {all_.gold:,} entities that there are, so many were found.",
        ),
        Card(
            "Macro F1 · 매크로 F1",
            f"{metrics.macro_f1:.1%}",
            f"The mean over labels, so that a rare one counts as much as a frequent one (95% "
            f"interval {100 * metrics.macro_low:.1f}–{metrics.macro_high:.1%}).",
        ),
        Card(
            "Character macro F1 · 음절 F1",
            f"{metrics.character_macro_f1:.1%}",
            "The mean over the tags of characters, O among them: KLUE's second measure. A "
            "boundary that is off by one costs one character, not the whole entity.",
        ),
        Card(
            "Whole sentences · 문장 정확도",
            f"{metrics.sentence_accuracy:.1%}",
            f"Of {metrics.count:,} sentences, so many have no mistake at all.",
        ),
    ]
    if metrics.by_training is not None and metrics.by_training[-1].gold:
        new = metrics.by_training[-1]
        cards.append(
            Card(
                "Recall of new names · 새 개체명",
                f"{new.recall:.1%}",
                f"Of the {new.gold:,} entities that training never showed as an entity.",
            )
        )
    return tuple(cards)


def _label(name: str, tone_of: dict[str, int]) -> Span:
    """What a label means, and the label; the label alone where nobody knows."""
    if name not in LABEL_NAMES:
        return Span(name, "", tone_of[name])
    return Span(LABEL_NAMES[name], name, tone_of[name])


def _labels(metrics: EntityMetrics, tone_of: dict[str, int]) -> Section:
    rows = [
        (
            [
                Span(
                    LABEL_NAMES.get(s.name, s.name),
                    s.name * (s.name in LABEL_NAMES),
                    tone_of[s.name],
                )
            ],
            *_written(s),
            f"{100 * s.low:.1f}–{s.high:.1%}",
            f"{s.gold:,}",
            f"{s.predicted:,}",
        )
        for s in metrics.per_label
    ]
    columns = ("label · 유형", *_SCORES, "95% interval", "gold · 정답", "predicted · 예측")
    picture = Picture(
        figures.to_png(entity_figures.label_scores(metrics.per_label, metrics.f1)),
        "; ".join(f"{s.name}: F1 {s.f1:.1%}" for s in metrics.per_label),
    )
    return Section(
        "Labels · 개체명 유형",
        [
            "Precision: of the entities given this label, how many are right. Recall: of those "
            "that carry it, how many were found. Only the exact span with the right label counts.",
        ],
        [picture],
        [Table(columns, rows, numeric=range(1, len(columns)))],
    )


def _outcomes(metrics: EntityMetrics) -> Section:
    gold = metrics.overall.gold
    rows = [
        (
            f"{row.name} · {_KOREAN[Outcome(row.name)]}",
            f"{row.count:,}",
            "" if row.name == Outcome.SPURIOUS or not gold else f"{row.count / gold:.1%}",
            "; ".join(map(_example, row.examples[:3])),
        )
        for row in metrics.outcomes
    ]
    columns = ("outcome · 결과", "entities · 개수", "of gold · 비율", "commonest · 가장 흔한 예")
    picture = Picture(
        figures.to_png(entity_figures.outcomes_by_label(metrics.outcomes_by_label)),
        "; ".join(f"{row.name}: {row.count:,}" for row in metrics.outcomes),
    )
    return Section(
        "Kinds of error · 오류 유형",
        [
            "Wrong type: the right span under another label. Wrong boundary: an overlap under the "
            "right label. Missed: nothing was marked there. Spurious: marked where no entity is."
        ],
        [picture],
        [Table(columns, rows, numeric=(1, 2))],
    )


def _confusion(metrics: EntityMetrics) -> Section:
    names = (*metrics.labels, NONE)
    picture = Picture(
        figures.to_png(figures.confusion_matrix(metrics.confusion, names)),
        f"Confusion matrix of {len(metrics.labels)} labels and none, gold in rows.",
    )
    rows = [
        (
            f"{c.gold_label} → {c.predicted_label}",
            f"{c.count:,}",
            "; ".join(map(_example, c.examples[:3])),
        )
        for c in metrics.confusions[:_CONFUSIONS]
    ]
    columns = ("gold → predicted · 정답 → 예측", "times · 횟수", "commonest · 가장 흔한 예")
    return Section(
        "Confusion matrix · 혼동 행렬",
        [
            "Each row holds the entities of one gold label and shows which label they were given, "
            f"even if the boundary is off. {NONE} as a column: missed; as a row: spurious."
        ],
        [picture],
        [Table(columns, rows, numeric=(1,), caption="Labels given for others")] if rows else [],
    )


def _training(metrics: EntityMetrics) -> Section | None:
    if metrics.by_training is None:
        return None
    gold = metrics.overall.gold
    rows = [
        (
            s.name,
            f"{s.gold:,}",
            f"{s.gold / gold:.1%}" if gold else "—",
            f"{s.recall:.1%}" if s.gold else "—",
            f"{s.predicted:,}",
            f"{s.precision:.1%}" if s.predicted else "—",
            f"{s.f1:.1%}" if s.gold or s.predicted else "—",
        )
        for s in metrics.by_training
    ]
    columns = (
        "as an entity in training · 학습 자료에서",
        "gold · 정답",
        "share · 비율",
        "recall · 재현율",
        "predicted · 예측",
        "precision · 정밀도",
        "F1",
    )
    return Section(
        "Seen in training or not · 학습 자료와 겹침",
        [
            "A list of names finds what it lists. What a model has learnt beyond that shows in the "
            "entities whose text training never showed as an entity, and in those that it showed "
            "under another label only. Predicted entities are sorted by their own text and label."
        ],
        tables=[Table(columns, rows, numeric=range(1, len(columns)))],
    )


def _length(metrics: EntityMetrics) -> Section | None:
    if not metrics.by_entity_length:
        return None
    by_sentence, by_entity = metrics.by_sentence_length, metrics.by_entity_length
    picture = Picture(
        figures.to_png(entity_figures.scores_by_length(by_sentence, by_entity, metrics.f1)),
        "; ".join(
            f"{what} of {s.name} characters: {s.f1:.1%} of {s.gold}"
            for what, rows in (("sentences", by_sentence), ("entities", by_entity))
            for s in rows
        ),
    )
    return Section(
        "F1 by length · 길이별 F1",
        [
            "A long sentence gives more to go by and more to forget; a long entity has more places "
            "to end wrongly. Lengths are in characters, blanks included."
        ],
        [picture],
    )


def _characters(metrics: EntityMetrics) -> Section:
    rows = [(s.name, *_written(s), f"{s.gold:,}") for s in metrics.per_character_tag]
    columns = ("tag · 태그", *_SCORES, "characters · 글자 수")
    return Section(
        "Characters · 음절 단위 평가",
        [
            "B- is the first character of an entity, I- any other, O none; blanks are left out. "
            f"The mean over all tags is {metrics.character_macro_f1:.2%} (so KLUE's baseline "
            f"computes it: O is one of the tags), without O "
            f"{metrics.character_macro_f1_without_o:.2%}. Over all characters of B- and I- "
            f"together, F1 is {metrics.character_f1:.2%}."
        ],
        tables=[Table(columns, rows, numeric=range(1, len(columns)))],
    )


def _written(scores: Scores) -> tuple[str, str, str]:
    precision = f"{scores.precision:.1%}" if scores.predicted else "—"
    recall = f"{scores.recall:.1%}" if scores.gold else "—"
    return precision, recall, f"{scores.f1:.1%}"


def _example(example: ErrorExample) -> str:
    """`서울 LC → 서울시 OG (3)`; the second side only where it differs."""
    sides = [
        f"{_cut(surface)} {label}"
        for surface, label in (
            (example.gold, example.gold_label),
            (example.predicted, example.predicted_label),
        )
        if surface is not None
    ]
    times = f" ({example.count:,})" if example.count > 1 else ""
    return " → ".join(dict.fromkeys(sides)) + times


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"
