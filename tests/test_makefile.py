"""The Makefile, with a stand-in for Python that notes what it is called with."""

from __future__ import annotations

import re
import sys
import time

import pytest

from make_checkout import CHECKOUT, STAGES, Checkout


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    return Checkout(tmp_path).with_environment()


@pytest.mark.parametrize("arguments", [[], ["help"]])
def test_help_needs_nothing(tmp_path, arguments):
    bare = Checkout(tmp_path)
    done = bare.make(*arguments, PYTHON3="/nowhere/python3")
    assert (done.returncode, done.stderr) == (0, "")
    for word in (
        "make train-sentiment",
        "make train-ner",
        "make evaluate-ner",
        "make evaluate-translation",
        "make tag",
        "make predict",
        "make translate",
        "make setup",
        "make test",
        "CORPUS=",
        "DIRECTION=en-ko",
    ):
        assert word in done.stdout
    assert not (tmp_path / ".venv").exists()
    assert not (tmp_path / "runs").exists()


def test_tasks_are_the_folders_of_the_tasks(tmp_path):
    done = Checkout(tmp_path).make("--print-data-base", "--question", "help")
    targets = set(re.findall(r"^(train-\w+):", done.stdout, re.M))
    folders = CHECKOUT.glob("pipeline/tasks/*/__init__.py")
    assert targets == {f"train-{file.parent.name}" for file in folders}
    assert "train-sentiment" in targets


def test_dry_run_chains_the_stages_in_order(tmp_path):
    done = Checkout(tmp_path).make("-n", "train-sentiment")
    places = [done.stdout.index(f"-m pipeline {stage} sentiment") for stage in STAGES]
    assert places == sorted(places)
    assert done.stdout.index("-m venv") < done.stdout.index("pip install") < places[0]


def test_everything_once_and_then_nothing(checkout):
    first = checkout.make("train-sentiment")
    assert first.returncode == 0, first.stderr
    assert checkout.stages == STAGES
    assert all(call[3] == "sentiment" for call in checkout.calls)
    assert "runs/sentiment/default/report.html" in first.stdout
    again = checkout.make("train-sentiment")
    assert again.returncode == 0
    assert checkout.stages == ["corpus"]
    assert "saved_models/sentiment/1" in again.stdout


def test_goes_on_at_the_stage_that_failed(checkout):
    (checkout.root / "fails").write_text("train")
    assert checkout.make("train-sentiment").returncode == 2
    assert checkout.stages == STAGES[:3]
    (checkout.root / "fails").unlink()
    assert checkout.make("train-sentiment").returncode == 0
    assert checkout.stages == ["corpus", *STAGES[2:]]


@pytest.mark.parametrize(
    "change",
    [
        ["SETTINGS=--units 64"],
        ["CORPUS=sample"],
    ],
)
def test_what_is_asked_for_differently_is_asked_again(checkout, change):
    checkout.make("train-sentiment")
    checkout.make("train-sentiment", *change)
    assert checkout.stages == STAGES
    checkout.make("train-sentiment", *change)
    assert checkout.stages == ["corpus"]
    checkout.make("train-sentiment")
    assert checkout.stages == STAGES


def test_names_and_versions_have_files_of_their_own(checkout):
    checkout.make("train-sentiment")
    checkout.make("train-sentiment", "NAME=small", "VERSION=2")
    assert checkout.stages == STAGES
    assert (checkout.root / "runs/sentiment/small/metrics.json").exists()
    assert (checkout.root / "saved_models/sentiment/2/saved_model.pb").exists()
    checkout.make("train-sentiment")
    assert checkout.stages == ["corpus"]


def test_a_version_is_made_again_where_another_run_stands_there(checkout):
    checkout.make("train-sentiment")
    checkout.make("train-sentiment", "NAME=small")
    assert checkout.stages == STAGES
    checkout.make("train-sentiment")
    assert checkout.stages == ["corpus", "export"]
    assert checkout.calls[-1][4:6] == ["--name", "default"]
    checkout.make("train-sentiment")
    assert checkout.stages == ["corpus"]


@pytest.mark.parametrize("name", ["my.tsv", "내 리뷰.tsv", "a,b.tsv", "10:30.tsv", "[a] 50%.tsv"])
def test_a_corpus_that_changed_is_followed_by_all_stages(checkout, name):
    """Whether it did, the stage corpus knows, whatever the file is called."""
    asked = ("train-sentiment", f"CORPUS={name}")
    checkout.make(*asked)
    assert checkout.stages == STAGES
    assert all("--corpus" in call and name in call for call in checkout.calls)
    checkout.make(*asked)
    assert checkout.stages == ["corpus"]
    time.sleep(0.02)
    (checkout.root / "changed").touch()
    checkout.make(*asked)
    assert checkout.stages == STAGES


def test_new_pins_do_not_train_again(checkout):
    checkout.make("train-sentiment")
    time.sleep(0.02)
    (checkout.root / ".venv" / ".ready").touch()
    checkout.make("train-sentiment")
    assert checkout.stages == ["corpus"]


def test_names_in_the_environment_are_not_meant_for_us(checkout):
    """Some systems set NAME to the machine's name, VERSION and PORT to their own."""
    checkout.make("train-sentiment", NAME="machine", VERSION="22.04", PORT="80")
    assert all("default" in call and "1" in call for call in checkout.calls)


def test_settings_arrive_as_words(checkout):
    checkout.make("train-sentiment", "SETTINGS=--text-column 'my text' --units 3")
    assert all(call[-4:] == ["--text-column", "my text", "--units", "3"] for call in checkout.calls)


def test_name_of_two_words_is_refused(checkout):
    done = checkout.make("train-sentiment", "NAME=two words")
    assert done.returncode == 2
    assert "one word each" in done.stderr
    assert not checkout.calls


@pytest.mark.parametrize(
    "text",
    [
        "정말 재미있어요",
        "it's \"good\" — it's",
        "돈 $100, $HOME, $(HOME), $$, ${PATH}",
        "`touch pwned` $(touch pwned) $(shell touch pwned)",
        "100% #1 \\ \\n * ? ~ ! & | ; < > ( ) [ ] { } =",
        "두 줄\n짜리",
        "$(",
        "-_-",
        "--help",
        "빈칸  ",
        "",
        "👨‍👩‍👧 ㅋㅋㅠㅠ",
    ],
)
@pytest.mark.parametrize("way", ["argument", "environment"])
def test_text_arrives_as_typed(checkout, text, way):
    if way == "argument":
        done = checkout.make("predict", f"TEXT={text}")
    else:
        done = checkout.make("predict", TEXT=text)
    assert done.returncode == 0, done.stderr
    (call,) = checkout.calls
    assert call == ["-m", "pipeline", "predict", "sentiment", "--version", "1", "--text", text]
    assert not (checkout.root / "pwned").exists()


def test_predict_from_a_file_or_without_a_question(checkout):
    checkout.make("predict", "FILE=내 글's.txt", "VERSION=3")
    expected = ["-m", "pipeline", "predict", "sentiment", "--version", "3"]
    assert checkout.calls == [[*expected, "--file", "내 글's.txt"]]
    checkout.make("predict")
    assert checkout.calls == [["-m", "pipeline", "predict", "sentiment", "--version", "1"]]


@pytest.mark.parametrize("way", ["argument", "environment"])
def test_tag_asks_the_tagger(checkout, way):
    text = "<이순신:PS>의 $HOME `글`"
    if way == "argument":
        checkout.make("tag", "TEXT=" + text.replace("$", "$$"), "VERSION=2")
    else:
        checkout.make("tag", "VERSION=2", TEXT=text)
    (call,) = checkout.calls
    assert call == ["-m", "pipeline", "predict", "ner", "--version", "2", "--text", call[-1]]
    assert "이순신" in call[-1]


@pytest.mark.parametrize(("task", "other"), [("ner", "klue"), ("translation", "news")])
def test_a_finished_model_is_measured_on_another_corpus(checkout, task, other):
    checkout.make(f"train-{task}")
    checkout.make(f"evaluate-{task}")
    assert checkout.stages == ["corpus"]
    checkout.make(f"evaluate-{task}", "EVAL=내 글.tsv")
    _, call = checkout.calls
    assert call[2:4] == ["evaluate", task]
    assert call[-2:] == ["--on", "내 글.tsv"]
    checkout.make(f"evaluate-{task}", f"EVAL={other}", "NAME=other")
    assert checkout.stages == ["corpus", "prepare", "train", "evaluate", "evaluate"]
    assert checkout.calls[-1][-2:] == ["--on", other]


def test_clean_keeps_downloads_and_models(checkout):
    checkout.make("train-sentiment")
    for folder in ("data/raw", "data/processed", "data/samples"):
        (checkout.root / folder).mkdir(parents=True)
    checkout.make("clean")
    assert (checkout.root / "saved_models/sentiment/1/saved_model.pb").exists()
    assert {path.name for path in (checkout.root / "data").iterdir()} == {"raw", "samples"}
    assert not (checkout.root / "runs").exists()


def test_python_that_is_too_old_is_named(tmp_path):
    old = tmp_path / "python3"
    pretend = "import sys; sys.version_info = (3, 8, 10, 'final', 0)"
    old.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{pretend}; $2"\n')
    old.chmod(0o755)
    done = Checkout(tmp_path / "x").make("setup", f"PYTHON3={old}")
    assert done.returncode == 2
    assert "Python 3.11" in done.stderr
    assert "is 3.8" in done.stderr
    assert not (tmp_path / "x" / ".venv").exists()
