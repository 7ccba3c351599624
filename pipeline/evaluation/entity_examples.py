"""Error analysis of entities: kinds of errors, confusions, and example sentences."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from pipeline.corpora.annotated.entities import Entity
from pipeline.evaluation.entity_pairs import EntityPair, Outcome

_EXAMPLES = 5  # of one kind of error, or of one confusion
_CLEAR = 45  # characters of a sentence that is neither bare nor long


@dataclasses.dataclass(frozen=True)
class ErrorExample:
    """One error and how often it occurs; the gold or the predicted side may be None."""

    gold: str | None
    gold_label: str | None
    predicted: str | None
    predicted_label: str | None
    count: int


@dataclasses.dataclass(frozen=True)
class OutcomeCount:
    """The number of entities with one outcome, and the most frequent examples."""

    name: str
    count: int
    examples: tuple[ErrorExample, ...]


@dataclasses.dataclass(frozen=True)
class Confusion:
    """A label predicted in place of another, on the same span or an overlapping one."""

    gold_label: str
    predicted_label: str
    count: int
    examples: tuple[ErrorExample, ...]


@dataclasses.dataclass(frozen=True)
class MarkedSentence:
    """A sentence of the test set with its gold and its predicted entities."""

    index: int
    text: str
    gold: tuple[Entity, ...]
    predicted: tuple[Entity, ...]


def outcomes(
    texts: Sequence[str], pairs: Sequence[Sequence[EntityPair]]
) -> tuple[OutcomeCount, ...]:
    """Counts of every `Outcome`, in its order."""
    found = _collected(texts, pairs, lambda pair: pair.outcome)
    return tuple(OutcomeCount(str(kind), *_counted(found[kind])) for kind in Outcome)


def confusions(
    texts: Sequence[str], pairs: Sequence[Sequence[EntityPair]]
) -> tuple[Confusion, ...]:
    """Pairs of a gold label and another predicted one, the most frequent first."""

    def labels(pair: EntityPair) -> tuple[str, str] | None:
        if pair.outcome in (Outcome.WRONG_TYPE, Outcome.WRONG_BOTH):
            return pair.gold.label, pair.predicted.label
        return None

    found = _collected(texts, pairs, labels)
    found.pop(None, None)
    rows = [Confusion(*key, *_counted(examples)) for key, examples in found.items()]
    return tuple(sorted(rows, key=lambda row: (-row.count, row.gold_label, row.predicted_label)))


def _collected(texts, pairs, key: Callable) -> dict[object, Counter]:
    """For each key of a pair: its (surface and label of both sides), counted."""
    found = defaultdict(Counter)
    for text, of_text in zip(texts, pairs, strict=True):
        for pair in of_text:
            found[key(pair)][_side(text, pair.gold) + _side(text, pair.predicted)] += 1
    return found


def _side(text: str, entity: Entity | None) -> tuple[str | None, str | None]:
    return (None, None) if entity is None else (text[entity.start : entity.end], entity.label)


def _counted(examples: Counter) -> tuple[int, tuple[ErrorExample, ...]]:
    commonest = examples.most_common(_EXAMPLES)
    return examples.total(), tuple(ErrorExample(*sides, count) for sides, count in commonest)


def instructive(
    pairs: Sequence[Sequence[EntityPair]], texts: Sequence[str], count: int
) -> list[int]:
    """The sentences with errors that are most worth reading, the most instructive first.

    An error's pattern is its outcome and its two labels. The commonest pattern comes first, shown
    by its clearest sentence (fewest errors, then nearest to 45 characters: long enough for some
    context), then the next pattern, and so on; then every pattern's second clearest sentence. No
    text comes twice.
    """
    errors, having = Counter(), defaultdict(list)
    for index, of_text in enumerate(pairs):
        patterns = [_pattern(pair) for pair in of_text if pair.outcome is not Outcome.RIGHT]
        errors.update(patterns)
        for pattern in dict.fromkeys(patterns):
            having[pattern].append((len(patterns), abs(len(texts[index]) - _CLEAR), index))
    queues = [iter(sorted(having[pattern])) for pattern, _ in errors.most_common()]
    chosen, shown = [], set()
    while queues and len(chosen) < count:
        for queue in list(queues):
            fresh = (i for _, _, i in queue if texts[i] not in shown)
            index = next(fresh, None)
            if index is None:
                queues.remove(queue)
            elif len(chosen) < count:
                chosen.append(index)
                shown.add(texts[index])
    return chosen


def _pattern(pair: EntityPair) -> tuple:
    return (
        pair.outcome,
        pair.gold and pair.gold.label,
        pair.predicted and pair.predicted.label,
    )


def impressive(
    pairs: Sequence[Sequence[EntityPair]],
    texts: Sequence[str],
    is_new: Callable[[str], bool],
    count: int,
) -> list[int]:
    """The sentences without errors that are most worth reading: most new names, then most labels,
    then shortest.

    Args:
        is_new: whether a surface never stood in training as an entity.
    """
    ranked = []
    for index, of_text in enumerate(pairs):
        if of_text and all(pair.outcome is Outcome.RIGHT for pair in of_text):
            text = texts[index]
            new = {text[p.gold.start : p.gold.end] for p in of_text}
            labels = {p.gold.label for p in of_text}
            ranked.append((-sum(map(is_new, new)), -len(labels), len(text), index))
    first = {}
    for *_, index in sorted(ranked):
        first.setdefault(texts[index], index)
    return list(first.values())[:count]
