"""A task whose example, or whose files, hang on what its model was trained with."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from pipeline.export.predictor import Predictor

VALUE = np.arange(24, dtype=np.float32)[:, None] / 8


@pytest.fixture
def run(finished, tmp_path):
    return finished("tiny_series").copy(tmp_path)


def test_the_example_of_a_run_is_what_lies_beside_its_model(run, monkeypatch, command):
    asked = []

    def example(settings, prepared_folder):
        asked.append(prepared_folder)
        return VALUE

    monkeypatch.setattr(run.task.data, "example", example, raising=False)
    shutil.rmtree(run.saved_model)
    run.do("export")
    assert asked == [run.prepared]
    there = run.task.input.read_example(run.saved_model / "assets.extra")
    np.testing.assert_array_equal(there, VALUE)
    np.testing.assert_array_equal(run.example, VALUE)
    assert command(run.root, "predict", "tiny_series", "--example").code == 0


def test_a_task_reads_the_files_of_its_users_itself(run, monkeypatch, command):
    asked = []

    def values_in(path, model):
        asked.append((path, model))
        return [VALUE]

    before = command(run.root, "predict", "tiny_series", "--example")
    np.save(run.root / "history.npy", VALUE)
    expected = command(run.root, "predict", "tiny_series", "--file", "history.npy").out
    assert expected != before.out
    monkeypatch.setattr(run.task.data, "values_in", values_in, raising=False)
    assert command(run.root, "predict", "tiny_series", "--file", "날짜.csv").out == expected
    assert asked == [("날짜.csv", run.saved_model)]
    shutil.rmtree(run.saved_model)
    checked = command(run.root, "predict", "tiny_series", "--file", "x.csv", "--check")
    assert checked.code == 0
    assert asked[1:] == [("x.csv", None)]


@pytest.mark.parametrize("many", [False, True])
def test_the_answer_about_a_file_of_one_value_has_the_lines_it_has(run, monkeypatch, command, many):
    """A series has a line a step; of a file that may hold several values each keeps to one."""
    monkeypatch.setattr(run.task.serving, "load", lambda *_: Predictor(lambda _: ["1 2; 3 4"]))
    monkeypatch.setattr(type(run.task.input), "file_holds_many", many)
    np.save(run.root / "history.npy", VALUE)
    outcome = command(run.root, "predict", "tiny_series", "--file", "history.npy")
    assert outcome.out == ("1 2; 3 4\n" if many else "1 2\n3 4\n")
