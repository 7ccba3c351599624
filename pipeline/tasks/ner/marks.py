"""Sentences with their entities marked in colour."""

from __future__ import annotations

import dataclasses
from bisect import bisect_left
from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from pipeline.corpora.annotated.entities import Entity
from pipeline.evaluation.entity_pairs import Outcome, pair_up
from pipeline.report.page import MarkedSpan

if TYPE_CHECKING:
    from pipeline.evaluation.entity_examples import MarkedSentence

_TONES = 8
_MAX_SENTENCE_LENGTH = 160  # characters; longer ones are cut around the relevant entities
_AROUND = 40  # characters kept on either side of a relevant entity
_MAX_SHOWN = 12  # relevant entities; of a sentence that is a whole document the first ones
_MAX_ENTITY_LENGTH = 80
_CUT = "…"
_start = attrgetter("start")


def tones(labels: Sequence[str], support: Sequence[int]) -> dict[str, int]:
    """A colour for each label. If there are more labels than colours, rare ones share the last one.

    The name of the label always stands behind a marked entity, so colour is never the only sign.
    """
    if len(labels) <= _TONES:
        return {label: tone for tone, label in enumerate(labels)}
    frequent = sorted(range(len(labels)), key=lambda k: -support[k])[: _TONES - 1]
    own = {labels[k]: tone for tone, k in enumerate(sorted(frequent))}
    return {label: own.get(label, _TONES - 1) for label in labels}


@dataclasses.dataclass(frozen=True)
class ShownSentence:
    """A sentence with its gold and its predicted entities marked.

    Attributes:
        gold, predicted: the marked sentence; equal if nothing is wrong.
        errors: kinds of errors in it with their labels: `wrong type: LC → OG`.
    """

    gold: list[MarkedSpan]
    predicted: list[MarkedSpan]
    errors: tuple[str, ...]


def shown_sentence(sentence: MarkedSentence, tone_of: dict[str, int]) -> ShownSentence:
    """Marks a sentence of the test set; entities without an exact counterpart get a cross.

    Args:
        sentence: a long one is cut around its errors.
        tone_of: label -> colour, from `tones`.
    """
    text, gold, predicted = sentence.text, sentence.gold, sentence.predicted
    errors = [p for p in pair_up(gold, predicted) if p.outcome is not Outcome.RIGHT]
    wrong = {entity for pair in errors for entity in pair.entities}
    kept = excerpts(text, sorted(wrong or gold)[:_MAX_SHOWN], (*gold, *predicted))
    kinds = dict.fromkeys(
        f"{p.outcome}: {' → '.join(dict.fromkeys(e.label for e in p.entities))}" for p in errors
    )
    return ShownSentence(
        *(marked(text, entities, tone_of, wrong, kept) for entities in (gold, predicted)),
        tuple(kinds),
    )


def excerpts(text: str, around: Sequence[Entity], whole: Sequence[Entity]) -> list[tuple[int, int]]:
    """The parts of `text` to show: all of a short one, the relevant parts of a long one.

    Args:
        text: the sentence.
        around: entities whose surroundings are shown; without any, the beginning is shown.
        whole: entities that must not be cut.

    Returns:
        (start, end) of each part, ascending, without overlap.
    """
    if len(text) <= _MAX_SENTENCE_LENGTH:
        return [(0, len(text))]
    kept = [False] * len(text)
    for start, end, _ in around or [Entity(0, _MAX_SENTENCE_LENGTH - _AROUND, "")]:
        low, high = max(start - _AROUND, 0), min(end + _AROUND, len(text))
        kept[low:high] = [True] * (high - low)
    while cut := [e for e in whole if 0 < sum(kept[e.start : e.end]) < e.end - e.start]:
        for start, end, _ in cut:
            kept[start:end] = [True] * (end - start)
    found, start = [], None
    for at, inside in enumerate([*kept, False]):
        if inside and start is None:
            start = at
        elif not inside and start is not None:
            found.append((start, at))
            start = None
    return found


def marked(
    text: str,
    entities: Sequence[Entity],
    tone_of: dict[str, int],
    wrong: Collection[Entity] = (),
    shown: Sequence[tuple[int, int]] | None = None,
) -> list[MarkedSpan]:
    """The sentence as spans, each entity in the colour of its label.

    Args:
        text: the sentence.
        entities: must not overlap.
        tone_of: label -> colour, from `tones`.
        wrong: entities that get a cross.
        shown: parts of the text, from `excerpts`, which cut no entity; None: all of it.
    """
    spans = []
    entities = sorted(entities)
    for low, high in [(0, len(text))] if shown is None else shown:
        if low > 0:
            spans.append(MarkedSpan(_CUT if not spans else f" {_CUT} "))
        at = low
        first, behind = (bisect_left(entities, edge, key=_start) for edge in (low, high))
        for entity in entities[first:behind]:
            spans.append(MarkedSpan(text[at : entity.start]))
            label = f"{entity.label} ✗" if entity in wrong else entity.label
            spans.append(MarkedSpan(_short(text, entity), label, tone_of[entity.label]))
            at = entity.end
        spans.append(MarkedSpan(text[at:high]))
    if shown and shown[-1][1] < len(text):
        spans.append(MarkedSpan(_CUT))
    return [span for span in spans if span.text]


def _short(text: str, entity: Entity) -> str:
    surface = text[entity.start : entity.end]
    if len(surface) <= _MAX_ENTITY_LENGTH:
        return surface
    half = _MAX_ENTITY_LENGTH // 2
    return f"{surface[:half]}{_CUT}{surface[-half:]}"
