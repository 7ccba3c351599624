"""Finished runs that teach one: what train gets, what is refused, when it is done again."""

from __future__ import annotations

import dataclasses
import lzma
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from finished_run import FinishedRun
from make_checkout import STAGES, Checkout
from pipeline.corpora.labelled.probabilities import probabilities_of
from pipeline.corpora.settings import TeacherSettings
from pipeline.corpora.splits import read_split
from pipeline.errors import UserError
from pipeline.normalize import normalize
from pipeline.stages.teachers import Teacher, find_teachers
from pipeline.tasks.base import RunSettings, find_task
from pipeline.tasks.sentiment import teaching
from pipeline.tasks.sentiment.data import label_names
from pipeline.training.weights import save_weights
from pipeline.workspace import Workspace, read_json, sha256, write_record

UNKNOWN = [
    f"{number}번째로 다시 본 작품인데 {word}" for number in range(6) for word in ("좋다", "별로")
]


def settings_of(name: str, *, teachers=None, unlabelled=None, corpus="sample", **text):
    """Those of a run that takes no time."""
    tiny = find_task("sentiment").tiny
    return dataclasses.replace(
        tiny,
        corpus=dataclasses.replace(tiny.corpus, corpus=str(corpus)),
        teachers=TeacherSettings(teachers, None if unlabelled is None else str(unlabelled)),
        text=dataclasses.replace(tiny.text, **text),
        model=dataclasses.replace(tiny.model, cell="bag", units=8, embedding_size=8),
        training=dataclasses.replace(tiny.training, epochs=1, evaluations=1),
        run=RunSettings(name),
    )


@pytest.fixture(scope="module")
def taught(finished, tmp_path_factory) -> FinishedRun:
    """A checkout with two teachers: `default`, and `other` with pieces and sizes of its own."""
    run = finished("sentiment").copy(tmp_path_factory.mktemp("teachers"))
    student(run, settings_of("other", pieces="syllable")).do("corpus", "prepare", "train")
    return run


@pytest.fixture
def checkout(taught, tmp_path) -> FinishedRun:
    """The same, to be written to."""
    return taught.copy(tmp_path / "checkout")


def student(run: FinishedRun, settings) -> FinishedRun:
    return FinishedRun(dataclasses.replace(run.task, tiny=settings), run.workspace)


def found(settings, workspace: Workspace) -> list[Teacher]:
    return find_teachers(find_task("sentiment"), settings, label_names, workspace)


def texts_file(path: Path, texts: list[str]) -> Path:
    data = "".join(f"{text}\n" for text in texts).encode()
    path.write_bytes(lzma.compress(data) if path.suffix == ".xz" else data)
    return path


def read_corpus(run: FinishedRun, **chosen) -> FinishedRun:
    its = student(run, settings_of("student", **chosen))
    its.do("corpus")
    return its


def shares(run: FinishedRun) -> np.ndarray:
    """Of the rows of train, [rows, (negative, positive)]."""
    labels, array = probabilities_of(read_split(run.corpus / "train.tsv"))
    assert labels == ["negative", "positive"]
    return array


def alone(run: FinishedRun, texts: list[str]) -> np.ndarray:
    """What `other` thinks of texts."""
    teachers = found(settings_of("student", teachers="other"), run.workspace)
    return teaching.mean_probabilities(teachers, ["negative", "positive"], texts)


def test_train_gets_the_mean_of_what_the_teachers_think(checkout):
    """One of them as its exported model answers; dev and test are as without teachers."""
    plain = read_split(checkout.corpus / "train.tsv")
    run = read_corpus(checkout, teachers=" other , default")
    model = tf.saved_model.load(str(checkout.saved_model))
    asked = model.signatures["serving_default"](text=tf.constant(list(plain["text"])))
    default, other = asked["probabilities"].numpy(), alone(checkout, list(plain["text"]))
    np.testing.assert_allclose(shares(run), (default + other) / 2, atol=1e-4)
    assert np.abs(default - other).max() > 0.01
    train = read_split(run.corpus / "train.tsv")
    pd.testing.assert_frame_equal(train[["id", "text", "label"]], plain)
    assert set(train["labelled"]) == {"yes"}
    for name in ("dev", "test"):
        here, there = (its.corpus / f"{name}.tsv" for its in (run, checkout))
        assert here.read_bytes() == there.read_bytes()


@pytest.mark.parametrize("name", ["texts.txt", "texts.txt.xz"])
def test_texts_without_labels_are_taught_but_those_of_dev_and_test(checkout, tmp_path, name):
    held_out = [
        text
        for split in ("dev", "test")
        for text in read_split(checkout.corpus / f"{split}.tsv").text
    ]
    decomposed = [f"  {text}\u200b " for text in held_out[:5]]
    file = texts_file(tmp_path / name, [*held_out[5:], *UNKNOWN, *decomposed, "", "  "])
    run = read_corpus(checkout, teachers="default", unlabelled=file)
    train = read_split(run.corpus / "train.tsv")
    plain = read_split(checkout.corpus / "train.tsv")
    added = train[len(plain) :]
    assert sorted(added["text"]) == sorted(UNKNOWN)
    assert set(added["labelled"]) == {"no"}
    answers = np.where(shares(run)[len(plain) :, 1] > 0.5, "positive", "negative")
    assert list(added["label"]) == list(answers)
    assert not {*map(normalize, train["text"])} & {*map(normalize, held_out)} - {
        *map(normalize, plain["text"])
    }
    details = read_json(run.run / "corpus.json")["facts"]["details"]
    assert details["unlabelled"] == len(UNKNOWN)
    assert details["unlabelled_left_out"] == len({*map(normalize, held_out)})


def test_many_texts_are_asked_about_in_parts(taught, monkeypatch):
    texts = [text * (number % 5) for number, text in enumerate(UNKNOWN * 5)]
    whole = alone(taught, texts)
    monkeypatch.setattr(teaching, "_TEXTS_AT_ONCE", 7)
    np.testing.assert_allclose(alone(taught, texts), whole, atol=1e-5)


def test_all_stages_of_a_student(checkout, tmp_path):
    """And what it was taught by is in the report and on the model's card."""
    file = texts_file(tmp_path / "more.txt", UNKNOWN)
    settings = settings_of("student", teachers="default,other", unlabelled=file)
    settings = dataclasses.replace(settings, run=RunSettings("student", 7))
    run = student(checkout, settings)
    run.do("corpus", "prepare", "train", "evaluate", "export")
    card = (run.saved_model / "assets.extra" / "model_card.md").read_text("utf-8")
    report = (run.run / "report.html").read_text("utf-8")
    for page in (card, report):
        assert "default (" in page
        assert "other (" in page
        assert "12 of more.txt" in page
    assert (checkout.run / "training.json").exists()
    before = {path: sha256(path) for path in run.run.glob("*.*")}
    run.do("corpus", "prepare", "train", "evaluate", "export")
    assert {path: sha256(path) for path in run.run.glob("*.*")} == before


def test_it_is_read_again_where_a_teacher_or_the_texts_changed(checkout, tmp_path, capsys):
    file = texts_file(tmp_path / "more.txt", UNKNOWN)

    def read() -> bool:
        """Whether it was read."""
        capsys.readouterr()
        read_corpus(checkout, teachers="other", unlabelled=file)
        return "read as" in capsys.readouterr().err

    assert read()
    assert not read()
    texts_file(file, UNKNOWN[1:])
    assert read()
    assert not read()
    (teacher,) = found(settings_of("student", teachers="other"), checkout.workspace)
    model = teaching.trained_model(teacher.settings, teacher.trained)
    model.get_layer("logits").bias.assign([3.0, -3.0])
    save_weights(model, teacher.trained.weights)
    with pytest.raises(UserError, match="is not what the training wrote"):
        read()
    record = teacher.trained.run / "training.json"
    values = read_json(record)
    values["files"]["best.weights.h5"] = sha256(teacher.trained.weights)
    write_record(record, values)
    assert read()
    assert not read()


WRONG = {
    "no such run": ("nobody", "no such run.*default, other"),
    "unfinished": ("unfinished", "nothing is trained yet"),
    "itself": ("default,student", "cannot teach itself"),
    "twice": ("default,other, default", "twice"),
    "no name": ("default,,other", "'' is not the name"),
    "another folder": ("../sentiment/default", "is not the name"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_teach_is_one_line(taught, case):
    names, words = WRONG[case]
    (taught.workspace.run("sentiment", "unfinished")).mkdir(exist_ok=True)
    with pytest.raises(UserError, match=words):
        read_corpus(taught, teachers=names)


def test_a_teacher_that_was_harmed_names_the_command_that_helps(checkout):
    (checkout.run / "best.weights.h5").unlink()
    with pytest.raises(UserError, match="is gone.*make train-sentiment"):
        read_corpus(checkout, teachers="default")


def test_texts_without_a_teacher_are_one_line(command, tmp_path):
    texts_file(tmp_path / "more.txt", UNKNOWN)
    done = command(tmp_path, "corpus", "sentiment", "--corpus=sample", "--unlabelled=more.txt")
    assert "--teachers" in done.error
    assert not list(tmp_path.glob("data/processed/sentiment/sample*"))


def test_texts_of_which_none_is_left(checkout, tmp_path):
    file = texts_file(tmp_path / "more.txt", list(read_split(checkout.corpus / "test.tsv")["text"]))
    with pytest.raises(UserError, match="every text of it is in dev or test"):
        read_corpus(checkout, teachers="default", unlabelled=file)


def own_corpus(path: Path, run: FinishedRun, labels=("negative", "positive")) -> Path:
    """All texts of the corpus of a run, split otherwise."""
    frame = pd.concat(read_split(run.corpus / f"{s}.tsv") for s in ("test", "train", "dev"))
    named = dict(zip(("negative", "positive"), labels, strict=True))
    rows = [
        f"{number}\t{text}\t{named[label]}"
        for number, (text, label) in enumerate(zip(frame["text"], frame["label"], strict=True))
    ]
    path.write_text("\n".join(["id\ttext\tlabel", *rows]) + "\n", "utf-8")
    return path


def test_a_teacher_that_learnt_from_dev_or_test_is_told_of(checkout, tmp_path):
    corpus = own_corpus(tmp_path / "own.tsv", checkout)
    run = read_corpus(checkout, teachers="default,other", corpus=corpus)
    (warning,) = read_json(run.run / "corpus.json")["facts"]["warnings"]
    theirs = {*map(normalize, read_split(checkout.corpus / "train.tsv")["text"])}
    for split in ("dev", "test"):
        mine = [normalize(text) for text in read_split(run.corpus / f"{split}.tsv")["text"]]
        count = sum(text in theirs for text in mine)
        assert count > 10
        assert f"{count} of {len(mine)} texts of {split}" in warning
    assert "default, other" in warning
    same = read_corpus(checkout, teachers="other")
    assert read_json(same.run / "corpus.json")["facts"]["warnings"] == []


def test_labels_must_be_known_by_all(checkout, tmp_path, monkeypatch):
    corpus = own_corpus(tmp_path / "own.tsv", checkout, ("0", "1"))
    with pytest.raises(UserError, match="do not know: 0, 1.*negative, positive"):
        read_corpus(checkout, teachers="default", corpus=corpus)
    names = iter([["negative", "positive"], ["negative", "neutral", "positive"]])
    monkeypatch.setattr(teaching, "label_names", lambda folder: next(names))
    with pytest.raises(UserError, match="default and other know different labels"):
        read_corpus(checkout, teachers="default,other")


def test_probabilities_of_the_corpus_are_not_replaced(checkout, tmp_path):
    lines = ["text\tnegative\tpositive", *(f"{text}\t0.25\t0.75" for text in UNKNOWN[:9])]
    lines += [f"{text}\t0.75\t0.25" for text in UNKNOWN[9:]]
    path = tmp_path / "own.tsv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    with pytest.raises(UserError, match="probabilities of its own"):
        read_corpus(checkout, teachers="default", corpus=path)


def test_make_distill(tmp_path):
    checkout = Checkout(tmp_path).with_environment()
    for typed in ([], ["TEACHERS="], ["UNLABELLED=a.txt"]):
        done = checkout.make("distill", *typed)
        assert done.returncode == 2
        assert "TEACHERS=" in done.stderr
        assert done.stderr.count("\n") == 1
        assert checkout.calls == []
    assert checkout.make("distill", "TEACHERS=a,b").returncode == 0
    assert checkout.stages == STAGES
    for call in checkout.calls:
        assert call[4:] == ["--name=student", "--version=1", "--teachers=a,b"]
    typed = ["TEACHERS=it's $HOME", "UNLABELLED=a b.txt.xz", "NAME=mine", "CORPUS=sample"]
    assert checkout.make("distill", *typed, "SETTINGS=--units 8").returncode == 0
    assert checkout.calls[0][4:] == [
        *("--name=mine", "--version=1", "--corpus=sample", "--teachers=it's $HOME"),
        *("--unlabelled=a b.txt.xz", "--settings=--units 8"),
    ]
    # Neither the environment nor another target knows of it.
    checkout.make("train-sentiment", TAUGHT="--teachers=x", USUAL_NAME="x", TEACHERS="x")
    assert checkout.calls[0][4:] == ["--name=default", "--version=1"]
    checkout.make("predict", "FILE=a.txt", "PROBABILITIES=1")
    assert "--probabilities=1" in checkout.calls[0]


def test_a_workspace_without_runs_says_so(tmp_path):
    with pytest.raises(UserError, match="none yet"):
        found(settings_of("student", teachers="a"), Workspace(tmp_path))
