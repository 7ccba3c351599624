"""The task sentiment with a training, evaluation and export that take no time.

Reading and preparing a corpus are real. What is written depends, as in real life, on the settings
and the data alone, so that a run can be compared with itself.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline import workspace
from pipeline.errors import UnusableCheckpointError, UserError
from pipeline.export.predictor import Predictor
from pipeline.facts import Exported, Trained, TrainingResult
from pipeline.fields import Tensor
from pipeline.records import as_json
from pipeline.report.page import ReportContent
from pipeline.settings import parse, without_run
from pipeline.stages import evaluate, export, predict, train
from pipeline.stages.options import STAGES
from pipeline.tasks.base import Evaluated, Hub, Signature, Task, find_task
from pipeline.workspace import (
    Workspace,
    digest,
    is_what_was_written,
    sha256,
    write_record,
    write_text,
)

CHAIN = ("corpus", "prepare", "train", "evaluate", "export")
trainings: list[str] = []
"""The runs that were trained from their beginning, in order."""


def _train(settings: Any, prepared_folder: Path, run: Path) -> TrainingResult:
    weights, state = run / "best.weights.h5", run / "checkpoint" / "state.npz"
    if state.exists():
        try:
            checksum = json.loads(state.read_text("utf-8"))["weights"]
        except (ValueError, KeyError, TypeError):
            raise UnusableCheckpointError("is damaged", where=state) from None
        if not is_what_was_written(weights, str(checksum)):
            raise UnusableCheckpointError("is gone or damaged", where=weights)
    else:
        trainings.append(run.name)
        data = {path.name: sha256(path) for path in sorted(prepared_folder.glob("*.np*"))}
        write_text(weights, digest([without_run(settings), data]) * 20)
        write_text(state, json.dumps({"weights": sha256(weights)}))
    write_text(run / "history.csv", "epoch,loss\n1,0.5\n2,0.25\n")
    write_text(run / "steps.csv", "step,loss\n1,0.5\n2,0.25\n")
    files = {name: sha256(run / name) for name in (weights.name, "history.csv", "steps.csv")}
    result = TrainingResult("accuracy", 0.5, 1, 2, 1.0, 0.0, 10, False, files)
    write_record(run / "training.json", as_json(result))
    return result


def _plan(settings: Any, prepared_folder: Path) -> Any:
    return SimpleNamespace(train=lambda _, run: _train(settings, prepared_folder, run))


def _evaluate(settings: Any, trained: Trained) -> Evaluated:
    measured = {"accuracy": int(digest(trained.weights.read_text("utf-8")), 16) / 16**12}
    return Evaluated("accuracy", measured, ReportContent(title="t", subtitle=str(settings.model)))


def _evaluate_on(settings: Any, trained: Trained, corpus: str, raw: Path) -> Evaluated:
    if not Path(corpus).is_file():
        raise UserError("no such file", where=corpus)
    return Evaluated("accuracy", {"rows": len(Path(corpus).read_bytes())}, ReportContent("t", "s"))


def _export(settings: Any, trained: Trained, folder: Path) -> Exported:
    weights = trained.weights.read_text("utf-8")
    for name in ("variables/variables.index", "assets.extra/vocab.txt"):
        write_text(folder / name, f"{name} {weights}\n")
    # Not at the top: every start of pytest imports this module, also that of tests of text alone.
    graph = importlib.import_module("tensorflow.core.protobuf.saved_model_pb2").SavedModel()
    graph.meta_graphs.add().meta_info_def.meta_graph_version = weights
    (folder / "saved_model.pb").write_bytes(graph.SerializeToString())
    return Exported("1 MB", ("serving_default",), {"a": "b"}, ())


def _load(folder: Path, asking: Any) -> Predictor:
    return Predictor(lambda values: [f"answer\t{value}" for value in values])


_SERVING = SimpleNamespace(
    SIGNATURE=Signature(
        "serving_default",
        {"text": Tensor("string", "[n]", "x")},
        {"label": Tensor("string", "[n]", "x")},
    ),
    BATCH_SIZE=8,
    HUB=Hub("text-classification", {"accuracy": "accuracy"}),
    inputs=lambda values: {"text": list(values)},
    export=_export,
    load=_load,
)
_PARTS = {
    "training": SimpleNamespace(plan=_plan),
    "evaluation": SimpleNamespace(evaluate=_evaluate, evaluate_on=_evaluate_on),
    "serving": _SERVING,
}


@pytest.fixture
def stubs(monkeypatch) -> list[str]:
    """Puts them in the place of the real ones; gives the list of trainings."""
    real = Task._module
    monkeypatch.setattr(
        Task, "_module", lambda task, name: _PARTS[name] if name in _PARTS else real(task, name)
    )
    for module in (train, evaluate, export, predict):
        monkeypatch.setattr(module, "start_keras", lambda seed=None: None)
    monkeypatch.setattr(
        evaluate, "write_report", lambda path, content: write_text(path, f"{content.subtitle}\n")
    )
    monkeypatch.setattr(workspace.os, "fsync", lambda _: None)  # thousands of small files
    trainings.clear()
    return trainings


@functools.cache
def _parsed(words: tuple[str, ...]) -> Any:
    return parse(find_task("sentiment").settings, list(words), program="", description="")


def stage(folder: Path, name: str, *words: str, **options: Any) -> UserError | None:
    """Runs one stage in `folder`; what it refuses, if it does.

    Args:
        words: settings as they are typed.
        options: of the stage alone.
    """
    module, kind = importlib.import_module(f"pipeline.stages.{name}"), STAGES[name].options
    more = [] if kind is None else [kind(**options)]
    try:
        with contextlib.chdir(folder):
            module.run(find_task("sentiment"), _parsed(words), Workspace(folder), *more)
    except UserError as error:
        return error
    return None


def make(folder: Path, command: str) -> UserError | None:
    """What `make train-sentiment NAME=... SETTINGS=...` does in `folder`."""
    program, target, *variables = shlex.split(command)
    assert (program, target) == ("make", "train-sentiment"), command
    options = {"NAME": "--name", "VERSION": "--version", "CORPUS": "--corpus"}
    options |= {"ENCODER": "--encoder", "SETTINGS": "--settings"}
    given = dict(variable.split("=", 1) for variable in variables)
    words = [f"{options[name]}={value}" for name, value in given.items()]
    errors = (stage(folder, name, *words) for name in CHAIN)
    return next((error for error in errors if error is not None), None)
