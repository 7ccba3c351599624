"""Probabilities in the place of labels: read from a table, learnt from, and written by predict."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.labelled.probabilities import (
    distribution,
    label_of_column,
    probabilities_of,
    split_column,
)
from pipeline.corpora.labelled.reviews import LabelledTexts, read_labelled
from pipeline.corpora.splits import read_split
from pipeline.errors import UserError
from pipeline.tasks.base import find_task
from pipeline.tasks.sentiment.training import load_targets
from pipeline.training.distillation import DistillationLoss, SoftTargets
from pipeline.training.losses import SmoothedCrossEntropy
from pipeline.workspace import read_json

TEXTS = [f"{number}번째 영화는 정말 {'좋다' if number % 2 else '지루하다'}" for number in range(12)]
SHARES = [round(0.07 * number + 0.05, 3) for number in range(12)]
"""Of the label 긍정."""


def table(path: Path, header: list[str], rows: list[list[object]], delimiter: str = "\t") -> Path:
    lines = [delimiter.join(map(str, row)) for row in [header, *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def alone(texts=TEXTS, shares=SHARES) -> list[list[object]]:
    return [[text, p, round(1 - p, 3)] for text, p in zip(texts, shares, strict=True)]


def read_shares(read: LabelledTexts) -> dict[str, np.ndarray]:
    labels, array = probabilities_of(read.frame)
    np.testing.assert_allclose(np.nansum(array, axis=1) % 1, 0, atol=1e-6)
    return dict(zip(labels, array.T, strict=True))


def has_none(read: LabelledTexts) -> bool:
    return list(read.frame.columns) == ["id", "text", "label"]


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
    found = distribution(cells)
    assert found is not None
    assert found.dtype == np.float32
    assert found.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(found, np.array(weights) / sum(weights), atol=2e-3)


@given(st.text(st.characters(exclude_characters="\n\t\r", exclude_categories=["Cs"])))
def test_a_label_of_any_name_has_a_column(label):
    if "\n" not in label:
        assert label_of_column(split_column(label)) == label
    assert label_of_column("label") is None


# ---- learning from them


LOGITS = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32) * 3
TAUGHT = np.random.default_rng(2).dirichlet([0.5] * 3, size=5).astype(np.float32)
NO_LABEL = np.full(5, -1)


def loss(targets: SoftTargets, logits: np.ndarray = LOGITS) -> np.ndarray:
    """Of each row."""
    function = DistillationLoss(targets.temperature, reduction=None)
    return np.asarray(function(targets[np.arange(len(logits))], logits))


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_at_temperature_1_it_is_the_usual_cross_entropy():
    usual = keras.losses.CategoricalCrossentropy(from_logits=True, reduction=None)
    np.testing.assert_allclose(
        loss(SoftTargets(TAUGHT, NO_LABEL)), usual(TAUGHT, LOGITS), rtol=1e-5
    )


@given(st.floats(0.3, 20), st.floats(0, 1))
def test_at_any_temperature_it_is_that_of_the_paper(temperature, share):
    """Written with the teacher's logits, as there; and with a label beside them."""
    labels = np.array([0, 1, 2, 1, -1])
    teacher = np.random.default_rng(3).normal(size=(5, 3)) * 2
    targets = SoftTargets(
        softmax(teacher).astype(np.float32), labels, temperature=temperature, label_share=share
    )
    soft = -(softmax(teacher / temperature) * np.log(softmax(LOGITS / temperature))).sum(axis=1)
    hard = -np.log(softmax(LOGITS.astype(float)))[np.arange(5), labels]
    weight = np.where(labels < 0, 0, share)
    expected = (1 - weight) * temperature**2 * soft + weight * hard
    np.testing.assert_allclose(loss(targets), expected, rtol=1e-3)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_a_row_with_a_label_alone_is_learnt_as_ever(smoothing, temperature):
    labels = np.array([2, 0, 1, 1, 2])
    targets = SoftTargets(
        np.full((5, 3), np.nan, np.float32),
        labels,
        temperature=temperature,
        label_smoothing=smoothing,
    )
    usual = SmoothedCrossEntropy(smoothing, reduction=None)(labels, LOGITS)
    np.testing.assert_allclose(loss(targets), usual, rtol=1e-5)


def test_the_gradient_does_not_shrink_with_the_temperature():
    """At a high one it is (z - v) / labels of logits around 0 (section 2.1 of the paper)."""
    teacher, student = TAUGHT - TAUGHT.mean(axis=1, keepdims=True), tf.Variable(LOGITS * 0.1)
    targets = SoftTargets(softmax(teacher).astype(np.float32), NO_LABEL, temperature=50.0)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(DistillationLoss(50.0, reduction=None)(targets[:], student))
    z = LOGITS * 0.1 - (LOGITS * 0.1).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(tape.gradient(total, student), (z - teacher) / 3, atol=2e-3)


def test_certain_teachers_are_no_trouble():
    """0 and 1, at any temperature; and what float32 can hardly hold."""
    certain = np.array([[1, 0], [1 - 1e-7, 1e-30], [0.5, 0.5]], np.float32)
    for temperature in (0.1, 1.0, 100.0):
        targets = SoftTargets(certain, np.full(3, -1), temperature=temperature)
        assert np.isfinite(targets[np.arange(3)]).all()
        assert np.isfinite(loss(targets, LOGITS[:3, :2] * 30)).all()


def words_with_probabilities(path: Path, every: int = 1) -> Path:
    """160 texts of which one word tells all; of every so many there are probabilities, no label."""
    rows: list[list[object]] = []
    for number in range(160):
        good = number % 4 > 1
        text = f"{number}번 손님은 {'최고' if good else '별로'}라고 했다"
        share = 0.9 if good else 0.2
        rows.append([text, int(good), "", ""] if number % every else [text, "", 1 - share, share])
    return table(path, ["text", "label", "0", "1"], rows)


def small(task, corpus: Path, **distillation):
    tiny = task.tiny
    return dataclasses.replace(
        tiny,
        corpus=dataclasses.replace(tiny.corpus, corpus=str(corpus)),
        model=dataclasses.replace(tiny.model, cell="bag", ngrams="none", embedding_size=8),
        training=dataclasses.replace(tiny.training, epochs=12, evaluations=2, learning_rate=0.05),
        distillation=dataclasses.replace(tiny.distillation, **distillation),
    )


@pytest.mark.parametrize("every", [1, 2])
def test_splits_and_arrays_keep_them(new_run, tmp_path, every):
    corpus = words_with_probabilities(tmp_path / "my.tsv", every)
    settings = small(find_task("sentiment"), corpus)
    run = new_run("sentiment", settings)
    run.do("corpus", "prepare")
    train = read_split(run.corpus / "train.tsv")
    assert list(train.columns) == ["id", "text", "label", "P(0)", "P(1)", "labelled"]
    targets = load_targets(settings, run.prepared)
    assert isinstance(targets, SoftTargets)
    own = (train["labelled"] == "yes").to_numpy(bool)
    np.testing.assert_array_equal(targets.labels >= 0, own)
    np.testing.assert_array_equal(np.isnan(targets.probabilities).any(axis=1), own)
    assert own.any() == (every == 2)
    good = train["text"].str.contains("최고").to_numpy(bool)
    np.testing.assert_allclose(
        targets.probabilities[~own, 1], np.where(good, 0.9, 0.2)[~own], atol=1e-6
    )
    # What a stage wrote can be read as a corpus, too.
    again = read_labelled(run.corpus / "train.tsv")
    pd.testing.assert_frame_equal(
        again.frame.drop(columns="labelled"), train.drop(columns="labelled")
    )


def test_they_are_learnt_from(new_run, tmp_path):
    corpus = words_with_probabilities(tmp_path / "my.tsv", 2)
    settings = small(find_task("sentiment"), corpus, temperature=2.0, label_share=0.3)
    run = new_run("sentiment", settings)
    run.do("corpus", "prepare", "train", "evaluate")
    assert read_json(run.run / "metrics.json")["accuracy"] > 0.8


def test_a_corpus_with_labels_alone_has_the_targets_it_had(finished):
    run = finished("sentiment")
    targets = load_targets(run.task.tiny, run.prepared)
    assert isinstance(targets, np.ndarray)
    assert targets.dtype == np.int32
    plan = run.task.training.plan(run.task.tiny, run.prepared)
    assert type(plan.loss) is SmoothedCrossEntropy
    assert not list(run.prepared.glob("*probabilities*"))
    assert list(read_split(run.corpus / "train.tsv").columns) == ["id", "text", "label"]


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
