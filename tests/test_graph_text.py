"""The policy and the tokenizers in a graph are those of Python, text by text."""

from __future__ import annotations

import csv
import os
import random
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.export import graph_text
from pipeline.export.graph_text import GraphTokenizer, normalize_in_graph
from pipeline.normalize import DROPPED, NEWLY_COMBINING, WHITE_SPACE, normalize
from pipeline.text.limits import MAX_PIECE_BYTES
from pipeline.text.syllables import SyllableTokenizer
from pipeline.text.tokenizers import KINDS, learn_tokenizer
from pipeline.text.vocabulary import BOS, CONTINUES, EOS, SPECIALS, Vocabulary
from pipeline.text.wordpiece import WordPieceTokenizer
from pipeline.workspace import SAMPLES

with open(SAMPLES / "sentiment.tsv", encoding="utf-8", newline="") as _file:
    REVIEWS = [
        row["document"] for row in csv.DictReader(_file, delimiter="\t", quoting=csv.QUOTE_NONE)
    ]
STRINGS = tf.TensorSpec([None], tf.string)

PARTS = [
    *"가힣한영화정말재미ㅋㅠㄱ ae漢Z1!.~#[]▁_", "  ", "\t", "\n", "\u3000", "\u00a0", "\u2028",
    "\u0085", "\u2001", "\x00", "\x01", "\x02", "\x1c", "\x7f", "\u200b", "\u200c", "\u2060",
    "\ufeff", "\u202e", "\u00ad", "\u200d", "\u1112", "\u1161", "\u11ab", "\u1100", "\u0301",
    "\u2126", "\uf900", "\u0958", "א", "\u0627", "é", "İ", "ß", "\ufe0f", "\u20e3",
    "\U0001f3fd", "👩", "👧", "❤", "\U0001f3f4", "\U000e0067", "\U000e0062",
    "\U000e007f", "\ue000", "\uffff",
    "\ufdd0", "\U00016121", "\u0897", "\U0001faf8", "\u0378", "\U0010ffff", "##",
    "[UNK]", "[PAD]", "</s>", "👩\u200d👩\u200d👧", "❤\ufe0f\u200d🔥",
    "\U0001f3f4\U000e0067\U000e0062\U000e007f",
]  # fmt: skip


def mixtures(count: int, seed: int) -> list[str]:
    """Texts in which everything that a rule or a library could stumble over meets."""
    source = random.Random(seed)
    return ["".join(source.choices(PARTS, k=source.randint(0, 14))) for _ in range(count)]


TEXTS = [
    *REVIEWS,
    *mixtures(4000, seed=1),
    "",
    " ",
    "매우 실망.....",
    "끙..... !!!!!!! ~~~~~~~~~~~",
]


def test_a_library_that_reports_itself_is_not_heard(capfd):
    """tensorflow_text's SentencePiece says on stderr that nothing is normalised."""
    first, second = (learn_tokenizer("sentencepiece", REVIEWS, size) for size in (1500, 1400))
    tensorflow_text.SentencepieceTokenizer(first.model)
    assert "normalizer" in capfd.readouterr().err
    GraphTokenizer(second)
    assert capfd.readouterr().err == ""


@pytest.fixture(scope="module")
def normalized():
    return tf.function(normalize_in_graph, input_signature=[STRINGS])


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request):
    return learn_tokenizer(request.param, REVIEWS, 1500)


def in_graph(tokenizer, texts: list[str], **options) -> list[list[int]]:
    module = GraphTokenizer(tokenizer, **options)
    return tf.function(module, input_signature=[STRINGS])(tf.constant(texts)).to_list()


def in_python(tokenizer, texts: list[str]) -> list[list[int]]:
    ragged = tokenizer.encode(texts)
    return [ragged.row(i).tolist() for i in range(len(ragged))]


def assert_equal(texts: list[str], here: list, there: list) -> None:
    assert len(texts) == len(here) == len(there)
    wrong = [(t, a, b) for t, a, b in zip(texts, here, there, strict=True) if a != b]
    assert not wrong, f"{len(wrong)} differ, first: {ascii(wrong[0])}"


def test_policy_on_mixtures(normalized):
    there = [text.decode("utf-8") for text in normalized(tf.constant(TEXTS)).numpy()]
    assert_equal(TEXTS, [normalize(text) for text in TEXTS], there)


def test_policy_on_every_character(normalized):
    """Each code point by itself, after a letter, and before a combining mark."""
    points = [
        chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF and not 0xAC00 <= c <= 0xD700
    ]
    texts = [f"a{c}\u0323" for c in points]
    there = [text.decode("utf-8") for text in normalized(tf.constant(texts)).numpy()]
    assert_equal(texts, [normalize(text) for text in texts], there)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=30))
def test_policy_on_any_unicode(normalized, texts: list[str]):
    there = [text.decode("utf-8") for text in normalized(tf.constant(texts, tf.string)).numpy()]
    assert_equal(texts, [normalize(text) for text in texts], there)


@given(st.lists(st.binary(max_size=12), max_size=20))
def test_invalid_bytes_become_replacement_characters(normalized, data: list[bytes]):
    there = normalized(tf.constant(data, tf.string)).numpy().tolist()
    here = [normalize(raw.decode("utf-8", "replace")).encode("utf-8") for raw in data]
    assert_equal([str(raw) for raw in data], here, there)


def test_the_rules_leave_out_no_character_class():
    """The parts above reach every range that a rule names."""
    parts = {ord(c) for part in PARTS for c in part}
    for ranges in (DROPPED, NEWLY_COMBINING, WHITE_SPACE):
        assert any(first <= point <= last for first, last in ranges for point in parts)


def test_ids_on_mixtures(tokenizer):
    assert_equal(TEXTS, in_python(tokenizer, TEXTS), in_graph(tokenizer, TEXTS))


@settings(max_examples=20)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=30))
def test_ids_on_any_unicode(tokenizer, texts: list[str]):
    module = _module_of(tokenizer)
    there = module(tf.constant(texts, tf.string)).to_list()
    assert_equal(texts, in_python(tokenizer, texts), there)


_MODULES: dict = {}


def _module_of(tokenizer):
    if tokenizer.kind not in _MODULES:
        _MODULES[tokenizer.kind] = tf.function(GraphTokenizer(tokenizer), input_signature=[STRINGS])
    return _MODULES[tokenizer.kind]


def test_a_review_without_a_space_is_not_unknown(tokenizer):
    texts = ["재미있는영화였다" * 200, "쀍" + "정말" * 2000]
    assert_equal(texts, in_python(tokenizer, texts), in_graph(tokenizer, texts))
    assert len(in_graph(tokenizer, texts)[1]) > 500


def test_words_without_end_are_cut_alike(tokenizer):
    """A million characters without a space, known and unknown, in the time of as much text."""
    texts = [
        "재미있는영화ㅋㅋ" * 125_000,
        "ㅋ" * 300_000,
        "쀍" * 1_000_000,
        "정" + "\u0e01😀" * 20_000,
    ]
    here = tokenizer.encode(texts)
    there = _module_of(tokenizer)(tf.constant(texts))
    np.testing.assert_array_equal(here.ids, there.flat_values)
    np.testing.assert_array_equal(here.row_splits, there.row_splits)


@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_holds_what_runs_of_one_letter_teach(kind):
    texts = ["ㅋ" * 200, "하하" * 300, "\U0001d400" * 400, "1" * 5000, "x" * 700]
    tokenizer = learn_tokenizer(kind, [*REVIEWS[:200], *texts, *texts], 1500)
    assert_equal(texts, in_python(tokenizer, texts), in_graph(tokenizer, texts))


def word_of_pieces(piece: str) -> WordPieceTokenizer:
    return WordPieceTokenizer(Vocabulary([*SPECIALS, piece, "a", "##a"]))


def test_what_is_refused_is_what_a_graph_cannot_hold(monkeypatch):
    """The limit on the bytes of a piece is that of the library itself."""
    for piece in ("a" * MAX_PIECE_BYTES, CONTINUES + "a" * MAX_PIECE_BYTES, "가" * 85):
        GraphTokenizer(word_of_pieces(piece))
    for piece in ("a" * (MAX_PIECE_BYTES + 1), CONTINUES + "가" * 86):
        with pytest.raises(UserError, match="vocab.txt, line 5"):
            GraphTokenizer(word_of_pieces(piece))
        with monkeypatch.context() as unchecked:
            unchecked.setattr(graph_text, "check_vocabulary", lambda *given: None)
            with pytest.raises(RuntimeError):
                GraphTokenizer(word_of_pieces(piece))


def test_long_rows_keep_their_end(tokenizer):
    texts = ["재미있는 영화 정말 좋다", "좋다", ""]
    whole, cut = in_graph(tokenizer, texts), in_graph(tokenizer, texts, max_length=4)
    assert len(whole[0]) > 4
    assert cut == [row if len(row) <= 4 else [*row[:3], EOS] for row in whole]
    assert cut[2] == [BOS, EOS]
    with pytest.raises(ValueError, match="max_length"):
        GraphTokenizer(tokenizer, max_length=1)


def test_no_texts_at_all(tokenizer):
    module = tf.function(GraphTokenizer(tokenizer), input_signature=[STRINGS])
    rows = module(tf.constant([], tf.string))
    assert rows.dtype == tf.int32
    assert rows.shape == [0, None]


def test_syllables_tell_their_places():
    tokenizer = learn_tokenizer("syllable", REVIEWS, 1500)
    module = GraphTokenizer(tokenizer)
    ids, starts, ends = tf.function(module.with_offsets, input_signature=[STRINGS])(
        tf.constant(TEXTS)
    )
    assert_equal(TEXTS, in_python(tokenizer, TEXTS), ids.to_list())
    pieces = [tokenizer.pieces(text) for text in TEXTS]
    assert_equal(TEXTS, [[-1, *(p.start for p in row), -1] for row in pieces], starts.to_list())
    assert_equal(TEXTS, [[-1, *(p.end for p in row), -1] for row in pieces], ends.to_list())


def test_places_are_cut_with_the_ids():
    tokenizer = SyllableTokenizer(Vocabulary([*SPECIALS, "가", "##나"]))
    rows = GraphTokenizer(tokenizer, max_length=3).with_offsets(tf.constant(["\u1100\u1161나", ""]))
    assert [part.to_list() for part in rows] == [
        [[BOS, 4, EOS], [BOS, EOS]],
        [[-1, 0, -1], [-1, -1]],
        [[-1, 2, -1], [-1, -1]],
    ]


def test_what_cannot_run_in_a_graph_is_refused():
    tokenizer = SyllableTokenizer(Vocabulary([*SPECIALS, "가"]), morphemes="okt")
    with pytest.raises(ValueError, match="okt cannot run"):
        GraphTokenizer(tokenizer)
    words = learn_tokenizer("wordpiece", REVIEWS, 1500)
    with pytest.raises(ValueError, match="only syllables"):
        GraphTokenizer(words).with_offsets(tf.constant(["가"]))


def test_saved_models_need_none_of_our_code(warm_python, tmp_path):
    """All kinds, loaded by a process that has tensorflow and tensorflow_text alone."""
    texts = [*REVIEWS[:50], *mixtures(200, seed=2)]
    expected = {}
    for kind in KINDS:
        tokenizer = learn_tokenizer(kind, REVIEWS, 1500)
        module = tf.Module()
        module.tokenizer = GraphTokenizer(tokenizer)
        serve = tf.function(
            lambda text, tokenize=module.tokenizer: {"ids": tokenize(text).to_tensor()},
            input_signature=[tf.TensorSpec([None], tf.string, name="text")],
        )
        tf.saved_model.save(module, str(tmp_path / kind), signatures={"serving_default": serve})
        rows = in_python(tokenizer, texts)
        expected[kind] = np.zeros((len(rows), max(map(len, rows))), np.int32)
        for row, ids in zip(expected[kind], rows, strict=True):
            row[: len(ids)] = ids
    np.save(tmp_path / "texts.npy", np.array([text.encode("utf-8").hex() for text in texts]))
    program = (
        "import sys, numpy as np, tensorflow as tf, tensorflow_text\n"
        "texts = [bytes.fromhex(t) for t in np.load('texts.npy')]\n"
        "for kind in sys.argv[1:]:\n"
        "    serve = tf.saved_model.load(kind).signatures['serving_default']\n"
        "    np.save(kind + '.npy', serve(text=tf.constant(texts))['ids'].numpy())\n"
        "assert not any(name.split('.')[0] == 'pipeline' for name in sys.modules)\n"
    )
    done = warm_python.run(program, *KINDS, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for kind in KINDS:
        np.testing.assert_array_equal(np.load(tmp_path / f"{kind}.npy"), expected[kind])


@pytest.mark.skipif("CORPUS_MIRROR" not in os.environ, reason="needs the corpus itself")
def test_a_thousand_times_real_text(tokenizer):
    paths = sorted(Path(os.environ["CORPUS_MIRROR"]).rglob("ratings_test.txt"))
    if not paths:
        pytest.skip("no NSMC in the mirror")
    lines = paths[0].read_text("utf-8").split("\n")[1:20_001]
    texts = [line.split("\t")[1] for line in lines if line]
    assert_equal(texts, in_python(tokenizer, texts), in_graph(tokenizer, texts))
