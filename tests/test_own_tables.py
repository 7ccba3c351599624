"""Tables of labelled texts in the forms that people have: what is the text, what the label."""

from __future__ import annotations

import collections
import unicodedata
from pathlib import Path

import pytest

from own_tables import ROWS, label_first, numbered, pairs, read, refused, table
from pipeline.corpora.labelled.corpus import read_labelled_corpus
from pipeline.corpora.labelled.labels import label_doubts, unify_labels
from pipeline.corpora.settings import CorpusSettings
from pipeline.workspace import SAMPLES, read_json

# Columns by content


@pytest.mark.parametrize(
    ("rows", "text", "label", "ids"),
    [
        (ROWS, 1, 2, "hash of the text"),
        (label_first(), 2, 1, "hash of the text"),
        (list(numbered()), 2, 3, "own"),
        ([(n, label, text) for n, text, label in numbered()], 3, 2, "own"),
        ([(text, label, n) for n, text, label in numbered()], 1, 2, "own"),
        ([("네이버", *row) for row in ROWS], 2, 3, "hash of the text"),
        ([(f"https://a.kr/{n}", t, x) for n, t, x in numbered()], 2, 3, "own"),
        ([(t, f"2020.{n % 3 + 1:02}.07.", x) for n, t, x in numbered()], 1, 3, "hash of the text"),
        (
            [(n, f"2020-01-{n % 9 + 1:02}", x, t) for n, t, x in numbered()],
            4,
            3,
            "hash of the text",
        ),
        ([(*"가나다", *[n] * 47, t, *[n] * 48, x) for n, t, x in numbered()], 51, 100, None),
    ],
)
def test_columns_without_a_header(tmp_path, rows, text, label, ids):
    texts = read(tmp_path, table(rows))
    assert texts.details["header"] is False
    assert (texts.details["text_column"], texts.details["label_column"]) == (str(text), str(label))
    assert pairs(texts) == ROWS
    assert ids in (texts.details["ids"], None)
    said = texts.details["read_as"]
    assert f"column {text} is the text, column {label} the label" in said
    assert "2 labels, 0: 20 rows, 1: 20" in said


def test_numbers_are_labels_though_texts_are_few(tmp_path):
    rows = [(n % 5, ("영화가 좋다", "별로")[n % 2]) for n in range(40)]
    assert set(read(tmp_path, table(rows)).frame["text"]) == {"영화가 좋다", "별로"}


def test_labels_that_are_words(tmp_path):
    rows = [(("매우 싫음", "매우 좋음")[int(label)], text) for text, label in ROWS]
    assert set(read(tmp_path, table(rows)).frame["label"]) == {"매우 싫음", "매우 좋음"}
    short = [("굿", 1), ("헐", 0), ("짱", 1), ("노잼", 0), ("꿀잼", 1), ("ㅠㅠ", 0)]
    for rows in (short, [(label, text) for text, label in short]):
        assert pairs(read(tmp_path, table(rows)))[0] == ("굿", "1")


def test_ratings_stay_what_they_are(tmp_path):
    rows = [(f"{n % 5 + 1}.0", text) for n, (text, _) in enumerate(ROWS)]
    assert set(read(tmp_path, table(rows)).frame["label"]) == {"1.0", "2.0", "3.0", "4.0", "5.0"}
    rows = [(text, "a,b" if label == "1" else "c") for text, label in ROWS]
    assert set(read(tmp_path, table(rows)).frame["label"]) == {"a,b", "c"}


@pytest.mark.parametrize(
    ("rows", "asked"),
    [
        # Two columns of labels, two of texts.
        ([(label, "책" if n % 3 else "옷", text) for n, text, label in numbered()], "label"),
        ([(text, ROWS[n - 1][0], label) for n, text, label in numbered()], "text"),
    ],
)
def test_what_is_not_clear_is_asked_for(tmp_path, rows, asked):
    assert f"which column holds the {asked}" in refused(tmp_path, table(rows))
    settings = ("3", "1") if asked == "label" else ("1", "3")
    assert pairs(read(tmp_path, table(rows), *settings)) == ROWS


def test_settings_win(tmp_path):
    texts = read(tmp_path, table(numbered(), header=("id", "text", "label")), "1", "2")
    assert texts.frame["text"].tolist()[:2] == ["0", "1"]
    texts = read(
        tmp_path, table([(x, t, "b") for t, x in ROWS], header=("a", "b", "label")), "b", "a"
    )
    assert pairs(texts) == ROWS


def test_names_of_columns(tmp_path):
    for names in (("리뷰", "평점"), ("후기", "긍부정"), ("Comment", "RATING"), ("본문", "별점")):
        assert pairs(read(tmp_path, table(ROWS, header=names))) == ROWS
    rows = [(text, label, "1" if label == "0" else "0") for text, label in ROWS]
    twice = table(rows, header=("text", "label", "label"))
    assert "2 columns are called label: 2, 3" in refused(tmp_path, twice)
    assert pairs(read(tmp_path, twice, None, "2")) == ROWS
    assert read(tmp_path, twice, None, "3").frame["label"].tolist()[0] != ROWS[0][1]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("wanted", ["NFC", "NFD"])
def test_names_are_compared_under_the_text_policy(tmp_path, form, wanted):
    header = ("번호", "출처", "\ufeff 내용\u200b", "라벨\u00a0")
    rows = [(n, "네이버", *row) for n, row in enumerate(ROWS)]
    content = unicodedata.normalize(form, table(rows, header=header))
    settings = [unicodedata.normalize(wanted, name) for name in ("내용", "라벨")]
    for texts in (read(tmp_path, content), read(tmp_path, content, *settings)):
        assert texts.details["text_column"] == "내용"
        assert texts.details["ids"] == "own"
        assert len(texts.frame) == len(ROWS)


# Labels


def test_one_label_in_several_spellings(tmp_path):
    spellings = {
        "1": ["1", "1.0", "1\u200b", "\u00a01 ", "1.00"],
        "0": ["0", "0.0", "0"],
    }
    rows = [(text, spellings[x][n % len(spellings[x])]) for n, text, x in numbered()]
    texts = read(tmp_path, table(rows, header=("text", "label")))
    assert set(texts.frame["label"]) == {"0", "1"}
    assert "1.0" in texts.details["read_as"]
    decomposed = [
        (text, unicodedata.normalize(("NFC", "NFD")[n % 2], ("부정", "긍정")[int(x)]))
        for n, text, x in numbered()
    ]
    texts = read(tmp_path, table(decomposed, header=("text", "label")))
    assert set(texts.frame["label"]) == {"긍정", "부정"}
    assert "긍정 is also written" in texts.details["read_as"]


def test_what_is_no_label(tmp_path):
    missing = ["nan", "NaN", "null", "None", "NA", "", " ", "NULL", "N/A"]
    rows = [*ROWS, *(("글", label) for label in missing)]
    texts = read(tmp_path, table(rows, header=("말", "뜻")))
    assert pairs(texts) == ROWS
    assert len(texts.rejects) == len(missing)
    assert len(read(tmp_path, table(label_first(rows))).frame) == len(ROWS)


def doubts(written: list[str]) -> list[str]:
    found = unify_labels(written)
    counts = collections.Counter(label for label in found.labels if label is not None)
    return list(label_doubts(counts, found.none_is_a_class))


def test_labels_in_one_spelling():
    assert unify_labels(["1.0", "1.0", "1", "x"]).labels == ["1.0", "1.0", "1.0", "x"]
    assert unify_labels(["007", "7", "1.5", "1,5"]).labels == ["007", "7", "1.5", "1,5"]
    assert unify_labels(["１", "1", "1"]).labels == ["1"] * 3
    assert unify_labels(['"1"', '"0"', ""]).labels == ["1", "0", None]
    assert unify_labels(['"1"', "0"]).labels == ['"1"', "0"]
    assert unify_labels(["a", "b"]).merged == {}
    assert unify_labels([" a ", "a"]).merged == {}
    # A third of the labels "none" is a class, one of a hundred is not.
    hate = unify_labels(["none", "hate", "hate"] * 9)
    assert (hate.labels[0], len(doubts(["none", "hate", "hate"] * 9))) == ("none", 1)
    assert unify_labels(["none"] + ["a", "b"] * 50).labels[0] is None


def test_labels_that_differ_by_case_stay_and_are_warned_of(tmp_path):
    rows = [(text, ("Neg", "pos", "neg", "Pos")[int(x) + 2 * (n % 2)]) for n, text, x in numbered()]
    texts = read(tmp_path, table(rows))
    assert len(set(texts.frame["label"])) == 4
    (warning,) = texts.warnings
    assert "Neg" in warning
    assert "neg" in warning
    corpus = read_labelled_corpus(
        CorpusSettings(corpus=str(tmp_path / "my.tsv")), tmp_path, SAMPLES
    )
    assert warning in corpus.warnings
    assert doubts(["True", "true"])


def test_scales_are_warned_of():
    assert doubts([f"{n % 30 / 10}" for n in range(300)])
    assert not doubts([str(n % 10) for n in range(300)])
    assert not doubts([f"KDC {n % 30}" for n in range(300)])


# The stage


def test_what_was_concluded_is_said_once(command, tmp_path):
    Path(tmp_path, "shop.txt").write_text(table(label_first()), encoding="utf-8")
    arguments = ("corpus", "sentiment", "--corpus", "shop.txt")
    said = command(tmp_path, *arguments)
    assert said.code == 0
    assert "column 2 is the text, column 1 the label: 2 labels, 0: 20 rows, 1: 20" in said.err
    assert command(tmp_path, *arguments).err == ""
    facts = read_json(tmp_path / "runs/sentiment/default/corpus.json")["facts"]
    assert facts["rows"] == {"train": 32, "dev": 4, "test": 4}


def test_files_that_are_not_there_or_too_small_are_named(command, tmp_path):
    Path(tmp_path, "small.jsonl").write_text('{"text": "좋다", "label": 1}\n', encoding="utf-8")
    for name in ("small.jsonl", "missing.jsonl", "nowhere/missing"):
        said = command(tmp_path, "corpus", "sentiment", "--corpus", name)
        assert said.code == 2
        assert name in said.err
        assert said.err.count("\n") == 1
