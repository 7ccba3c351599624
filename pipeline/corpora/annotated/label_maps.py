"""Maps the labels of corpora to common ones, to evaluate a model of one corpus on another."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from pipeline.corpora.annotated.entities import Entity
from pipeline.corpora.annotated.named_entities import KLUE_LABELS

DATE_OR_TIME = "DT|TI"
"""The common label of DUR: a time if its words count hours or less, else a date."""

# KMOU's kinds as KLUE's; KLP's are KLUE's but for QT, which it leaves without markup.
KMOU_AS_KLUE: dict[str, str | None] = {
    "PER": "PS",
    "LOC": "LC",
    "ORG": "OG",
    "DAT": "DT",
    "TIM": "TI",
    "DUR": DATE_OR_TIME,
    "MNY": "QT",
    "PNT": "QT",
    "NOH": "QT",
    "POH": None,
}
_SYSTEMS: tuple[dict[str, str | None], ...] = (
    {label: label for label in KLUE_LABELS},
    KMOU_AS_KLUE,
)
_CLOCK = re.compile(
    r"시간|오전|오후|새벽|정오|자정|\d\s?시(?![즌대기])|(?:\d|몇|십)\s?여?\s?[분초](?![기반])"
)


def common_labels(
    model_labels: Collection[str], corpus_labels: Collection[str]
) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Maps the labels of a model and of a corpus to labels that both have.

    | KMOU          | KLUE     | KLP      |                                                |
    |---------------|----------|----------|------------------------------------------------|
    | PER           | PS       | PS       |                                                |
    | LOC           | LC       | LC       |                                                |
    | ORG           | OG       | OG       |                                                |
    | DAT           | DT       | DT       |                                                |
    | TIM           | TI       | TI       |                                                |
    | DUR           | DT or TI | DT or TI | by its words: 90분 and 오전 9시부터 are TI, 3년 DT |
    | MNY, PNT, NOH | QT       | -        | KLP does not mark quantities up                |
    | POH           | -        | -        | works, events, brands, addresses: no such kind |

    The table says which kinds are called what, not that annotators drew the same line. 한국, 미국,
    일본, 중국 and 북한 are organisations in 227 of 306 places in KMOU's test split, in 65 of 354 in
    KLUE's development set and in none of 46 in KLP's test set; elsewhere they are locations.

    A label without a counterpart on the other side is not scored (None). Where both sides have
    the same labels, or one of them has labels of no known system, every label stays what it is.
    A side that lacks some labels of its system (a small file may) is still of that system; what
    it cannot have is not scored on the other either.

    Returns:
        For the model's labels and for the corpus's: label -> common label (KLUE's), DATE_OR_TIME,
        or None. `as_common` applies it.
    """
    model, corpus = _system(model_labels), _system(corpus_labels)
    if set(model_labels) == set(corpus_labels) or model is None or corpus is None:
        return {label: label for label in model_labels}, {label: label for label in corpus_labels}
    shared = _reached(model_labels, model) & _reached(corpus_labels, corpus)

    def chosen(labels: Collection[str], system: dict[str, str | None]) -> dict[str, str | None]:
        found = {}
        for label in labels:
            there = [name for name in (system[label] or "").split("|") if name in shared]
            found[label] = "|".join(there) or None
        return found

    return chosen(model_labels, model), chosen(corpus_labels, corpus)


def as_common(text: str, entities: Iterable[Entity], labels: dict[str, str | None]) -> list[Entity]:
    """Entities of `text` under the labels that `labels` gives theirs; unscored ones left out.

    Of a duration, the words decide: it is a time if it names minutes, hours or a time of the
    clock, else a date. So does KLUE: of its development set's dates and times, the rule would take
    499 for times, and 496 are. Where only DT or only TI is scored, the other is left out.
    """
    found = []
    for entity in entities:
        choices = (labels.get(entity.label) or "").split("|")
        label = choices[0]
        if entity.label == "DUR" and label:
            label = "TI" if _CLOCK.search(text[entity.start : entity.end]) else "DT"
            label = label if label in choices else ""
        if label:
            found.append(entity._replace(label=label))
    return found


def _system(labels: Collection[str]) -> dict[str, str | None] | None:
    return next((system for system in _SYSTEMS if labels and set(labels) <= set(system)), None)


def _reached(labels: Collection[str], system: dict[str, str | None]) -> set[str]:
    return {name for label in labels for name in (system[label] or "").split("|") if name}
