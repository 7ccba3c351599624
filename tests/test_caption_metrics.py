"""Scores of captions, each held to an implementation written another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.evaluation.captions import bleu_of_words, caption_words, evaluate_captions
from pipeline.evaluation.cider import cider

WORDS = st.lists(st.sampled_from(["a", "dog", "runs", "cat", "on", "the", "mat"]), max_size=9)
TESTS = st.lists(st.tuples(WORDS, st.lists(WORDS, min_size=1, max_size=3)), min_size=1, max_size=5)


def grams(words, order: int) -> list[str]:
    return [" ".join(words[i : i + order]) for i in range(len(words) - order + 1)]


def naive_cider(captions, references) -> list[float]:
    """CIDEr-D by dense vectors over all n-grams there are."""
    total = np.zeros(len(captions))
    for order in (1, 2, 3, 4):
        texts = [*captions, *(words for several in references for words in several)]
        known = sorted({gram for words in texts for gram in grams(words, order)})
        in_pictures = np.array(
            [
                sum(any(g in grams(w, order) for w in several) for several in references)
                for g in known
            ]
        )
        idf = np.log(len(references)) - np.log(np.maximum(in_pictures, 1))

        def vector(words, order=order, known=known, idf=idf):
            found = grams(words, order)
            return np.array([found.count(gram) for gram in known]) * idf if known else np.zeros(0)

        for row, (words, several) in enumerate(zip(captions, references, strict=True)):
            own = vector(words)
            for other_words in several:
                other = vector(other_words)
                norm = np.sqrt((own**2).sum() * (other**2).sum())
                if norm:
                    apart = max(len(words) - 1, 0) - max(len(other_words) - 1, 0)
                    near = math.exp(-(apart**2) / 72)
                    likeness = (np.minimum(own, other) * other).sum() / norm
                    total[row] += 10 * near * likeness / (4 * len(several))
    return list(total)


@given(TESTS)
def test_cider_is_that_of_another_implementation(test):
    captions, references = [words for words, _ in test], [several for _, several in test]
    expected = naive_cider(captions, references)
    np.testing.assert_allclose(cider(captions, references), expected, atol=1e-9)


def test_cider_of_a_perfect_caption_is_ten_where_no_other_picture_has_its_words():
    captions = [["a", "b", "c", "d", "e"], ["f", "g", "h", "i", "j"]]
    found = cider(captions, [[captions[0]], [captions[1]]])
    np.testing.assert_allclose(found, 10)
    np.testing.assert_allclose(cider(captions, [[captions[1]], [captions[0]]]), 0)


def naive_bleu(captions, references, order: int) -> float:
    """Papineni et al. 2002, line by line."""
    precisions = []
    for n in range(1, order + 1):
        right = total = 0
        for words, several in zip(captions, references, strict=True):
            own = grams(words, n)
            total += len(own)
            for gram in set(own):
                most = max(grams(other, n).count(gram) for other in several)
                right += min(own.count(gram), most)
        if not right:
            return 0.0
        precisions.append(right / total)
    length = sum(map(len, captions))
    nearest = sum(
        min((abs(len(other) - len(words)), len(other)) for other in several)[1]
        for words, several in zip(captions, references, strict=True)
    )
    penalty = 1.0 if length >= nearest else math.exp(1 - nearest / length)
    return 100 * penalty * math.exp(sum(map(math.log, precisions)) / order)


@given(TESTS)
def test_bleu_is_that_of_another_implementation(test):
    captions, references = [words for words, _ in test], [several for _, several in test]
    # A reference of no words is none to sacreBLEU.
    references = [[words or ["the"] for words in several] for several in references]
    for order in (1, 2, 3, 4):
        expected = naive_bleu(captions, references, order)
        assert bleu_of_words(captions, references, order) == pytest.approx(expected, abs=1e-6)


def test_words_of_captions():
    assert caption_words("A man's T-shirt , blue .", "en") == ["a", "man's", "t-shirt", "blue"]
    assert caption_words("개가 뛴다.", "ko") == ["개", "가", "뛴", "다"]


def test_what_is_measured():
    captions = ["a dog runs on the beach", "a cat sits"]
    references = [["a dog runs on the beach", "the dog runs"], ["a red bus"]]
    metrics = evaluate_captions(
        captions, references, "en", training=["a cat sits", "something else"]
    )
    assert (metrics.count, metrics.references) == (2, 2)
    assert metrics.seen_in_training == 0.5
    assert metrics.different == 1.0
    assert metrics.bleu1 == pytest.approx(100 * 7 / 9)
    assert metrics.each[0] > metrics.each[1]
    perfect = evaluate_captions(captions, [[text] for text in captions], "en", [])
    assert perfect.bleu1 == pytest.approx(100)
    assert perfect.chrf == pytest.approx(100)
    # Six words where seven are nearest: exp(1 - 7 / 6).
    short = evaluate_captions(
        ["a dog runs on the beach"], [["a dog runs on the white beach"]], "en", []
    )
    assert short.brevity_penalty == pytest.approx(math.exp(-1 / 6))
    assert short.bleu1 == pytest.approx(100 * short.brevity_penalty)
    with pytest.raises(UserError):
        evaluate_captions([], [], "en", [])
