"""Pairs gold entities with predicted ones, and tells what is wrong with each pair."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline.corpora.annotated.entities import Entity


class Outcome(enum.StrEnum):
    """The outcome of an entity; every gold and every predicted entity has exactly one."""

    RIGHT = "right"
    WRONG_TYPE = "wrong type"
    WRONG_BOUNDARY = "wrong boundary"
    WRONG_BOTH = "wrong type and boundary"
    MISSED = "missed"
    SPURIOUS = "spurious"


class EntityPair(NamedTuple):
    """A gold entity and the predicted entity that it is paired with.

    `gold` is None for a spurious prediction, `predicted` is None for a missed entity.
    """

    outcome: Outcome
    gold: Entity | None
    predicted: Entity | None

    @property
    def start(self) -> int:
        return min(entity.start for entity in self.entities)

    @property
    def entities(self) -> list[Entity]:
        """The one or two entities of the pair."""
        return [entity for entity in (self.gold, self.predicted) if entity is not None]


def pair_up(gold: Sequence[Entity], predicted: Sequence[Entity]) -> list[EntityPair]:
    """Pairs the entities of one sentence, each used once, in the order of their positions.

    Equal spans come first: right, or of a wrong type. Among the others an overlap with the same
    label is a wrong boundary; an overlap with another label is wrong in both; what remains is
    missed or spurious. Where there is a choice, the larger overlap wins, then the earlier one.
    (The distinctions of SemEval-2013 task 9.1: Segura-Bedmar et al. 2013, section 4.)

    Args:
        gold, predicted: neither has two entities that overlap.
    """
    wanted, given = sorted(gold), sorted(predicted)
    if wanted == given:
        return [EntityPair(Outcome.RIGHT, entity, entity) for entity in wanted]
    ranked = []
    for i, j in _overlaps(wanted, given):
        one, other = wanted[i], given[j]
        outcome = _outcome(one, other)
        overlap = min(one.end, other.end) - max(one.start, other.start)
        ranked.append((_RANK[outcome], -overlap, i, j, outcome))
    pairs, used, taken = [], set(), set()
    for _, _, i, j, outcome in sorted(ranked):
        if i not in used and j not in taken:
            used.add(i)
            taken.add(j)
            pairs.append(EntityPair(outcome, wanted[i], given[j]))
    pairs += [EntityPair(Outcome.MISSED, e, None) for i, e in enumerate(wanted) if i not in used]
    pairs += [EntityPair(Outcome.SPURIOUS, None, e) for j, e in enumerate(given) if j not in taken]
    return sorted(pairs, key=lambda pair: pair.start)


def _overlaps(first: Sequence[Entity], second: Sequence[Entity]) -> Iterator[tuple[int, int]]:
    """Pairs of entities of two ascending sequences that share a character, in linear time."""
    j = 0
    for i, one in enumerate(first):
        while j < len(second) and second[j].end <= one.start:
            j += 1
        k = j
        while k < len(second) and second[k].start < one.end:
            yield i, k
            k += 1


_RANK = {
    Outcome.RIGHT: 0,
    Outcome.WRONG_TYPE: 0,
    Outcome.WRONG_BOUNDARY: 1,
    Outcome.WRONG_BOTH: 2,
}


def _outcome(gold: Entity, predicted: Entity) -> Outcome:
    if gold[:2] == predicted[:2]:
        return Outcome.RIGHT if gold == predicted else Outcome.WRONG_TYPE
    if gold.label == predicted.label:
        return Outcome.WRONG_BOUNDARY
    return Outcome.WRONG_BOTH
