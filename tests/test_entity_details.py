"""How entities are paired and grouped, and which sentences are shown."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.annotated.entities import Entity
from pipeline.evaluation.entities import evaluate_entities
from pipeline.evaluation.entity_pairs import EntityPair, Outcome, pair_up

LABELS = ("PS", "LC", "OG")


def test_pairs_prefer_the_same_span_then_the_same_label_then_the_larger_overlap():
    gold = [Entity(0, 4, "PS"), Entity(4, 9, "PS")]
    # 3-8 overlaps the second more; 8-9 is then left over
    assert pair_up(gold, [Entity(3, 8, "PS"), Entity(8, 9, "LC")]) == [
        EntityPair(Outcome.MISSED, gold[0], None),
        EntityPair(Outcome.WRONG_BOUNDARY, gold[1], Entity(3, 8, "PS")),
        EntityPair(Outcome.SPURIOUS, None, Entity(8, 9, "LC")),
    ]
    # the same label wins over a larger overlap with another
    assert pair_up([Entity(0, 6, "PS")], [Entity(0, 1, "PS"), Entity(1, 6, "LC")]) == [
        EntityPair(Outcome.WRONG_BOUNDARY, Entity(0, 6, "PS"), Entity(0, 1, "PS")),
        EntityPair(Outcome.SPURIOUS, None, Entity(1, 6, "LC")),
    ]
    touching = pair_up([Entity(0, 2, "PS")], [Entity(2, 4, "PS")])
    assert [pair.outcome for pair in touching] == [Outcome.MISSED, Outcome.SPURIOUS]


SPANS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 4), st.sampled_from(LABELS)), max_size=9
)


def laid_out(spans) -> list[Entity]:
    """Entities that do not overlap, from gaps and lengths."""
    found, at = [], 0
    for gap, length, label in spans:
        found.append(Entity(at + gap, at + gap + length, label))
        at = found[-1].end
    return found


@given(SPANS, SPANS)
def test_every_entity_is_in_one_pair_and_what_overlaps_is_paired(first, second):
    gold, predicted = laid_out(first), laid_out(second)
    pairs = pair_up(gold, predicted)
    assert sorted(pair.gold for pair in pairs if pair.gold) == gold
    assert sorted(pair.predicted for pair in pairs if pair.predicted) == predicted
    missed = [pair.gold for pair in pairs if pair.outcome is Outcome.MISSED]
    spurious = [pair.predicted for pair in pairs if pair.outcome is Outcome.SPURIOUS]
    assert not any(m.start < s.end and s.start < m.end for m in missed for s in spurious)


def test_a_text_with_tens_of_thousands_of_entities():
    """Comparing each with each would be 900 million comparisons."""
    gold = laid_out([(1, 2, "PS")] * 30_000)
    predicted = [entity._replace(end=entity.end + i % 2) for i, entity in enumerate(gold)]
    counted = Counter(pair.outcome for pair in pair_up(gold, predicted))
    assert counted == {Outcome.RIGHT: 15_000, Outcome.WRONG_BOUNDARY: 15_000}


def test_entities_that_training_showed_showed_otherwise_or_never():
    texts = ["서울 부산 한강", "서울 제주"]
    gold = [[Entity(0, 2, "LC"), Entity(3, 5, "OG"), Entity(6, 8, "LC")], [Entity(3, 5, "LC")]]
    predicted = [[Entity(0, 2, "LC"), Entity(3, 5, "LC")], [Entity(0, 2, "OG"), Entity(3, 5, "LC")]]
    metrics = evaluate_entities(texts, gold, predicted, LABELS, {("서울", "LC"), ("부산", "LC")})
    this, other, never = metrics.by_training
    assert (this.gold, this.predicted, this.right) == (1, 2, 1)
    assert (other.gold, other.predicted, other.right) == (1, 1, 0)
    assert (never.gold, never.predicted, never.right) == (2, 1, 1)
    assert never.recall == 0.5
    assert never.precision == 1
    assert evaluate_entities(texts, gold, predicted, LABELS).by_training is None


def test_length_buckets_double():
    texts = ["가" * 16, "가" * 17, "가" * 32, "가" * 100]
    gold = [[Entity(0, 2, "PS")], [Entity(0, 3, "PS")], [Entity(0, 4, "PS")], [Entity(0, 90, "PS")]]
    metrics = evaluate_entities(texts, gold, gold, LABELS)
    assert [(s.name, s.gold) for s in metrics.by_sentence_length] == [
        ("up to 16", 1),
        ("17–32", 2),
        ("65–128", 1),
    ]
    assert [(s.name, s.gold) for s in metrics.by_entity_length] == [
        ("up to 2", 1),
        ("3–4", 2),
        ("65–128", 1),
    ]


def test_sentences_to_read_begin_with_the_commonest_error():
    texts = [f"{k}번째 서울" for k in range(10)] + ["부산시", "부산시", "제주도에"]
    gold = [[Entity(4, 6, "LC")]] * 10 + [[Entity(0, 3, "LC")]] * 2 + [[Entity(0, 3, "LC")]]
    predicted = [[]] * 10 + [[Entity(0, 2, "LC")]] * 2 + [[Entity(0, 3, "LC")]]
    metrics = evaluate_entities(texts, gold, predicted, LABELS)
    shown = [sentence.text for sentence in metrics.wrong_sentences]
    assert shown[:2] == ["0번째 서울", "부산시"]
    assert sorted(shown) == sorted(set(texts) - {"제주도에"})
    assert [sentence.text for sentence in metrics.right_sentences] == ["제주도에"]


def test_right_sentences_with_new_names_come_first():
    texts = ["서울과 부산", "제주에 감"]
    gold = [[Entity(0, 2, "LC"), Entity(4, 6, "LC")], [Entity(0, 2, "LC")]]
    metrics = evaluate_entities(texts, gold, gold, LABELS, {("서울", "LC"), ("부산", "OG")})
    assert [s.index for s in metrics.right_sentences] == [1, 0]
