"""Words without an end and runs of one letter: bounded pieces, time that grows with the text."""

from __future__ import annotations

import csv
import dataclasses
import re
import time
from collections.abc import Callable

import numpy as np
import pytest

from pipeline.corpora.settings import CorpusSettings
from pipeline.errors import UserError
from pipeline.normalize import aligned, normalize
from pipeline.settings import check_ranges
from pipeline.stages import prepare
from pipeline.tasks.base import find_task
from pipeline.tasks.sentiment.settings import Settings, TextSettings
from pipeline.text import morphemes, wordpiece
from pipeline.text.graph_limits import check_prepared, check_vocabulary
from pipeline.text.limits import MAX_PIECE_BYTES, MAX_PIECE_LENGTH, MAX_PIECES, MAX_WORD_LENGTH
from pipeline.text.morphemes import ANALYZERS
from pipeline.text.sampling import SegmentationSampler
from pipeline.text.tokenizers import KINDS, learn_tokenizer
from pipeline.text.unigram import unknown_run
from pipeline.text.vocabulary import CONTINUES, SPECIALS, UNK, Vocabulary
from pipeline.workspace import SAMPLES
from processor_time import Clock, processor_seconds

with open(SAMPLES / "sentiment.tsv", encoding="utf-8", newline="") as _file:
    REVIEWS = [
        row["document"] for row in csv.DictReader(_file, delimiter="\t", quoting=csv.QUOTE_NONE)
    ]

WORDS = sorted({word for review in REVIEWS for word in review.split() if word.isalpha()})


def word_without_end(size: int) -> str:
    """Words without spaces between them, in no order that repeats itself."""
    draws = np.random.default_rng(1).integers(0, len(WORDS), size)
    return "".join(WORDS[i] for i in draws)[:size]


SHAPES: dict[str, Callable[[int], str]] = {
    "a run": lambda size: "ㅋ" * size,
    "a pattern": lambda size: "재미ㅋㅋ" * (size // 4),
    "a word": word_without_end,
    "unknown": lambda size: "\u0e01" * size,
    "emoji": lambda size: "😀" * size,
    "digits": lambda size: "0123456789" * (size // 10),
    "many words": lambda size: "영화 재미 ㅋㅋ " * (size // 9),
}


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request):
    return learn_tokenizer(request.param, REVIEWS, 1500)


@pytest.fixture(params=SHAPES)
def shape(request) -> Callable[[int], str]:
    return SHAPES[request.param]


def assert_linear(
    function: Callable[[str], object],
    shape: Callable[[int], str],
    clock: Clock = time.process_time,
) -> None:
    """Eight times the text takes at most thirty times as long, where a square takes 64 times."""
    small, large = shape(6_000), shape(48_000)
    function(small)  # what is made once
    once = min(processor_seconds(lambda: function(small), clock) for _ in range(2))
    assert processor_seconds(lambda: function(large), clock) < 30 * max(once, 0.02)


# ---- pieces


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "texts",
    [
        ["좋다 " + "ㅋ" * 200] * 4,
        ["좋다 " + "ㅋ" * 8000],
        ["재밌어요" * 22] * 2,
        ["a" * 140, "a" * 140, "좋다 좋다"],
        ["\U0001d400" * 500, "𐌰𐌱" * 300],
        ["1" * 100_000],
        [word_without_end(300)] * 3,
    ],
    ids=["200", "8000", "spaceless", "latin", "four bytes", "digits", "twice"],
)
def test_no_piece_is_longer_than_a_graph_can_hold(kind, texts):
    tokenizer = learn_tokenizer(kind, [*REVIEWS[:100], *texts], 1200)
    bodies = [piece.removeprefix(CONTINUES) for piece in tokenizer.vocabulary.pieces]
    assert max(map(len, bodies)) <= MAX_PIECE_LENGTH
    check_vocabulary(kind, tokenizer.vocabulary, "vocab.txt")


def test_a_run_is_learnt_in_long_pieces_all_the_same():
    """What the bound takes away is only what is beyond it."""
    pieces = learn_tokenizer("wordpiece", [*REVIEWS, *["ㅋ" * 40] * 9], 3000).vocabulary.pieces
    assert max(len(piece.removeprefix(CONTINUES)) for piece in pieces) >= 32


def test_a_word_of_any_length_is_learnt_from_in_parts():
    """A review without a space, however long, still teaches its words."""
    text = "재미있는영화" * 2000
    pieces = learn_tokenizer("wordpiece", [text], 100).vocabulary.pieces
    assert any("영화" in piece for piece in pieces)
    pieces = learn_tokenizer("sentencepiece", [text], 40).vocabulary.pieces
    assert any("영화" in piece for piece in pieces)


@pytest.mark.parametrize("text", ["정말 좋은 영화 " * 50_000, "정말" * 180_000])
def test_sentencepiece_leaves_out_no_long_line(text):
    """Beyond a million bytes the library would, and say nothing."""
    assert len(text.encode("utf-8")) > 1 << 20
    pieces = learn_tokenizer("sentencepiece", [text], 40).vocabulary.pieces
    assert any("정말" in piece for piece in pieces)


def test_sentencepiece_leaves_out_no_text_for_one_character():
    texts = [*REVIEWS[:50], *["뷁뷁 ▅▅"] * 9]
    assert "뷁" in "".join(learn_tokenizer("sentencepiece", texts, 500).vocabulary.pieces)


# ---- time


@pytest.mark.parametrize("kind", KINDS)
def test_learning_takes_time_as_the_text_grows(kind, shape):
    assert_linear(lambda text: learn_tokenizer(kind, [*REVIEWS[:50], text, text], 1500), shape)


def test_encoding_takes_time_as_the_text_grows(tokenizer, shape):
    assert_linear(lambda text: tokenizer.encode([text]), shape)


def test_pieces_with_places_take_time_as_the_text_grows(tokenizer, shape):
    assert_linear(tokenizer.pieces, shape, time.thread_time)


def test_sampling_takes_time_as_the_text_grows(tokenizer, shape):
    assert_linear(
        lambda text: SegmentationSampler(tokenizer, [text], strength=0.2, seed=1).draw(0), shape
    )


def test_places_behind_many_marks_take_time_as_the_text_grows():
    assert_linear(aligned, lambda size: "a" + "\u0301" * size, time.thread_time)


@pytest.mark.parametrize("name", ANALYZERS)
def test_an_analyzer_gets_a_word_without_end_in_bearable_parts(name, monkeypatch):
    asked = []

    def tagger(text: str) -> list[tuple[str, str]]:
        asked.append(text)
        return [(text, "N")]

    monkeypatch.setattr(morphemes, "load_analyzer", lambda name: tagger)
    analyzer = morphemes.MorphemeAnalyzer(name)
    word, run = word_without_end(20_000), "가" * 100_000
    assert "".join(analyzer.morphs(word)) == word
    assert max(map(len, asked)) <= 200
    assert len(asked) <= len(word) / 5
    asked.clear()
    assert "".join(analyzer.morphs(run)) == run
    assert len(asked) <= 2, "equal parts are analysed once"
    asked.clear()
    assert analyzer.spans(run)[-1].end == len(run)
    assert len(asked) <= 2


# ---- sampling


@pytest.mark.parametrize("kind", ["wordpiece", "sentencepiece"])
def test_words_are_offered_to_sampling_in_parts(kind):
    tokenizer = learn_tokenizer(kind, REVIEWS, 1500)
    words = tokenizer.words(normalize(f"{word_without_end(3000)} {'ㅋ' * 3000} 좋다"))
    assert max(map(len, words)) <= MAX_WORD_LENGTH + len(CONTINUES)
    for word in words[:4]:
        branches = tokenizer.branches(word, 0.3)
        assert max(map(len, branches)) <= MAX_PIECE_LENGTH
        assert [sum(p for _, _, p in here) for here in branches] == pytest.approx(
            [1.0] * len(branches)
        )


def test_a_long_word_is_the_same_word_however_it_is_cut(tokenizer):
    known = {c for piece in tokenizer.vocabulary.pieces for c in piece}
    text = f"좋다 {''.join(c for c in word_without_end(2000) if c in known)} 좋다"
    rows = SegmentationSampler(tokenizer, [text], strength=0.3, seed=1)
    drawn = [rows.draw(epoch).ids for epoch in (0, 1)]
    plain = tokenizer.encode([text]).ids
    said = {tokenizer.decode(ids.tolist()) for ids in [plain, *drawn]}
    assert len(said) == 1
    assert (len(drawn[0]) > len(plain)) == (tokenizer.kind != "syllable")


def test_an_unknown_run_is_one_piece_in_a_draw_as_in_the_text():
    tokenizer = learn_tokenizer("sentencepiece", REVIEWS, 1500)
    texts = ["좋다 " + "\u0e01" * 3000 + "좋다", "\u0e01" * 300 + " " + "\u0e01" * 2]
    drawn = SegmentationSampler(tokenizer, texts, strength=0.3, seed=1).draw(0)
    plain = tokenizer.encode(texts)
    for rows in (drawn, plain):
        assert [rows.row(i).tolist().count(UNK) for i in range(2)] == [1, 2]


@pytest.mark.parametrize("step", [2, 3, 9])
def test_no_known_character_counts_as_unknown(step):
    known = [chr(code) for code in range(0x3041, 0xD7A3, step)]
    run = re.compile(unknown_run(known))
    assert not run.search("".join(known))
    assert run.fullmatch("\u0e01" * 5)
    assert run.pattern.count("-") <= 2 * 4096, "few enough ranges for RE2"


def test_places_of_unknown_runs_are_those_of_the_text():
    tokenizer = learn_tokenizer("sentencepiece", REVIEWS, 1500)
    text = "▁" + "\u0e01" * 5 + "_좋다\u0e01 \u0e01\u0e02\u0e03 좋" + "\u0e02" * 3
    pieces = tokenizer.pieces(text)
    covered = "".join(text[piece.start : piece.end] for piece in pieces)
    assert covered == text.replace(" ", "")
    assert [piece.text for piece in pieces].count(SPECIALS[UNK]) >= 4


# ---- what a graph cannot hold


@pytest.mark.parametrize(
    ("kind", "piece"),
    [
        ("wordpiece", "a" * (MAX_PIECE_BYTES + 1)),
        ("wordpiece", CONTINUES + "가" * 86),
        ("wordpiece", "a\0b"),
        ("syllable", "가나"),
        ("syllable", CONTINUES),
    ],
)
def test_a_vocabulary_that_no_graph_holds_is_refused_with_its_line(kind, piece):
    with pytest.raises(UserError, match="vocab.txt, line 6"):
        check_vocabulary(kind, Vocabulary([*SPECIALS, "가", piece]), "vocab.txt")


def test_what_a_graph_just_holds_is_not_refused():
    pieces = ["a" * MAX_PIECE_BYTES, CONTINUES + "a" * MAX_PIECE_BYTES, CONTINUES, "가" * 85]
    check_vocabulary("wordpiece", Vocabulary([*SPECIALS, *pieces]), "vocab.txt")
    check_vocabulary("syllable", Vocabulary([*SPECIALS, "가", "##가", "#", "###"]), "vocab.txt")


@pytest.mark.parametrize(
    ("name", "value"),
    [("vocabulary_size", MAX_PIECES + 1), ("vocabulary_size", 2**31 - 1), ("max_length", 2**30)],
)
def test_sizes_that_no_graph_holds_are_refused_on_the_command_line(name, value):
    with pytest.raises(UserError, match=name.replace("_", "-")):
        check_ranges(Settings(text=TextSettings(**{name: value})))


@pytest.fixture
def long_pieces(new_run, tmp_path, monkeypatch):
    """A run of reviews of which pieces of 200 letters are learnt, as older versions did."""
    corpus = tmp_path / "reviews.tsv"
    rows = [f"{i}\t{review}{'ㅋ' * 200}\t{i % 2}\n" for i, review in enumerate(REVIEWS[:60])]
    corpus.write_text("id\tdocument\tlabel\n" + "".join(rows), encoding="utf-8")
    tiny = find_task("sentiment").tiny
    settings = dataclasses.replace(tiny, corpus=CorpusSettings(corpus=str(corpus)))
    run = new_run("sentiment", settings)
    run.do("corpus")
    monkeypatch.setattr(wordpiece, "MAX_PIECE_LENGTH", 200)
    return run


def test_what_a_graph_cannot_hold_is_refused_when_it_is_prepared(long_pieces):
    with pytest.raises(UserError, match="vocab.txt, line"):
        long_pieces.do("prepare")
    assert not (long_pieces.run / "prepared.json").exists()


def test_what_an_older_version_prepared_is_prepared_again(long_pieces, monkeypatch):
    with monkeypatch.context() as older:
        older.setattr(prepare, "check_prepared", lambda folder: None)
        long_pieces.do("prepare")
    folder = long_pieces.prepared
    with pytest.raises(UserError):
        check_prepared(folder)
    monkeypatch.setattr(wordpiece, "MAX_PIECE_LENGTH", MAX_PIECE_LENGTH)
    long_pieces.do("prepare")
    assert long_pieces.prepared == folder
    check_prepared(folder)
