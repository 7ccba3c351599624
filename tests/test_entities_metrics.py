"""Entity metrics against seqeval, scikit-learn, brute force and cases counted by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import classification_report as seqeval_report
from seqeval.metrics import f1_score as seqeval_f1
from seqeval.scheme import IOB2
from sklearn import metrics as sk

from pipeline.corpora.annotated.entities import Entity
from pipeline.errors import UserError
from pipeline.evaluation.entities import NONE, evaluate_entities
from pipeline.evaluation.entity_pairs import Outcome
from pipeline.evaluation.entity_scores import entity_scores, f1_intervals

LABELS = ("PS", "LC", "OG")
ALPHABET = "가나다라 ab1\t"


@st.composite
def annotation(draw, length: int) -> list[Entity]:
    """Entities that do not overlap within `length` characters."""
    cuts = sorted(draw(st.sets(st.integers(0, length), max_size=8)))
    spans = list(zip(cuts, cuts[1:], strict=False))
    kept = [draw(st.sampled_from((None, *LABELS))) for _ in spans]
    return [Entity(*span, label) for span, label in zip(spans, kept, strict=True) if label]


@st.composite
def annotated_sets(draw):
    """(texts, gold, predicted); predictions agree with gold more often than chance."""
    texts = draw(st.lists(st.text(ALPHABET, max_size=14), min_size=1, max_size=5))
    gold = [draw(annotation(len(text))) for text in texts]
    predicted = [
        draw(st.one_of(st.just(wanted), annotation(len(text))))
        for text, wanted in zip(texts, gold, strict=True)
    ]
    return texts, gold, predicted


def iob2(length: int, entities) -> list[str]:
    tags = ["O"] * length
    for start, end, label in entities:
        tags[start] = f"B-{label}"
        tags[start + 1 : end] = [f"I-{label}"] * (end - start - 1)
    return tags


def sequences(texts, annotations) -> list[list[str]]:
    return [iob2(len(text), entities) for text, entities in zip(texts, annotations, strict=True)]


def compare_with_seqeval(texts, gold, predicted):
    metrics = evaluate_entities(texts, gold, predicted, LABELS)
    if not any(gold) and not any(predicted):
        assert (metrics.f1, metrics.macro_f1) == (0, 0)
        return
    table = seqeval_report(
        sequences(texts, gold),
        sequences(texts, predicted),
        output_dict=True,
        mode="strict",
        scheme=IOB2,
        zero_division=0,
    )
    for scores in metrics.per_label:
        if scores.gold or scores.predicted:
            row = table[scores.name]
            assert scores.precision == pytest.approx(row["precision"])
            assert scores.recall == pytest.approx(row["recall"])
            assert scores.f1 == pytest.approx(row["f1-score"])
            assert scores.gold == row["support"]
        else:
            assert scores.name not in table
    micro = table["micro avg"]
    assert metrics.precision == pytest.approx(micro["precision"])
    assert metrics.recall == pytest.approx(micro["recall"])
    assert metrics.f1 == pytest.approx(micro["f1-score"])
    assert metrics.macro_f1 == pytest.approx(table["macro avg"]["f1-score"])


def characters(texts, annotations) -> list[str]:
    """One tag for each character that is no blank, the first of an entity being B."""
    found = []
    for text, entities in zip(texts, annotations, strict=True):
        for at, character in enumerate(text):
            if character in " \t":
                continue
            (inside,) = [e for e in entities if e.start <= at < e.end] or [None]
            if inside is None:
                found.append("O")
            else:
                first = not text[inside.start : at].strip()
                found.append(("B-" if first else "I-") + inside.label)
    return found


FIXED = (
    ["문 대표는 서울에 갔다.", "삼성전자가 수원에서", "없음", "이순신"],
    [
        [Entity(0, 1, "PS"), Entity(6, 8, "LC")],
        [Entity(0, 4, "OG"), Entity(6, 8, "LC")],
        [],
        [Entity(0, 3, "PS")],
    ],
    [
        [Entity(0, 1, "PS"), Entity(6, 8, "OG")],  # right, wrong type
        [Entity(0, 2, "OG"), Entity(5, 8, "PS")],  # wrong boundary, wrong both
        [Entity(0, 2, "PS")],  # spurious
        [],  # missed
    ],
)


def test_a_case_counted_by_hand():
    metrics = evaluate_entities(*FIXED, LABELS)
    assert metrics.overall.gold == 5
    assert metrics.overall.predicted == 5
    assert metrics.overall.right == 1
    assert (metrics.precision, metrics.recall, metrics.f1) == pytest.approx((0.2, 0.2, 0.2))
    # PS: gold 2, predicted 3, right 1 -> F1 2/5; LC: 0 of 2; OG: 0 of 1
    assert [s.f1 for s in metrics.per_label] == pytest.approx([0.4, 0, 0])
    assert metrics.macro_f1 == pytest.approx(0.4 / 3)
    assert metrics.sentence_accuracy == 0
    assert {row.name: row.count for row in metrics.outcomes} == dict.fromkeys(map(str, Outcome), 1)
    assert metrics.confusion == (
        (1, 0, 0, 1),  # PS: once right, once missed
        (1, 0, 1, 0),  # LC: once as PS, once as OG
        (0, 0, 1, 0),  # OG: right label, boundary off
        (1, 0, 0, 0),  # none: spurious PS
    )
    assert [(c.gold_label, c.predicted_label) for c in metrics.confusions] == [
        ("LC", "OG"),
        ("LC", "PS"),
    ]
    (example,) = metrics.confusions[1].examples
    assert (example.gold, example.predicted, example.count) == ("수원", " 수원", 1)
    assert metrics.outcomes_by_label["LC"] == (0, 1, 0, 1, 0, 0)
    compare_with_seqeval(*FIXED)


@given(annotated_sets())
def test_same_as_seqeval_in_strict_mode(case):
    compare_with_seqeval(*case)


@given(annotated_sets())
def test_the_scores_of_training_are_those_of_the_evaluation(case):
    texts, gold, predicted = case
    metrics = evaluate_entities(texts, gold, predicted, LABELS)
    assert entity_scores(gold, predicted) == {
        "f1": metrics.f1,
        "precision": metrics.precision,
        "recall": metrics.recall,
    }


@given(annotated_sets())
def test_character_f1_is_scikit_learns(case):
    texts, gold, predicted = case
    metrics = evaluate_entities(texts, gold, predicted, LABELS)
    true, answer = characters(texts, gold), characters(texts, predicted)
    if not true:
        assert metrics.character_macro_f1 == 0
        return
    # without `labels`, the mean is over the tags that occur as gold or as prediction
    expected = sk.f1_score(true, answer, average="macro", zero_division=0)
    assert metrics.character_macro_f1 == pytest.approx(expected)
    inside = sorted((set(true) | set(answer)) - {"O"})
    without = {"labels": inside, "zero_division": 0}
    assert metrics.character_f1 == pytest.approx(
        sk.f1_score(true, answer, average="micro", **without) if inside else 0
    )
    assert metrics.character_macro_f1_without_o == pytest.approx(
        sk.f1_score(true, answer, average="macro", **without) if inside else 0
    )


def test_both_macro_f1_are_klues_where_all_tags_occur():
    """As klue_baseline/metrics/functional.py at 443c38b calls seqeval and scikit-learn."""
    rng = np.random.default_rng(0)
    tags = ["O"] + [f"{prefix}-{label}" for label in LABELS for prefix in "BI"]
    texts, gold, predicted = [], [], []
    for _ in range(60):
        words = ["".join(rng.choice(list("가나다라마"), 3)) for _ in range(6)]
        texts.append(" ".join(words))
        sides = [
            [Entity(4 * k, 4 * k + 2, LABELS[k % 3]) for k in range(6) if rng.random() < 0.7]
            for _ in range(2)
        ]
        gold.append(sides[0])
        predicted.append([e._replace(label=LABELS[rng.integers(3)]) for e in sides[1]])
    metrics = evaluate_entities(texts, gold, predicted, LABELS)
    true, answer = characters(texts, gold), characters(texts, predicted)
    entity = seqeval_f1([true], [answer], average="macro", mode="strict", scheme=IOB2)
    ids = [[tags.index(tag) for tag in side] for side in (true, answer)]
    character = sk.f1_score(
        *ids, labels=list(range(len(tags))), average="macro", zero_division=True
    )
    assert 0 < entity < 1
    assert metrics.macro_f1 == pytest.approx(entity)
    assert metrics.character_macro_f1 == pytest.approx(character)


@given(annotated_sets())
def test_every_entity_ends_in_exactly_one_way(case):
    texts, gold, predicted = case
    metrics = evaluate_entities(texts, gold, predicted, LABELS)
    count = {row.name: row.count for row in metrics.outcomes}
    paired = sum(count.values()) - count["missed"] - count["spurious"]
    assert paired + count["missed"] == metrics.overall.gold
    assert paired + count["spurious"] == metrics.overall.predicted
    assert count["right"] == metrics.overall.right
    assert np.sum(metrics.confusion, axis=1)[:-1].tolist() == [s.gold for s in metrics.per_label]
    assert np.sum(metrics.confusion, axis=0)[:-1].tolist() == [
        s.predicted for s in metrics.per_label
    ]
    assert np.sum(list(metrics.outcomes_by_label.values()), axis=0).tolist() == list(count.values())
    assert sum(c.count for c in metrics.confusions) == (
        count["wrong type"] + count["wrong type and boundary"]
    )
    for groups in (metrics.by_sentence_length, metrics.by_entity_length):
        assert sum(s.gold for s in groups) == metrics.overall.gold
        assert sum(s.predicted for s in groups) == metrics.overall.predicted
        assert sum(s.right for s in groups) == metrics.overall.right


@given(annotated_sets())
def test_a_perfect_prediction_is_perfect_everywhere(case):
    texts, gold, _ = case
    metrics = evaluate_entities(texts, gold, gold, LABELS, {("가", "PS")})
    assert metrics.sentence_accuracy == 1
    assert not metrics.confusions
    assert not metrics.wrong_sentences
    found = [metrics.overall, *metrics.per_label, *metrics.by_training, *metrics.by_entity_length]
    for scores in found:
        if scores.gold:
            assert (scores.precision, scores.recall, scores.f1) == (1, 1, 1)
    assert metrics.macro_f1 == (1 if any(gold) else 0)
    if characters(texts, gold):
        assert metrics.character_macro_f1 == 1
    if set(characters(texts, gold)) - {"O"}:
        assert metrics.character_f1 == metrics.character_macro_f1_without_o == 1


def test_intervals_of_a_perfect_prediction_have_no_width():
    texts, gold, _ = FIXED
    kept = [(text, entities) for text, entities in zip(texts, gold, strict=True) if entities]
    texts, gold = map(list, zip(*kept, strict=True))
    metrics = evaluate_entities(texts, gold, gold, LABELS)
    assert (metrics.overall.low, metrics.overall.high) == (1, 1)


@pytest.mark.parametrize(("gold", "predicted"), [(True, False), (False, True), (False, False)])
def test_nothing_there_or_nothing_found_counts_as_zero(gold, predicted):
    some = [[Entity(0, 2, "PS")], [Entity(1, 2, "LC")]]
    none = [[], []]
    metrics = evaluate_entities(
        ["가나다", "라마바"], some if gold else none, some if predicted else none, LABELS, []
    )
    assert (metrics.precision, metrics.recall, metrics.f1) == (0, 0, 0)
    assert (metrics.macro_f1, metrics.character_f1) == (0, 0)
    assert (metrics.overall.low, metrics.overall.high) == (0, 0)
    assert metrics.overall.gold == 2 * gold
    assert metrics.overall.predicted == 2 * predicted
    assert metrics.sentence_accuracy == (0 if gold or predicted else 1)
    json.dumps(metrics.to_json(), allow_nan=False)


def test_a_sentence_without_characters():
    metrics = evaluate_entities([""], [[]], [[]], LABELS)
    assert metrics.character_macro_f1 == 0
    assert metrics.sentence_accuracy == 1


def test_the_interval_is_that_of_redrawing_sentences_one_by_one():
    rng = np.random.default_rng(3)
    gold = rng.integers(0, 4, (300, 2))
    predicted = rng.integers(0, 4, (300, 2))
    counts = np.stack([gold, predicted, np.minimum(gold, predicted)], axis=-1)
    found = f1_intervals(counts)
    micro = []
    for _ in range(3000):
        wanted, given, right = counts[rng.integers(0, 300, 300)].sum(axis=(0, 1))
        micro.append(2 * right / (wanted + given))
    assert found.micro == pytest.approx(np.percentile(micro, [2.5, 97.5]), abs=0.006)
    assert found.micro[0] < 2 * counts[..., 2].sum() / counts[..., :2].sum() < found.micro[1]
    assert f1_intervals(counts) == found
    assert f1_intervals(counts, seed=1) != found


def test_json_is_flat_at_the_top_keeps_hangul_and_comes_back():
    metrics = evaluate_entities(*FIXED, LABELS, {("문", "PS")})
    text = json.dumps(metrics.to_json(), ensure_ascii=False, allow_nan=False)
    back = json.loads(text)
    assert back == metrics.to_json()
    assert "이순신" in text
    for name in ("f1", "precision", "recall", "macro_f1", "character_f1", "character_macro_f1"):
        assert back[name] == getattr(metrics, name)
    assert back["summary"] == (
        "test entity F1 20.00 % (precision 20.0, recall 20.0; 4 sentences, 5 entities)"
    )
    assert back["per_label"][0]["name"] == "PS"
    assert back["wrong_sentences"][0]["gold"]


def test_a_label_that_nobody_announced_is_measured_too():
    metrics = evaluate_entities(["가나"], [[Entity(0, 1, "ZZ")]], [[Entity(1, 2, "AA")]], LABELS)
    assert metrics.labels == (*LABELS, "AA", "ZZ")
    assert len(metrics.confusion) == 6
    assert NONE not in metrics.labels


def test_an_empty_test_set_is_the_users_to_mend():
    with pytest.raises(UserError, match="empty"):
        evaluate_entities([], [], [], LABELS)


@pytest.mark.parametrize(
    "entities",
    [
        [Entity(0, 2, "PS"), Entity(1, 3, "LC")],
        [Entity(0, 2, "PS"), Entity(0, 2, "PS")],
        [Entity(1, 1, "PS")],
        [Entity(2, 4, "PS")],
        [Entity(-1, 1, "PS")],
    ],
)
def test_annotations_that_cannot_be_are_refused(entities):
    with pytest.raises(ValueError, match="predicted entity"):
        evaluate_entities(["가나다"], [[]], [entities], LABELS)
    with pytest.raises(ValueError, match="gold entity"):
        evaluate_entities(["가나다"], [entities], [[]], LABELS)
    with pytest.raises(ValueError, match="2 texts"):
        evaluate_entities(["가", "나"], [[]], [[]], LABELS)
