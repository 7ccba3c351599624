"""Probabilities in the place of labels: read from a table, and written by predict."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.labelled.labelled_file import LabelledTexts, read_labelled
from pipeline.corpora.labelled.probabilities import (
    label_of_column,
    parse_distribution,
    split_column,
)
from pipeline.errors import UserError
from pipeline.workspace import read_json
from probability_tables import SHARES, TEXTS, alone, has_none, read_shares, table


@pytest.mark.parametrize("name", ["my.tsv", "my.csv", "my.jsonl", "nested.json"])
def test_a_text_and_probabilities_alone(tmp_path, name):
    """In every form of a table; the label is the most probable one."""
    path, rows = tmp_path / name, alone()
    if name.startswith("my.js"):
        records = [dict(zip(["text", "긍정", "부정"], row, strict=True)) for row in rows]
        path.write_text("\n".join(json.dumps(record) for record in records), "utf-8")
    elif name.startswith("nested"):
        records = [{"text": t, "scores": {"긍정": p, "부정": q}} for t, p, q in rows]
        path.write_text(json.dumps({"data": records}), "utf-8")
    else:
        table(path, ["text", "긍정", "부정"], rows, "," if name.endswith("csv") else "\t")
    read = read_labelled(path)
    assert list(read.frame["text"]) == TEXTS
    assert list(read.frame["label"]) == ["긍정" if p > 0.5 else "부정" for p in SHARES]
    assert set(read.frame["labelled"]) == {"no"}
    np.testing.assert_allclose(read_shares(read)["긍정"], SHARES, atol=1e-6)
    assert read.details["probabilities"] == 12
    assert "12 rows have probabilities" in read.details["read_as"]
    assert not read.rejects


def test_with_labels_beside_them(tmp_path):
    """Which stay the labels; in any order, with ids, with columns that are something else."""
    labels = ["긍정" if number % 3 else "부정" for number in range(12)]
    rows = [
        [number, q, labels[number], text, p, number * 100]
        for number, (text, p, q) in enumerate(alone())
    ]
    read = read_labelled(
        table(tmp_path / "my.tsv", ["id", "부정", "label", "문장", "긍정", "views"], rows)
    )
    assert list(read.frame["label"]) == labels
    assert set(read.frame["labelled"]) == {"yes"}
    np.testing.assert_allclose(read_shares(read)["긍정"], SHARES, atol=1e-6)


def test_rows_with_and_without_probabilities(tmp_path):
    rows = [
        [text, "", p, q] if number % 2 else [text, "긍정", "", ""]
        for number, (text, p, q) in enumerate(alone())
    ]
    rows[2][1] = "부정"
    read = read_labelled(table(tmp_path / "my.tsv", ["text", "label", "긍정", "부정"], rows))
    assert len(read.frame) == 12
    assert not read.rejects
    assert list(read.frame["labelled"]) == ["yes", "no"] * 6
    assert list(read.frame["label"][[0, 2]]) == ["긍정", "부정"]
    shares = read_shares(read)["긍정"]
    assert np.isnan(shares[::2]).all()
    np.testing.assert_allclose(shares[1::2], SHARES[1::2], atol=1e-6)


def test_labels_that_no_row_has_and_other_spellings(tmp_path):
    """A column of its own is enough; 1 and 1.0 are one label, and so is another case."""
    rows = [[t, "1.0" if p > 0.5 else "0", 0.1, 0.2, 0.7] for t, p, _ in alone()]
    read = read_labelled(table(tmp_path / "n.tsv", ["text", "label", "0", "1", "2"], rows))
    assert sorted(read_shares(read)) == ["0", "1.0", "2"]
    rows = [[t, "Good" if p > 0.5 else "Bad", p, q] for t, p, q in alone()]
    read = read_labelled(table(tmp_path / "c.tsv", ["text", "label", "GOOD", "BAD"], rows))
    assert sorted(read_shares(read)) == ["Bad", "Good"]


BAD = {
    "add up to 1.1": ["0.5", "0.6"],
    "add up to 0.99": ["0.5", "0.49"],
    "no number: 'x'": ["x", "1"],
    "no number: ''": ["", "1"],
    "no number: 'nan'": ["nan", "1"],
    "no number: 'inf'": ["inf", "0"],
    "no number: '1_0'": ["1_0", "0"],
    "below 0": ["-0.1", "1.1"],
    "above 1": ["1.5", "-0.5"],
}


@pytest.mark.parametrize("reason", BAD)
def test_a_row_that_is_none_is_rejected_with_its_line(tmp_path, reason):
    rows = [*alone(), ["무엇", *BAD[reason]]]
    for header, more in ((["text", "긍정", "부정"], []), (["text", "긍정", "부정", "label"], [1])):
        path = table(tmp_path / "my.tsv", header, [[*row, *(more and ["긍정"])] for row in rows])
        path.write_text(path.read_text("utf-8").replace("긍정\n", "부정\n", 3), "utf-8")
        read = read_labelled(path, None, "label" if more else None)
        ((line, why),) = [(reject.line, reject.reason) for reject in read.rejects]
        assert line == 14
        assert reason in why
        assert len(read.frame) == 12


def test_what_is_no_probability(tmp_path):
    """Features, dummies, scores: read as before, or refused as before."""

    def read(header: list[str], rows: list[list[object]], *settings) -> LabelledTexts:
        return read_labelled(table(tmp_path / "my.tsv", header, rows), *settings)

    def refused(word: str, header: list[str], rows: list[list[object]], *settings) -> None:
        with pytest.raises(UserError, match=word):
            read(header, rows, *settings)

    on = [number % 2 for number in range(12)]
    dummies = [[text, bit, 1 - bit] for text, bit in zip(TEXTS, on, strict=True)]
    # Nobody knows whether exactly one of these is meant to be on.
    refused("which column holds the label", ["text", "long", "short"], dummies)
    labelled = [[*row, "긍정" if bit else "부정"] for row, bit in zip(dummies, on, strict=True)]
    assert has_none(read(["text", "긍정", "부정", "label"], labelled))
    assert has_none(read(["text", "a", "b", "label"], labelled))
    score = [[text, p, bit] for text, p, bit in zip(TEXTS, SHARES, on, strict=True)]
    assert has_none(read(["text", "score2", "label"], score))
    percent = [[text, 100 * p, 100 * q] for text, p, q in alone()]
    refused("percent", ["text", "긍정", "부정"], percent)
    refused("no header", TEXTS[:1] + ["0.3", "0.7"], alone()[1:])
    half = [
        [t, p, q] if number % 3 else [t, p, q + 0.2] for number, (t, p, q) in enumerate(alone())
    ]
    refused("8 of 12 rows", ["text", "긍정", "부정"], half)
    # Of one that has labels, a sentence says what is not used.
    for header, rows in (
        (["text", "p1", "p2", "label"], alone()),
        (["text", "긍정", "부정", "label"], percent),
        (["text", "긍정", "부정", "label"], half),
    ):
        rows = [[*row, "긍정" if bit else "부정"] for row, bit in zip(rows, on, strict=True)]
        found = read(header, rows)
        assert has_none(found)
        assert len(found.warnings) == 1
    beside = [[*row, int(number > 6)] for number, row in enumerate(alone())]
    for settings in ((), (None, "y")):
        found = read(["text", "p1", "p2", "y"], beside, *settings)
        assert has_none(found)
        assert set(found.frame["label"]) == {"0", "1"}
    refused("two columns of probabilities", ["text", "긍정", "긍정"], alone())
    # Whoever says which column is the label is believed.
    one = [[text, 0.5 + bit / 4, 0.5 - bit / 4] for text, bit in zip(TEXTS, on, strict=True)]
    assert has_none(read(["text", "p", "q"], one, "text", "p"))


def test_labels_in_words_under_an_unknown_name_come_first(tmp_path):
    rows = [[*row, ("좋음", "나쁨")[number % 2]] for number, row in enumerate(alone())]
    path = table(tmp_path / "my.tsv", ["text", "p1", "p2", "결과"], rows)
    read = read_labelled(path, None, "결과")
    assert set(read.frame["label"]) == {"좋음", "나쁨"}
    assert has_none(read)


@given(st.lists(st.floats(1e-6, 1), min_size=2, max_size=6), st.floats(-9e-4, 9e-4))
def test_what_adds_up_nearly_is_made_to_add_up(weights, off):
    shares = np.array(weights) / sum(weights) * (1 + off)
    cells = {str(number): f"{value:.9f}" for number, value in enumerate(shares)}
    found = parse_distribution(cells)
    assert found is not None
    assert found.dtype == np.float32
    assert found.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(found, np.array(weights) / sum(weights), atol=2e-3)


@given(st.text(st.characters(exclude_characters="\n\t\r", exclude_categories=["Cs"])))
def test_a_label_of_any_name_has_a_column(label):
    if "\n" not in label:
        assert label_of_column(split_column(label)) == label
    assert label_of_column("label") is None


# ---- written by predict


def rows_of(out: str) -> list[list[str]]:
    assert out.endswith("\n")
    return [line.split("\t") for line in out[:-1].split("\n")]


ASKED = ["좋아요 정말", "별로였다", "", "탭\t이 있다", '"인용" 부호', "text\tlabel", "긴 글 " * 300]


def test_predict_writes_a_table_that_is_a_corpus(finished, command, tmp_path):
    run, file = finished("sentiment"), tmp_path / "texts.txt"
    file.write_text("\n".join(ASKED) + "\n", "utf-8")
    done = command(run.root, "predict", "sentiment", "--file", file, "--probabilities")
    assert done.code == 0
    header, *rows = rows_of(done.out)
    assert header == ["text", "label", "negative", "positive"]
    assert [row[0] for row in rows] == [text.replace("\t", " ") for text in ASKED]
    model = tf.saved_model.load(str(run.saved_model))
    asked = model.signatures["serving_default"](text=tf.constant(ASKED))
    given = np.array([row[2:] for row in rows], np.float32)
    np.testing.assert_allclose(given, asked["probabilities"].numpy(), rtol=1e-6)
    assert [row[1] for row in rows] == [label.decode() for label in asked["label"].numpy()]
    written = tmp_path / "out.tsv"
    written.write_text(done.out, "utf-8")
    read = read_labelled(written)
    assert list(read.frame["text"]) == [row[0] for row in rows]
    assert list(read.frame["label"]) == [row[1] for row in rows]
    assert set(read.frame["labelled"]) == {"no"}
    np.testing.assert_allclose(read_shares(read)["positive"], given[:, 1], rtol=1e-5)
    one = command(run.root, "predict", "sentiment", "--text", "두\n줄", "--probabilities")
    assert [row[0] for row in rows_of(one.out)] == ["text", "두 줄"]


LABELS = {
    "numbers": ["0", "1"],
    "names of columns": ["label", "text", "id"],
    "odd": ["P(a)", 'b"c', "a.b", "가 나"],
    "by case": ["Good", "good"],
}


def test_a_spreadsheet_may_have_saved_it(tmp_path):
    """With a byte order mark, CRLF, commas and quotes."""
    rows = [f'"{text}, 그렇지",부정,{p},{q}' for text, p, q in alone()]
    path = tmp_path / "out.csv"
    path.write_bytes("\r\n".join(["\ufefftext,label,긍정,부정", *rows, ""]).encode())
    read = read_labelled(path)
    assert len(read.frame) == 12
    np.testing.assert_allclose(read_shares(read)["긍정"], SHARES, atol=1e-6)


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("corrected", [False, True])
def test_such_a_table_is_read_whatever_the_labels_are_called(tmp_path, name, corrected):
    """Labels that no row has among them; and with labels that somebody corrected."""
    labels = LABELS[name]
    rest = [f"{0.3 / (len(labels) - 1):.9g}"] * (len(labels) - 1)
    rows = [[text, labels[0], "0.7", *rest] for text in TEXTS]
    if corrected:
        rows[3][1] = labels[1]
    read = read_labelled(table(tmp_path / "out.tsv", ["text", "label", *labels], rows))
    assert not read.rejects
    assert list(read.frame["text"]) == TEXTS
    assert list(read.frame["label"]) == [row[1] for row in rows]
    assert sorted(read_shares(read)) == sorted(labels)
    assert set(read.frame["labelled"]) == ({"yes"} if corrected else {"no"})


def test_a_task_without_labels_refuses(command, tmp_path):
    for task in ("ner", "charlm"):
        done = command(tmp_path, "predict", task, "--text", "가", "--probabilities")
        assert "--probabilities" in done.error


def test_a_model_that_does_not_know_its_labels_says_so(finished, command, tmp_path):
    """One that an earlier version exported."""
    run = finished("sentiment").copy(tmp_path)
    path = run.saved_model / "assets.extra" / "labels.json"
    assert read_json(path) == ["negative", "positive"]
    path.unlink()
    manifest = run.saved_model / "assets.extra" / "manifest.json"
    manifest.unlink()
    asked = ("predict", "sentiment", "--text", "가")
    assert "labels.json" in command(run.root, *asked, "--probabilities").error
    assert command(run.root, *asked).code == 0
