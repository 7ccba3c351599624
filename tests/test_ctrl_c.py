"""Ctrl-C is one line that is true, and exit code 130."""

from __future__ import annotations

import importlib
import sys

import pytest

from benchmarks import accuracy, compare_tokenizers
from pipeline.__main__ import exit_code
from pipeline.stages.options import STAGES


def stop(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_without_a_checkpoint_speaks_of_none(command, monkeypatch, tmp_path, stage):
    monkeypatch.setattr(importlib.import_module(f"pipeline.stages.{stage}"), "run", stop)
    outcome = command(tmp_path, stage)
    assert outcome.code == 130
    assert outcome.err == "stopped\n"


def test_a_training_speaks_of_a_checkpoint_that_is_there(command, finished, monkeypatch, tmp_path):
    run = finished("sentiment").untrained_copy(tmp_path)
    monkeypatch.setattr("pipeline.stages.train._train", stop)
    words = ["train", "sentiment", *run.words()]
    outcome = command(tmp_path, *words)
    assert (outcome.code, "checkpoint" in outcome.err) == (130, False)
    (run.run / "checkpoint").mkdir()
    (run.run / "checkpoint" / "state.npz").write_bytes(b"")
    outcome = command(tmp_path, *words)
    assert (outcome.code, "checkpoint" in outcome.err) == (130, True)


def test_a_study(command, monkeypatch, tmp_path):
    monkeypatch.setattr("pipeline.stages.study.run", stop)
    outcome = command(tmp_path, "study", "gradients")
    assert (outcome.code, outcome.err) == (130, "stopped\n")


def test_a_benchmark(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["compare_tokenizers", "--corpus", "sample"])
    monkeypatch.setattr(compare_tokenizers, "splits", stop)
    assert exit_code(compare_tokenizers.main) == 130
    assert capsys.readouterr().err == "stopped\n"


@pytest.mark.parametrize(
    ("code", "expected"), [(130, KeyboardInterrupt), (2, SystemExit), (1, SystemExit)]
)
def test_a_stage_of_a_benchmark(monkeypatch, tmp_path, code, expected):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nexit {code}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(expected) as caught:
        accuracy.stage("train", ["sentiment"])
    if code == 2:
        assert caught.value.code == 2
