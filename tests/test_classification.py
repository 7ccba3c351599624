"""Metrics of a single-label classifier against hand counts and independent implementations."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics as sk

from pipeline.errors import UserError
from pipeline.evaluation.calibration import (
    brier_score,
    expected_calibration_error,
    negative_log_likelihood,
    reliability,
)
from pipeline.evaluation.classification import evaluate_classifier, wilson_interval

NAMES = ["부정", "긍정"]


def classifier(n: int, classes: int, seed: int = 0):
    """Labels, and probabilities that are right more often than not."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    logits = rng.normal(size=(n, classes)) + 1.2 * np.eye(classes)[labels]
    exps = np.exp(logits)
    probabilities = (exps / exps.sum(axis=1, keepdims=True)).astype(np.float32)
    return labels, probabilities


def measure(labels, probabilities, names=None, train_texts=None):
    n, classes = probabilities.shape
    return evaluate_classifier(
        labels,
        probabilities,
        names or [f"class {k}" for k in range(classes)],
        np.arange(n) % 40,
        [f"리뷰 {i}" for i in range(n)],
        train_texts,
    )


def test_calibration_error_by_hand():
    # bins of width 1/15: 0.6 -> (8/15, 9/15], 0.61 and 0.65 -> (9/15, 10/15], 0.95 -> last
    confidence = np.array([0.6, 0.61, 0.65, 0.95, 0.99])
    right = np.array([True, True, False, True, True])
    curve = reliability(confidence, right)
    by_hand = 1 / 5 * abs(1 - 0.6) + 2 / 5 * abs(0.5 - 0.63) + 2 / 5 * abs(1 - 0.97)
    assert expected_calibration_error(curve) == pytest.approx(by_hand)
    assert [b.count for b in curve] == [0] * 8 + [1, 2, 0, 0, 0, 0, 2]
    assert curve[9].accuracy == 0.5
    assert curve[9].confidence == pytest.approx(0.63)
    assert curve[0].accuracy is None


def test_bins_are_closed_on_the_right():
    curve = reliability(np.array([0.2, 0.20001, 1.0]), np.ones(3, bool), bins=5)
    assert [b.count for b in curve] == [1, 1, 0, 0, 1]


def test_perfect_calibration_has_no_error():
    confidence = np.full(10, 0.7)
    right = np.arange(10) < 7
    assert expected_calibration_error(reliability(confidence, right)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("classes", [2, 4])
def test_same_as_sklearn(classes):
    labels, probabilities = classifier(500, classes)
    result = measure(labels, probabilities)
    predicted = probabilities.argmax(axis=1)
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    assert result.accuracy == pytest.approx(sk.accuracy_score(labels, predicted))
    assert result.negative_log_likelihood == pytest.approx(sk.log_loss(labels, exact), rel=1e-6)
    auc = exact[:, 1] if classes == 2 else exact
    assert result.auc == pytest.approx(sk.roc_auc_score(labels, auc, multi_class="ovr"))
    assert result.brier == pytest.approx(
        sk.brier_score_loss(labels, exact, labels=range(classes), scale_by_half=True), rel=1e-5
    )
    table = sk.classification_report(labels, predicted, output_dict=True)
    for k, scores in enumerate(result.classes):
        assert scores.f1 == pytest.approx(table[str(k)]["f1-score"])
        assert scores.support == table[str(k)]["support"]
    assert result.macro_f1 == pytest.approx(table["macro avg"]["f1-score"])


def test_confusion_matrix_has_gold_in_rows():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], np.float32)
    result = measure(np.array([0, 0, 1]), probabilities, NAMES)
    assert result.confusion == ((1, 1), (0, 1))


def test_brier_of_two_classes_is_the_mean_square():
    labels, probabilities = np.array([0, 1]), np.array([[0.7, 0.3], [0.4, 0.6]])
    assert brier_score(labels, probabilities) == pytest.approx((0.3**2 + 0.4**2) / 2)


def test_a_probability_of_zero_costs_much_but_not_infinitely():
    value = negative_log_likelihood(np.array([0]), np.array([[0.0, 1.0]], np.float32))
    assert value == pytest.approx(87.3365, abs=1e-3)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_is_scipys(case):
    correct, count = case
    expected = binomtest(correct, count).proportion_ci(method="wilson")
    assert wilson_interval(correct, count) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_length_buckets_hold_everything_once():
    labels, probabilities = classifier(300, 2)
    result = measure(labels, probabilities)
    assert [share.name for share in result.by_length] == [
        "up to 4",
        "5–8",
        "9–16",
        "17–32",
        "33–64",
    ]
    assert sum(share.count for share in result.by_length) == 300
    assert sum(share.correct for share in result.by_length) == result.overall.correct
    lengths = np.arange(300) % 40
    right = probabilities.argmax(axis=1) == labels
    assert result.by_length[2].accuracy == right[(lengths >= 9) & (lengths <= 16)].mean()


def test_accuracy_on_texts_the_model_has_seen_in_training():
    labels, probabilities = classifier(100, 2)
    train = {f"리뷰 {i}" for i in range(0, 100, 4)}
    result = measure(labels, probabilities, NAMES, train)
    right = probabilities.argmax(axis=1) == labels
    assert result.seen.count == 25
    assert result.seen.accuracy == right[::4].mean()
    assert result.seen.correct + result.unseen.correct == result.overall.correct
    assert measure(labels, probabilities, NAMES).seen is None


def test_nothing_seen_leaves_an_empty_share():
    labels, probabilities = classifier(10, 2)
    result = measure(labels, probabilities, NAMES, set())
    assert (result.seen.count, result.seen.accuracy, result.seen.low) == (0, None, None)


def test_mistakes_are_the_most_confident_of_each_class():
    labels, probabilities = classifier(2000, 3)
    result = measure(labels, probabilities, ["부정", "중립", "긍정"])
    for k, name in enumerate(["부정", "중립", "긍정"]):
        mistakes = [m for m in result.mistakes if m.gold == name]
        wrong = (labels == k) & (probabilities.argmax(axis=1) != k)
        surest = np.sort(probabilities[wrong].max(axis=1))[::-1][:20]
        assert [m.probability for m in mistakes] == pytest.approx(list(surest))
        assert all(m.text == f"리뷰 {m.index}" and m.predicted != name for m in mistakes)


def test_one_text():
    result = measure(np.array([1]), np.array([[0.25, 0.75]], np.float32), NAMES)
    assert result.accuracy == 1.0
    assert 0 < result.overall.low < result.overall.high == 1.0
    assert result.auc is None
    assert result.macro_f1 == 1.0
    json.dumps(result.to_json(), allow_nan=False)


def test_test_set_of_one_class():
    _, probabilities = classifier(50, 3)
    result = measure(np.zeros(50, int), probabilities)
    assert result.auc is None
    assert result.majority_share == 1.0
    assert result.classes[0].precision == 1.0
    assert result.classes[1].f1 == 0.0


def test_json_keeps_hangul_and_comes_back():
    labels, probabilities = classifier(80, 2)
    result = measure(labels, probabilities, NAMES, {"리뷰 1"})
    text = json.dumps(result.to_json(), ensure_ascii=False, allow_nan=False)
    back = json.loads(text)
    assert back == result.to_json()
    assert "긍정" in text
    assert back["summary"].startswith(f"accuracy {result.accuracy:.4f}")


def test_an_empty_test_set_is_the_users_to_mend():
    with pytest.raises(UserError, match="empty"):
        evaluate_classifier(np.zeros(0, int), np.zeros((0, 2)), NAMES, np.zeros(0, int), [])


@pytest.mark.parametrize(
    ("labels", "probabilities", "names"),
    [
        ([2, 0], [[0.5, 0.5], [0.5, 0.5]], NAMES),
        ([1, 0], [[0.5, 0.9], [0.5, 0.5]], NAMES),
        ([1, 0], [[0.5, np.nan], [0.5, 0.5]], NAMES),
        ([1, 0], [[0.5, 0.5]], NAMES),
        ([1, 0], [[0.5, 0.5], [0.5, 0.5]], ["긍정", "긍정"]),
        ([1.0, 0.0], [[0.5, 0.5], [0.5, 0.5]], NAMES),
    ],
)
def test_what_cannot_be_measured_is_refused(labels, probabilities, names):
    with pytest.raises(ValueError, match="."):
        evaluate_classifier(
            np.array(labels), np.array(probabilities), names, np.ones(2, int), ["가", "나"]
        )
