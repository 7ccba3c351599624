"""The Makefile, with a stand-in for Python that notes what it is called with."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make_checkout import CHECKOUT, STAGES, Checkout

VARIABLES = (
    *("CORPUS", "EVAL", "NAME", "VERSION", "SETTINGS", "TEXT", "FILE", "OUT", "PROMPT"),
    *("LENGTH", "TEMPERATURE", "SEED", "LANGUAGE", "QUICK", "PORT", "DIRECTION", "MODELS"),
    *("TASK", "INPUT", "OUTPUT"),
)


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    return Checkout(tmp_path).with_environment()


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Checkout:
    """One for many examples."""
    checkout = Checkout(tmp_path_factory.mktemp("make")).with_environment()
    (checkout.root / ".venv" / ".ready-scale").touch()
    return checkout


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


def test_every_stage_is_asked_each_time(checkout):
    """What is up to date, each of them knows by the content of files."""
    for _ in range(2):
        done = checkout.make("train-sentiment")
        assert done.returncode == 0, done.stderr
        assert checkout.calls == [
            ["-m", "pipeline", stage, "sentiment", "--name=default", "--version=1"]
            for stage in STAGES
        ]


def test_what_comes_behind_a_failed_stage_is_not_run(checkout):
    (checkout.root / "fails").write_text("train")
    done = checkout.make("train-sentiment")
    assert done.returncode == 2
    assert checkout.stages == STAGES[:3]
    assert re.fullmatch(r"make: \*\*\* \[Makefile:\d+: train-sentiment\] Error 2\n", done.stderr)


def test_no_name_of_a_user_is_a_target(checkout):
    """Files that are called as a target was in an earlier version, or as a variable says."""
    done = checkout.make("--print-data-base", "-n", "train-sentiment", "NAME=mine", "CORPUS=a:b")
    targets = re.findall(r"^([^#\s:=][^:=]*):(?!=)", done.stdout, re.M)
    assert "train-sentiment" in targets
    assert not [target for target in targets if "mine" in target or target.startswith("a")]


# Whatever make or a shell could take for something of its own.
STRANGE = [
    "2024-01-01T10:00.tsv",
    "C:/Users/me/pairs.tsv",
    "lr=0.01",
    "a;touch pwned",
    "a|b",
    "a#b",
    "[최종] 자료.tsv",
    "~/lines.txt",
    "100% $HOME $(HOME) ${PATH} $$ $(",
    "$(shell touch pwned) `touch pwned` $(touch pwned)",
    "it's \"good\" — it's",
    "end\\",
    "tab\there",
    "두 줄\n짜리",
    "* ? ~ ! & < > ( ) { }",
    "--help",
    "빈칸  ",
    "👨‍👩‍👧 ㅋㅋㅠㅠ",
]

TAKEN = {
    "CORPUS": ("train-ner", "--corpus"),
    "NAME": ("train-ner", "--name"),
    "VERSION": ("train-ner", "--version"),
    "SETTINGS": ("train-ner", "--settings"),
    "EVAL": ("evaluate-ner", "--on"),
    "FILE": ("tag", "--file"),
    "OUT": ("encode", "--out"),
    "INPUT": ("score", "--input"),
    "OUTPUT": ("score", "--output"),
    "TEXT": ("tag", "--text"),
    "PROMPT": ("generate", "--text"),
    "LENGTH": ("generate", "--length"),
    "TEMPERATURE": ("generate", "--temperature"),
    "SEED": ("generate", "--seed"),
    "LANGUAGE": ("caption", "--language"),
    "QUICK": ("study-gradients", "--quick"),
    "PORT": ("tensorboard", "--port"),
    "MODELS": ("serve", "--models"),
}


@pytest.mark.parametrize("variable", TAKEN)
@pytest.mark.parametrize("value", STRANGE)
def test_what_is_typed_is_one_word_of_python(shared, variable, value):
    target, option = TAKEN[variable]
    done = shared.make(target, f"{variable}={value}")
    assert done.returncode == 0, done.stderr
    assert any(f"{option}={value}" in call for call in shared.calls), shared.calls
    assert not (shared.root / "pwned").exists()


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_name_of_a_corpus_arrives(shared, value):
    # make itself takes spaces off the beginning of a value.
    value = value.lstrip(" \t\n\v\f\r") or "a"
    done = shared.make("train-ner", f"CORPUS={value}")
    assert done.returncode == 0, done.stderr
    assert all(call[-1] == f"--corpus={value}" for call in shared.calls)


@pytest.mark.parametrize("value", [*STRANGE, ""])
def test_other_targets_do_not_look_at_what_is_typed(shared, value):
    typed = [f"{name}={value}" for name in VARIABLES]
    done = shared.make("help", *typed)
    assert (done.returncode, done.stderr) == (0, "")
    assert shared.make("settings-ner", *typed).returncode == 0
    assert shared.calls == [["-m", "pipeline", "train", "ner", "--help"]]


def test_variables_of_the_environment_are_not_meant_for_us(checkout):
    """Windows exports PROMPT, other systems NAME and VERSION; CORPUS may be of another project."""
    exported = {name: "en-ko" for name in VARIABLES}
    checkout.make("train-translation", **exported)
    expected = ["translation", "--name=default", "--version=1"]
    assert checkout.calls == [["-m", "pipeline", stage, *expected] for stage in STAGES]
    checkout.make("generate", **exported)
    (*_, last) = checkout.calls
    assert last[-1] == "--example"
    checkout.make("predict", **exported)
    assert checkout.calls == [["-m", "pipeline", "predict", "sentiment", "--version=1"]]
    checkout.make("study-gradients", **exported)
    assert checkout.calls == [
        ["-m", "pipeline", "study", "gradients", "--name=default", "--seed=1"]
    ]


@pytest.mark.parametrize(
    ("task", "starts"), [("sentiment", True), ("ner", True), ("charlm", False)]
)
def test_an_encoder_is_for_tasks_whose_settings_have_one(checkout, task, starts):
    checkout.make(f"train-{task}", "ENCODER=내 것")
    words = ["--name=default", "--version=1", *(["--encoder=내 것"] if starts else [])]
    assert checkout.calls == [["-m", "pipeline", stage, task, *words] for stage in STAGES]


@pytest.mark.parametrize("task", ["sentiment", "ner"])
def test_a_task_with_teachers_is_distilled_as_a_student(checkout, task):
    checkout.make(f"distill-{task}", "TEACHERS=a,b", "UNLABELLED=글.txt")
    words = ["--name=student", "--version=1", "--teachers=a,b", "--unlabelled=글.txt"]
    assert checkout.calls == [["-m", "pipeline", stage, task, *words] for stage in STAGES]


def test_a_task_without_teachers_is_not_distilled(checkout):
    done = checkout.make("distill-charlm", "TEACHERS=a,b")
    assert done.returncode == 2
    assert "charlm cannot learn from other runs" in done.stderr
    assert checkout.calls == []


def test_every_task_can_be_asked(checkout):
    for task in checkout.tasks:
        checkout.make(f"predict-{task}", "FILE=내 것.csv", "VERSION=2")
        [[*asked, file]] = checkout.calls
        assert asked[:5] == ["-m", "pipeline", "predict", task, "--version=2"]
        assert file == "--file=내 것.csv"


@pytest.mark.parametrize(
    ("short", "task", "given"),
    [("generate", "charlm", "LENGTH=7"), ("caption", "captioning", "LANGUAGE=ko")],
)
def test_the_longer_target_asks_what_the_shorter_one_asks(checkout, short, task, given):
    checkout.make(short, "FILE=여기", given)
    *_, asked = checkout.calls
    checkout.make(f"predict-{task}", "FILE=여기", given)
    assert checkout.calls == [asked]
    name, value = given.split("=")
    assert f"--{name.lower()}={value}" in asked


def test_what_is_typed_is_asked_of_any_task(checkout):
    """Python refuses what a task cannot be asked; nobody's wish is passed over in silence."""
    checkout.make("predict", "TEXT=a", "SEED=3", "LENGTH=20")
    (call,) = checkout.calls
    assert call[3:] == ["sentiment", "--version=1", "--length=20", "--seed=3", "--text=a"]


def test_predict_from_a_file_or_without_a_question(checkout):
    checkout.make("predict", "FILE=내 글's.txt", "VERSION=3")
    expected = ["-m", "pipeline", "predict", "sentiment", "--version=3"]
    assert checkout.calls == [[*expected, "--file=내 글's.txt"]]
    checkout.make("predict")
    assert checkout.calls == [["-m", "pipeline", "predict", "sentiment", "--version=1"]]
    checkout.make("predict", "TEXT=")
    assert checkout.calls[0][-1] == "--text="


@pytest.mark.parametrize(
    ("typed", "option"), [(["FILE=내 시세.csv"], "--file=내 시세.csv"), ([], "--example")]
)
def test_a_forecast_is_of_a_file_or_of_the_series_that_was_learnt_from(checkout, typed, option):
    checkout.make("forecast", "VERSION=3", *typed)
    asked = ["-m", "pipeline", "predict", "forecasting", "--version=3", option]
    assert checkout.calls == [asked]


@pytest.mark.parametrize("target", ["predict", "tag", "translate", "generate"])
def test_prompt_and_text_are_two_names_of_one_thing(checkout, target):
    for variable in ("TEXT", "PROMPT"):
        checkout.make(target, f"{variable}=모든 국민은")
        assert checkout.calls[-1][-1] == "--text=모든 국민은"
    done = checkout.make(target, "TEXT=a", "PROMPT=b")
    assert done.returncode == 2
    assert "give one of them" in done.stderr


@pytest.mark.parametrize(("task", "other"), [("ner", "klue"), ("translation", "내 글.tsv")])
def test_a_run_is_measured_and_never_trained(checkout, task, other):
    typed = ["NAME=mine", "CORPUS=mine.tsv", "SETTINGS=--units 3"]
    for more, option in (([], []), ([f"EVAL={other}"], [f"--on={other}"])):
        checkout.make(f"evaluate-{task}", *typed, *more)
        assert checkout.calls == [
            [
                *("-m", "pipeline", "evaluate", task, "--name=mine", "--version=1"),
                *("--corpus=mine.tsv", *option),
            ]
        ]


def test_each_server_has_its_own_port(checkout):
    checkout.make("serve", "SETTINGS=--queue 9")
    assert checkout.calls == [["-m", "pipeline", "serve", "--settings=--queue 9"]]
    checkout.make("serve", "PORT=1", "MODELS=ner")
    assert checkout.calls == [["-m", "pipeline", "serve", "--models=ner", "--port=1"]]


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


class TestLinkedEnvironment:
    """.venv as a link to an environment that belongs to somebody else."""

    def test_nothing_is_installed_there(self, tmp_path):
        theirs = Checkout(tmp_path / "theirs").with_environment()
        (theirs.root / ".venv" / ".ready").unlink()
        checkout = Checkout(tmp_path / "ours")
        (checkout.root / ".venv").symlink_to(theirs.root / ".venv")
        os.utime(checkout.root / "requirements.txt")
        done = checkout.make("train-sentiment")
        assert done.returncode == 0, done.stderr
        assert checkout.stages == STAGES
        assert checkout.make("setup").returncode == 0
        assert checkout.calls == []
        assert {path.name for path in (theirs.root / ".venv").iterdir()} == {"bin"}

    def test_one_that_leads_nowhere_is_one_line(self, tmp_path):
        checkout = Checkout(tmp_path)
        (tmp_path / ".venv").symlink_to(tmp_path / "gone")
        done = checkout.make("predict", "TEXT=a")
        assert done.returncode == 2
        said = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
        assert len(said) == 1
        assert "rm .venv" in said[0]

    def test_git_ignores_it(self, tmp_path):
        subprocess.run(["git", "init", "-q", tmp_path], check=True)
        (tmp_path / ".gitignore").write_bytes((CHECKOUT / ".gitignore").read_bytes())
        (tmp_path / ".venv").symlink_to(tmp_path)
        ignored = subprocess.run(
            ["git", "-C", tmp_path, "check-ignore", ".venv"], capture_output=True, check=False
        )
        assert ignored.stdout == b".venv\n"
