from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from pipeline.layers.piece_embedding import PieceEmbedding
from pipeline.text.ngrams import ngram_table, ngrams_of
from pipeline.text.vocabulary import SPECIALS, Vocabulary
from tests.rounding import FLOAT32

VOCABULARY = Vocabulary([*SPECIALS, "재밌", "재미", "##있", "##있다", "영화", "##", "x"])


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def test_ngrams_of_a_piece():
    assert ngrams_of("##있", [3]) == ["syllable 있", f"jamo {decomposed('있')}"]
    found = ngrams_of("재밌", [3])
    assert found[:4] == ["syllable 재", "syllable 밌", "pair <재", "pair 재밌"]
    jamo = decomposed("<재밌")
    assert found[4:] == [f"jamo {jamo[i : i + 3]}" for i in range(4)]


def test_spellings_that_sound_alike_share_ngrams():
    one, other = set(ngrams_of("재밌", [3])), set(ngrams_of("재밋", [3]))
    assert len(one & other) >= 4
    assert not set(ngrams_of("재밌", [3])) & set(ngrams_of("##영화", [3]))


def test_table_keeps_what_pieces_share():
    table, names = ngram_table(VOCABULARY, jamo_lengths=[3], max_ngrams=6)
    assert table.shape == (len(VOCABULARY), 6)
    assert names[0] == "none"
    assert (table[: len(SPECIALS)] == 0).all()
    shared = {names[i] for i in table[VOCABULARY.id("재미")]} - {"none"}
    assert {"syllable 재", "pair <재"} <= shared
    assert all(names[i] == "none" for i in table[VOCABULARY.id("x")])
    again, _ = ngram_table(VOCABULARY, jamo_lengths=[3], max_ngrams=6)
    np.testing.assert_array_equal(table, again)


@pytest.fixture
def layer():
    table, names = ngram_table(VOCABULARY, jamo_lengths=[2, 3], max_ngrams=5)
    layer = PieceEmbedding(len(VOCABULARY), 6, ngrams=len(names), max_ngrams=5)
    layer.build((None, None))
    layer.table.assign(table)
    return layer


def test_sum_against_numpy(layer):
    ids = np.array([[4, 5, 4], [7, 0, 10]], dtype=np.int32)
    plain, ngrams, table = (
        np.asarray(w) for w in (layer.embeddings, layer.ngram_embeddings, layer.table)
    )
    expected = np.zeros((2, 3, 6))
    for at in np.ndindex(2, 3):
        parts = [ngrams[n] for n in table[ids[at]] if n]
        expected[at] = plain[ids[at]] + sum(parts) / np.sqrt(max(len(parts), 1))
    np.testing.assert_allclose(np.asarray(layer(ids)), expected, **FLOAT32)


def test_folding_changes_nothing(layer):
    ids = np.array([[4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3]], dtype=np.int32)
    np.testing.assert_allclose(layer.folded()[ids], np.asarray(layer(ids)), **FLOAT32)


def test_without_ngrams_it_is_a_plain_embedding():
    layer = PieceEmbedding(7, 3)
    ids = np.array([[1, 6]], dtype=np.int32)
    np.testing.assert_array_equal(np.asarray(layer(ids)), np.asarray(layer.embeddings)[ids])
