"""Attention between words: what merging pieces conserves, and what the pictures show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.translation import evaluate_translations
from pipeline.report import figures
from pipeline.report.attention_pictures import (
    HeatMap,
    attention_heat_map,
    bleu_by_length,
    merge_attention,
    word_of_each_piece,
)
from pipeline.text.syllables import SyllableTokenizer
from pipeline.text.unigram import WORD_MARK, SentencePieceTokenizer
from pipeline.text.wordpiece import WordPieceTokenizer

TEXTS = [
    "톰은 외로워 보였어.",
    "나는 어제 책을 두 권 샀다.",
    "비가 올 것 같으니 우산을 가져가.",
    "Tom looked lonely.",
    "I bought two books yesterday.",
    "It looks like rain, so take an umbrella with you.",
]
TARGET = ["▁Tom", "▁look", "ed", "▁lone", "ly", ".", "[EOS]"]
SOURCE = ["▁톰", "은", "▁외로", "워", "▁보였어", ".", "[EOS]"]
pieces = st.lists(
    st.sampled_from(["▁나", "는", "▁", "학교", "##에", "##", "[BOS]", "[EOS]", "[PAD]", "[UNK]"]),
    max_size=9,
)


def distributions() -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.ones(len(SOURCE)), len(TARGET))


def buckets(n: int, seed: int):
    """BLEU by length of some spoilt sentences."""
    rng = np.random.default_rng(seed)
    references = [f"sentence {k} of this test is about nothing" for k in range(n)]
    translations = [" ".join(w for w in r.split() if rng.random() < 0.9) for r in references]
    lengths = rng.integers(1, 50, n)
    return evaluate_translations(
        references, references, translations, source_lengths=lengths
    ).by_length


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ("[BOS] ▁톰 은 ▁외로 워 ▁보였어 . [EOS]", "[BOS] 톰은 외로워 보였어. [EOS]"),
        ("톰 ##은 외로 ##워 보였어 ##. [EOS]", "톰은 외로워 보였어. [EOS]"),
        ("▁ 톰 은 ▁ [UNK] ▁x", "톰은 [UNK] x"),
        ("[UNK] ##은 [UNK]", "[UNK]은 [UNK]"),
        ("[BOS] ##은 은", "[BOS] 은 은"),
        ("a ## ##b", "a ##b"),  # a piece of two hashes and nothing else continues no word
        ("[BOS] [EOS] [PAD] [PAD]", "[BOS] [EOS] [PAD] [PAD]"),
        ("", ""),
    ],
)
def test_pieces_become_words(pieces, words):
    found, place = word_of_each_piece(pieces.split())
    assert found == words.split()
    assert place == sorted(place)
    assert set(place) == set(range(len(found)))
    assert len(place) == len(pieces.split())


@pytest.mark.parametrize("kind", [SentencePieceTokenizer, WordPieceTokenizer, SyllableTokenizer])
def test_pieces_of_our_tokenizers_become_the_words_of_their_text(kind):
    tokenizer = kind.learn(TEXTS, 150, 1)
    split = 0
    for text in TEXTS:
        pieces = [piece.text for piece in tokenizer.pieces(text)]
        # to WordPiece a full stop is a word of its own, so its own words are what to expect
        words = [word.removeprefix(WORD_MARK) for word in tokenizer.words(text)]
        split += len(pieces) > len(words)
        assert word_of_each_piece(["[BOS]", *pieces, "[EOS]"])[0] == ["[BOS]", *words, "[EOS]"]
    assert split >= 3


@given(pieces, pieces, st.integers(0, 5))
def test_merging_conserves_what_it_says(target, source, seed):
    weights = np.random.default_rng(seed).random((len(target), len(source)))
    found = merge_attention(weights, target, source)
    words, row_of = word_of_each_piece(target)
    _, column_of = word_of_each_piece(source)
    assert found.weights.shape == (len(words), len(set(column_of)))
    for row, word in enumerate(found.weights):
        its = [k for k, place in enumerate(row_of) if place == row]
        assert word.sum() == pytest.approx(weights[its].sum(axis=1).mean())
        for column, cell in enumerate(word):
            under = [k for k, place in enumerate(column_of) if place == column]
            brute = sum(weights[t, s] for t in its for s in under) / len(its)
            assert cell == pytest.approx(brute)
    sizes = np.bincount(np.array(row_of, int), minlength=len(words))
    assert (found.weights.sum(axis=1) * sizes).sum() == pytest.approx(weights.sum())


def test_rows_of_attention_stay_distributions():
    found = merge_attention(distributions(), TARGET, SOURCE, "a caption")
    assert found.target_words == ("Tom", "looked", "lonely.", "[EOS]")
    assert found.source_words == ("톰은", "외로워", "보였어.", "[EOS]")
    assert found.weights.sum(axis=1) == pytest.approx(np.ones(4))
    assert found.caption == "a caption"


def test_weights_of_another_sentence_are_refused():
    with pytest.raises(ValueError, match="2 target and 1 source"):
        merge_attention(np.ones((1, 2)), ["a", "b"], ["c"])
    with pytest.raises(ValueError, match="2 target and 1 source"):
        HeatMap(np.ones((1, 2)), ("a", "b"), ("c",))


def test_a_heat_map_shows_the_words_and_their_weights():
    figure = attention_heat_map(merge_attention(distributions(), TARGET, SOURCE))
    axes = figure.axes[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["톰은", "외로워", "보였어.", "[EOS]"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["Tom", "looked", "lonely.", "[EOS]"]
    (image,) = axes.images
    assert np.asarray(image.get_array()).sum(axis=1) == pytest.approx(np.ones(4))
    assert figures.to_png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (3, 0), (2, 60), (60, 2)])
def test_heat_maps_of_any_size(shape):
    words = [tuple(f"아주긴낱말이다{k} 🙂$x$" for k in range(n)) for n in shape]
    figure = attention_heat_map(HeatMap(np.zeros(shape), *words))
    assert ("first" in figure.get_suptitle()) == (max(shape) > 36)
    figures.to_png(figure, dpi=40)


@pytest.mark.parametrize("models", [1, 3, 8])
def test_length_curves_of_models_side_by_side(models):
    curves = {f"모델 {k}": buckets(40, k) for k in range(models)}
    figure = bleu_by_length(curves, 50.0 if models == 1 else None)
    axes = figure.axes[0]
    drawn = {bar.get_label(): bar[0].get_ydata() for bar in axes.containers}
    for name, curve in curves.items():
        assert drawn[name][~np.isnan(drawn[name])] == pytest.approx([b.bleu for b in curve])
    assert ("dashed" in axes.get_title("left")) == (models == 1)
    assert bool(figure.legends) == (models > 1)
    figures.to_png(figure, dpi=60)


def test_models_with_other_buckets_leave_gaps():
    short, both = (
        evaluate_translations(
            ["가"] * 2, ["a b c d"] * 2, ["a b c d"] * 2, source_lengths=lengths
        ).by_length
        for lengths in ([3, 4], [3, 40])
    )
    axes = bleu_by_length({"short": short, "both": both}).axes[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["up to 5", "31–40\n1"]
    assert np.isnan(axes.containers[0][0].get_ydata()[1])


def test_lengths_without_any_bleu_can_be_drawn():
    metrics = evaluate_translations(["네."], ["Yes."], ["Yes."], source_lengths=[2])
    figures.to_png(bleu_by_length({"a": metrics.by_length}, 0.0))
    figures.to_png(bleu_by_length({}))
