"""Metrics for any model that finds entities in sentences."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Collection, Sequence

import numpy as np

from pipeline.corpora.annotated.entities import Entity
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.evaluation import entity_examples
from pipeline.evaluation.entity_examples import Confusion, MarkedSentence, OutcomeCount
from pipeline.evaluation.entity_pairs import EntityPair, Outcome, pair_up
from pipeline.evaluation.entity_scores import (
    EntityScores,
    Intervals,
    character_counts,
    f1,
    f1_intervals,
    macro_f1,
)

NONE = "(none)"
_WRONG_SENTENCES, _RIGHT_SENTENCES = 60, 20
_SEEN = ("seen with this label", "seen with other labels only", "never seen")


@dataclasses.dataclass(frozen=True)
class EntityMetrics:
    """The metrics of a tagger on a test set. A ratio with denominator 0 is 0, as in `EntityScores`.

    An entity is right when a gold one has the same start, end and label: what seqeval calls
    mode="strict", scheme=IOB2.

    Attributes:
        count: sentences in the test set.
        labels: what kinds of entity there are.
        overall: precision, recall and F1 over all entities (micro), F1 with its 95 % interval.
        macro_f1: mean F1 over the labels that occur as gold or as prediction;
            KLUE-baseline's `klue_ner_entity_macro_f1` / 100. (KLUE compares spans after taking
            the blanks out; it differs only for an entity that begins or ends with one.)
        macro_low, macro_high: its 95 % interval.
        character_f1: micro F1 of the tags B-x and I-x over characters that are not white space.
        character_macro_f1: mean F1 over the tags B-x, I-x *and O*, white space left out. This is
            KLUE-baseline's `klue_ner_char_macro_f1` / 100 (klue_baseline/metrics/functional.py at
            443c38b: its docstring says "except O tag", but O is in the label list that it hands
            to scikit-learn). Two differences: KLUE also counts the [CLS] and [SEP] of each
            sentence as two O, and gives a tag that never occurs an F1 of 1; here such a tag is
            left out, which is the same wherever all tags occur, as in KLUE-NER.
        character_macro_f1_without_o: the same mean over the tags B-x and I-x alone.
        sentence_accuracy: share of sentences whose predicted entities are exactly the gold ones,
            sentences without any included.
        per_label: scores of each label, F1 with its 95 % interval.
        per_character_tag: scores of O, B-x, I-x that occur.
        outcomes: how many entities were right, or wrong in which way; see `Outcome`.
        outcomes_by_label: label -> counts in the order of `Outcome`; a spurious entity counts
            for the label it was given, every other for its gold label.
        confusion: rows gold, columns predicted, counts; the last of each is "(none)". Entities
            are paired by `pair_up`, so a wrong boundary with the right label is on the diagonal.
        confusions: one label given for another, the commonest first.
        by_training: test entities by whether their text was an entity in training; None where
            the training entities were not given. Gold and predicted entities are each put where
            their own text and label belong.
        by_sentence_length, by_entity_length: in buckets of characters; empty ones left out.
        wrong_sentences, right_sentences: worth reading, the most instructive first.
    """

    count: int
    labels: tuple[str, ...]
    overall: EntityScores
    macro_f1: float
    macro_low: float
    macro_high: float
    character_f1: float
    character_macro_f1: float
    character_macro_f1_without_o: float
    sentence_accuracy: float
    per_label: tuple[EntityScores, ...]
    per_character_tag: tuple[EntityScores, ...]
    outcomes: tuple[OutcomeCount, ...]
    outcomes_by_label: dict[str, tuple[int, ...]]
    confusion: tuple[tuple[int, ...], ...]
    confusions: tuple[Confusion, ...]
    by_training: tuple[EntityScores, ...] | None
    by_sentence_length: tuple[EntityScores, ...]
    by_entity_length: tuple[EntityScores, ...]
    wrong_sentences: tuple[MarkedSentence, ...]
    right_sentences: tuple[MarkedSentence, ...]

    @property
    def f1(self) -> float:
        return self.overall.f1

    @property
    def precision(self) -> float:
        return self.overall.precision

    @property
    def recall(self) -> float:
        return self.overall.recall

    @property
    def summary(self) -> str:
        """One line for the terminal."""
        return (
            f"test entity F1 {100 * self.f1:.2f} % (precision {100 * self.precision:.1f}, "
            f"recall {100 * self.recall:.1f}; {counted(self.count, 'sentence')}, "
            f"{counted(self.overall.gold, 'entity', 'entities')})"
        )

    def to_json(self) -> dict:
        """Plain dicts, lists, strings, numbers and None, headline figures first."""
        headline = {
            "summary": self.summary,
            "f1": self.f1,
            "f1_low": self.overall.low,
            "f1_high": self.overall.high,
            "precision": self.precision,
            "recall": self.recall,
        }
        # JSON has no tuples: what comes back is what a reader of the file gets
        return headline | json.loads(json.dumps(dataclasses.asdict(self)))


def evaluate_entities(
    texts: Sequence[str],
    gold: Sequence[Sequence[Entity]],
    predicted: Sequence[Sequence[Entity]],
    labels: Sequence[str],
    training_entities: Collection[tuple[str, str]] | None = None,
) -> EntityMetrics:
    """Measures a finder of entities on a test set.

    Args:
        texts: n sentences.
        gold, predicted: for each sentence its entities, in any order, none overlapping another.
        labels: the kinds of entity, in the order of tables; others that occur are appended.
        training_entities: (text of the entity, label) of the training split, under the same
            text policy as `texts`. None leaves out `by_training`.

    Raises:
        UserError: there is no sentence to measure on.
        ValueError: entities overlap, are empty or lie outside of their sentence.
    """
    _check(texts, gold, predicted)
    labels = _all_labels(labels, gold, predicted)
    counts = _sentence_counts(gold, predicted, labels)
    by_label = counts.sum(axis=0)
    intervals = f1_intervals(counts)
    tags = character_counts(texts, gold, predicted, labels)
    pairs = [pair_up(*both) for both in zip(gold, predicted, strict=True)]
    known = None if training_entities is None else set(training_entities)
    surfaces = {surface for surface, _ in known or ()}
    exact = sum(all(p.outcome is Outcome.RIGHT for p in of_text) for of_text in pairs)
    wrong = entity_examples.instructive(pairs, texts, _WRONG_SENTENCES)
    right = entity_examples.impressive(
        pairs, texts, lambda s: known is not None and s not in surfaces, _RIGHT_SENTENCES
    )
    return EntityMetrics(
        count=len(texts),
        labels=labels,
        overall=EntityScores.of("all", by_label.sum(axis=0), intervals.micro),
        macro_f1=macro_f1(by_label),
        macro_low=intervals.macro[0],
        macro_high=intervals.macro[1],
        character_f1=float(f1(tags[1:].sum(axis=0))),
        character_macro_f1=macro_f1(tags),
        character_macro_f1_without_o=macro_f1(tags[1:]),
        sentence_accuracy=exact / len(texts),
        per_label=_per_label(labels, by_label, intervals),
        per_character_tag=_occurring(_tag_names(labels), tags),
        outcomes=entity_examples.outcomes(texts, pairs),
        outcomes_by_label=_outcomes_by_label(pairs, labels),
        confusion=_confusion(pairs, labels),
        confusions=entity_examples.confusions(texts, pairs),
        by_training=None if known is None else _by_training(texts, gold, predicted, known),
        by_sentence_length=_by_length(gold, predicted, 16, lambda i, _: len(texts[i])),
        by_entity_length=_by_length(gold, predicted, 2, lambda _, e: e.end - e.start),
        wrong_sentences=tuple(_marked(i, texts, gold, predicted) for i in wrong),
        right_sentences=tuple(_marked(i, texts, gold, predicted) for i in right),
    )


def _sentence_counts(gold, predicted, labels) -> np.ndarray:
    """int [sentences, labels, 3]: gold, predicted, right."""
    ids = {label: k for k, label in enumerate(labels)}
    n, k = len(gold), len(labels)
    return _grouped(gold, predicted, lambda i, e: i * k + ids[e.label], n * k).reshape(n, k, 3)


def _per_label(labels, by_label: np.ndarray, intervals: Intervals) -> tuple[EntityScores, ...]:
    rows = zip(labels, by_label, intervals.labels, strict=True)
    return tuple(EntityScores.of(label, row, interval) for label, row, interval in rows)


def _occurring(names: Sequence[str], counts: np.ndarray) -> tuple[EntityScores, ...]:
    return tuple(
        EntityScores.of(name, row) for name, row in zip(names, counts, strict=True) if row[:2].any()
    )


def _tag_names(labels: Sequence[str]) -> list[str]:
    return ["O"] + [f"{prefix}-{label}" for label in labels for prefix in "BI"]


def _outcomes_by_label(pairs: Sequence[Sequence[EntityPair]], labels) -> dict[str, tuple[int, ...]]:
    table = {label: dict.fromkeys(Outcome, 0) for label in labels}
    for of_text in pairs:
        for pair in of_text:
            table[(pair.gold or pair.predicted).label][pair.outcome] += 1
    return {label: tuple(row.values()) for label, row in table.items()}


def _confusion(pairs: Sequence[Sequence[EntityPair]], labels) -> tuple[tuple[int, ...], ...]:
    ids = {label: k for k, label in enumerate(labels)}
    none = len(labels)
    table = np.zeros((none + 1, none + 1), np.int64)
    for of_text in pairs:
        for _, wanted, given in of_text:
            row = none if wanted is None else ids[wanted.label]
            table[row, none if given is None else ids[given.label]] += 1
    return tuple(map(tuple, table.tolist()))


def _grouped(gold, predicted, group: Callable[[int, Entity], int], groups: int) -> np.ndarray:
    """Counts int [groups, 3]; `group` gives the group of a gold or predicted entity of sentence
    i."""
    counts = np.zeros((groups, 3), np.int64)
    for i, (wanted, given) in enumerate(zip(gold, predicted, strict=True)):
        for column, entities in enumerate((wanted, given, set(wanted) & set(given))):
            for entity in entities:
                counts[group(i, entity), column] += 1
    return counts


def _by_training(texts, gold, predicted, known: set[tuple[str, str]]) -> tuple[EntityScores, ...]:
    surfaces = {surface for surface, _ in known}

    def group(i: int, entity: Entity) -> int:
        surface = texts[i][entity.start : entity.end]
        if (surface, entity.label) in known:
            return 0
        return 1 if surface in surfaces else 2

    counts = _grouped(gold, predicted, group, len(_SEEN))
    return tuple(EntityScores.of(name, row) for name, row in zip(_SEEN, counts, strict=True))


def _by_length(
    gold, predicted, first: int, length: Callable[[int, Entity], int]
) -> tuple[EntityScores, ...]:
    """Scores in buckets of length that double: up to `first` characters, up to twice as many, and
    so on."""
    names = [f"up to {first}"]
    while len(names) < 24:
        low = first * 2 ** (len(names) - 1)
        names.append(f"{low + 1}–{2 * low}")

    def group(i: int, entity: Entity) -> int:
        return min(((length(i, entity) - 1) // first).bit_length(), len(names) - 1)

    return _occurring(names, _grouped(gold, predicted, group, len(names)))


def _marked(i: int, texts, gold, predicted) -> MarkedSentence:
    return MarkedSentence(i, texts[i], tuple(sorted(gold[i])), tuple(sorted(predicted[i])))


def _all_labels(labels: Sequence[str], *annotations) -> tuple[str, ...]:
    used = {e.label for sentences in annotations for entities in sentences for e in entities}
    return (*dict.fromkeys(labels), *sorted(used - set(labels)))


def _check(texts, gold, predicted) -> None:
    if not texts:
        raise UserError("the test split is empty", remedy="give a corpus with more sentences")
    if not len(texts) == len(gold) == len(predicted):
        raise ValueError(f"{len(texts)} texts, {len(gold)} gold and {len(predicted)} predicted")
    for name, sentences in (("gold", gold), ("predicted", predicted)):
        for i, (text, entities) in enumerate(zip(texts, sentences, strict=True)):
            reached = 0
            for start, end, label in sorted(entities):
                if not reached <= start < end <= len(text):
                    raise ValueError(
                        f"{name} entity {start}-{end}:{label} of sentence {i} is empty, overlaps "
                        f"another or is not within its {len(text)} characters"
                    )
                reached = end
