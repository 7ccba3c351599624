"""Scores of segments, held to a naive implementation from the words of the paper and to examples
that were worked out by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from pipeline.errors import UserError
from pipeline.evaluation.frames import evaluate_frames, frame_scores
from pipeline.evaluation.segments import (
    OVERLAPS,
    edit_distance,
    edit_score,
    latencies,
    overlap_counts,
    overlap_f1,
    segments,
)

LABELS = st.text("abc", min_size=1, max_size=30).map(list)
PAIRS = LABELS.flatmap(
    lambda gold: st.tuples(
        st.just(gold), st.lists(st.sampled_from("abc"), min_size=len(gold), max_size=len(gold))
    )
)


def naive_segments(labels):
    """Label and the set of frames of each run."""
    found, first = [], 0
    for label, run in itertools.groupby(labels):
        count = len(list(run))
        found.append((label, set(range(first, first + count))))
        first += count
    return found


def naive_counts(gold, predicted, overlap):
    truth, answer = naive_segments(gold), naive_segments(predicted)
    used, right = set(), 0
    for label, frames in answer:
        ratios = [
            len(frames & other) / len(frames | other) if name == label else 0
            for name, other in truth
        ]
        best = ratios.index(max(ratios))
        if ratios[best] >= overlap and best not in used:
            used.add(best)
            right += 1
    return right, len(answer) - right, len(truth) - right


def naive_distance(one, other):
    """By the recursion itself, remembered."""
    table = {(i, 0): i for i in range(len(one) + 1)} | {(0, j): j for j in range(len(other) + 1)}
    for i, j in itertools.product(range(1, len(one) + 1), range(1, len(other) + 1)):
        table[i, j] = min(
            table[i - 1, j] + 1,
            table[i, j - 1] + 1,
            table[i - 1, j - 1] + (one[i - 1] != other[j - 1]),
        )
    return table[len(one), len(other)]


@given(PAIRS, st.sampled_from(OVERLAPS))
def test_counts_are_those_of_sets_of_frames(pair, overlap):
    assert overlap_counts(*pair, overlap) == naive_counts(*pair, overlap)


@given(st.text("abcd", max_size=12), st.text("abcd", max_size=12))
def test_edit_distance_is_that_of_the_recursion(one, other):
    assert edit_distance(list(one), list(other)) == naive_distance(one, other)


@given(LABELS)
def test_what_is_right_scores_one(labels):
    assert all(overlap_f1([labels], [labels], overlap) == 1 for overlap in OVERLAPS)
    assert edit_score(labels, labels) == 1
    assert set(frame_scores([labels], [labels]).values()) == {1.0}
    found = segments(labels)
    lengths = found.ends - found.starts
    assert np.repeat(found.labels, lengths).tolist() == labels


def test_by_hand():
    #       0123456789
    gold = "aaaaabbbbb"
    late = "aaaaaaabbb"  # a: 5 of 7, b: 3 of 5
    assert overlap_counts(list(gold), list(late), 0.5) == (2, 0, 0)
    assert overlap_counts(list(gold), list(late), 0.65) == (1, 1, 1)
    flickering = "aabaabbabb"  # six segments where there are two
    assert overlap_counts(list(gold), list(flickering), 0.25) == (2, 4, 0)
    assert overlap_f1([list(gold)], [list(flickering)], 0.25) == pytest.approx(4 / 8)
    # a b a b a b against a b: four to delete, of six
    assert edit_score(list(gold), list("abaabbaabb")) == pytest.approx(1 - 4 / 6)
    assert edit_score(list("aabb"), list("bbaa")) == 0


def test_counts_are_added_up_over_videos_and_edit_scores_are_averaged():
    gold, predicted = [list("aabb"), list("ab")], [list("aabb"), list("cc")]
    scores = frame_scores(gold, predicted)
    assert scores["f1_10"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 2))
    assert scores["edit"] == pytest.approx((1 + 0) / 2)
    assert scores["accuracy"] == pytest.approx(4 / 6)
    truth, answer = list("aabbab"), list("aabbcc")
    assert scores["macro_f1"] == pytest.approx(
        sk.f1_score(truth, answer, average="macro", zero_division=0)
    )


def test_latency_counts_from_the_beginning_of_a_segment():
    gold = list("aaabbbbaaccc")
    answer = list("aaaaabbbbacc")
    found = {one.label: one for one in latencies([gold], [answer])}
    # The first a is left out; the second is answered at its last frame but one step late.
    assert (found["a"].segments, found["a"].frames) == (1, ())
    assert (found["b"].segments, found["b"].frames, found["b"].median) == (1, (2,), 2)
    assert (found["c"].segments, found["c"].frames) == (1, (1,))
    assert found["a"].median is None
    metrics = evaluate_frames(["one"], [gold], [answer])
    assert metrics.median_latency == 1.5


def test_metrics_of_a_label_that_training_does_not_have():
    metrics = evaluate_frames(["one"], [list("aaxx")], [list("aaab")])
    assert metrics.class_names == ("a", "b", "x")
    assert metrics.scores["accuracy"] == 0.5
    assert metrics.confusion == ((2, 0, 0), (0, 0, 0), (1, 1, 0))
    assert [c.support for c in metrics.classes] == [2, 0, 2]
    assert metrics.majority_share == 0.5


def test_nothing_to_measure_is_refused():
    with pytest.raises(UserError, match="empty"):
        evaluate_frames([], [], [])
