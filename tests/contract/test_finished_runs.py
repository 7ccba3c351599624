"""What every task leaves in its checkout after all its stages."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.corpora.splits import read_split
from pipeline.settings import without_run
from pipeline.workspace import read_json


def test_run_folder_holds_what_it_must(run):
    for name in ("config.json", "metrics.json", "training.json", "report.html"):
        assert (run.run / name).stat().st_size > 0, name
    config = read_json(run.run / "config.json")
    expected = without_run(run.task.tiny)
    assert {k: config[k] for k in expected} == expected
    history = pd.read_csv(run.run / "history.csv")
    assert {"epoch", "step", "loss", "gradient_norm", "learning_rate"} <= set(history.columns)
    assert history["step"].is_monotonic_increasing
    assert np.isfinite(history.select_dtypes("number").to_numpy()).all()
    with np.load(run.run / "checkpoint" / "state.npz", allow_pickle=False) as stored:
        assert len(stored.files) > 3
    assert (run.run / "best.weights.h5").stat().st_size > 1000
    assert list((run.run / "tensorboard").glob("events.out.tfevents.*"))
    report = (run.run / "report.html").read_text(encoding="utf-8")
    assert run.task.name in report.lower()
    assert not list(run.root.rglob("*.partial*"))


def test_writes_only_where_it_may(run):
    assert {path.name for path in run.root.iterdir()} <= {"data", "runs", "saved_models"}


def test_no_pickle_anywhere(run):
    """Nothing the pipeline wrote needs code to be read: no Python pickle, no object arrays."""
    folders = os.walk(run.root, followlinks=True)
    for path in (Path(folder, name) for folder, _, names in folders for name in names):
        assert path.suffix not in (".pkl", ".pickle", ".keras"), path
        assert not path.read_bytes().startswith(b"\x80\x04"), path
        if path.suffix in (".npz", ".npy"):
            np.load(path, allow_pickle=False)


def test_training_does_not_see_the_test_split(run):
    """It was out of sight while the fixture trained."""
    assert "test.tsv" in run.hidden
    assert len(run.hidden) >= 2
    config = read_json(run.run / "config.json")
    assert config["inputs"]


def test_numbers_belong_to_the_weights(run):
    metrics = read_json(run.run / "metrics.json")
    assert metrics["summary"]
    assert re.fullmatch("[0-9a-f]{64}", metrics["weights"])


def test_second_evaluation_and_training_do_nothing(run, tmp_path, capsys):
    copy = run.copy(tmp_path)
    before = {p: p.read_bytes() for p in copy.run.rglob("*") if p.is_file()}
    copy.do("train", "evaluate")
    said = capsys.readouterr().err
    assert "already trained" in said
    assert "already evaluated" in said
    assert {p: p.read_bytes() for p in copy.run.rglob("*") if p.is_file()} == before


def test_cells_of_a_corpus_come_back(run, tmp_path):
    """Through the field: what a split holds is loaded, stored again and is the same value."""
    test = read_split(run.corpus / "test.tsv")
    for field in (run.task.input, run.task.output):
        for cell in test[field.in_column][:5]:
            value = field.load(cell, run.corpus)
            again = field.load(field.store(value, tmp_path), tmp_path)
            assert field.digest(again) == field.digest(value)
            through_json = field.from_json(json.loads(json.dumps(field.to_json(value))))
            assert field.digest(through_json) == field.digest(value)
            assert "\n" not in field.show(value)
