"""Whether vectors of texts find each other, held to ranks counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.evaluation.retrieval import bag_of_pieces, retrieval_scores, text_halves
from pipeline.evaluation.word_neighbours import frequent_words, word_neighbours


def test_ranks_are_counted_and_equal_ones_count_against_it():
    documents = np.eye(3)
    queries = np.array([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0], [0.5, 0.5, 0.5]])
    found = retrieval_scores(queries, documents)  # ranks 1, 2 and, all three equal, 3
    assert found.recall_at_1 == pytest.approx(1 / 3)
    assert found.mean_reciprocal_rank == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert found.recall_at_10 == 1
    assert found.texts == 3


def test_no_text_is_long_enough():
    assert text_halves(["짧은 글", ""]) == ([], [])
    assert retrieval_scores(np.zeros((0, 4)), np.zeros((0, 4))).texts == 0


def test_halves_hold_all_words_of_a_text():
    text = " ".join(f"낱말{number}" for number in range(11))
    (first,), (second,) = text_halves(["짧다", text])
    assert f"{first} {second}" == text
    assert abs(len(first.split()) - len(second.split())) == 1


def test_bags_with_common_pieces_are_near():
    bags = bag_of_pieces([[4, 5, 6], [5, 6, 7], [8, 9], []], 10)
    np.testing.assert_allclose(np.linalg.norm(bags[:3], axis=1), 1)
    assert not bags[3].any()
    similar = bags @ bags.T
    assert similar[0, 1] > 0.1
    assert similar[0, 2] == 0


def test_words_in_the_order_of_their_counts_and_their_neighbours():
    texts = ["영화 영화 영화 배우 배우 배우 음악 음악 음악 a b 하"] * 3
    words = frequent_words(texts)
    assert set(words) == {"영화", "배우", "음악"}
    directions = {"영화": [1, 0], "배우": [0.8, 0.6], "음악": [0, 1]}
    found = word_neighbours(words, lambda asked: np.array([directions[w] for w in asked]), shown=3)
    by_word = dict(found)
    assert [near for near, _ in by_word[words[0]]][0] in words
    for word, nearest in by_word.items():
        assert word not in [near for near, _ in nearest]
        assert [s for _, s in nearest] == sorted((s for _, s in nearest), reverse=True)
