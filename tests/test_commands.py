"""The commands that a report and a model card give, pasted into a shell."""

from __future__ import annotations

import dataclasses
import subprocess

import pytest

from make_checkout import STAGES, Checkout, environment
from pipeline.report.commands import commands
from pipeline.settings import parse
from pipeline.tasks.base import RunSettings, Task, find_task

NASTY = """내 "글's" $HOME `x`/a \\b !1 #2.tsv"""


def changed(task: Task, **groups: dict):
    settings = task.settings()
    for group, values in groups.items():
        values = dataclasses.replace(getattr(settings, group), **values)
        settings = dataclasses.replace(settings, **{group: values})
    return settings


CASES = {
    "sentiment": {
        "corpus": {"corpus": NASTY, "text_column": "내 본문"},
        "model": {"units": 7},
        "run": {"name": "내_것", "version": 3},
    },
    "translation": {
        "corpus": {"corpus": "a b.tsv,sample", "direction": "en-ko"},
        "text": {"joint": True},
        "training": {"clip_norm": 0.5},
    },
    "ner": {},
}


@pytest.mark.parametrize("name", CASES)
def test_a_command_that_is_pasted_asks_for_the_same_run(name, tmp_path):
    """Through sh and make to the command line, word for word."""
    task = find_task(name)
    settings = changed(task, **CASES[name])
    train, ask, _ = commands(task, settings)
    checkout = Checkout(tmp_path).with_environment()

    def paste(command: str) -> list[list[str]]:
        checkout.forget()
        subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment(), check=True)
        return checkout.calls

    stages = paste(train)
    assert [call[2] for call in stages] == STAGES
    for call in stages:
        again = parse(task.settings, call[4:], program="", description="")
        assert again == settings
    (call,) = paste(ask)
    assert call[2:4] == ["predict", name]
    version, example = settings.run.version, task.example(settings)
    assert call[4:] == [f"--version={version}", f"--text={example}"]
    assert not list(tmp_path.glob("x"))


def test_a_default_run_needs_no_more_than_its_name():
    task = find_task("translation")
    assert commands(task, task.settings()) == [
        "make train-translation",
        'make translate TEXT="톰은 외로워 보였어."',
        "make tensorboard",
    ]
    there = dataclasses.replace(task.settings(), run=RunSettings("b", 2))
    assert commands(task, there)[0] == "make train-translation NAME=b VERSION=2"


def test_a_task_without_a_target_of_its_own_is_asked_by_its_name():
    task = dataclasses.replace(find_task("translation"), name="other", target=None)
    assert commands(task, task.settings())[1] == 'make predict-other TEXT="톰은 외로워 보였어."'


def test_a_sentence_to_try_is_in_the_language_of_the_source():
    task = find_task("translation")
    settings = changed(task, corpus={"direction": "en-ko"})
    assert commands(task, settings)[1] == 'make translate TEXT="Tom looked lonely."'
