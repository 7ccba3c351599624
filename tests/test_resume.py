"""A training that was stopped and goes on ends as one that was not, bit by bit, in every task."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from finished_run import FinishedRun
from pipeline.tasks.base import find_task, task_names
from pipeline.training.fit import TrainingPlan, fit
from pipeline.workspace import Workspace
from shared_runs import share_pictures
from variants import small_corpus

STOPPED = 5
"""Steps done when the training is stopped, of 8, behind the first of two evaluations."""

# task: kind -> what is other than in its tiny settings
KINDS: dict[str, dict[str, dict[str, Any]]] = {
    "sentiment": {
        "last": {"pooling": "last", "direction": "forward", "cell": "gru"},
        "attention": {"pooling": "attention"},
        "bag": {"cell": "bag", "weight_averaging": 0.0},
    },
    "ner": {"crf": {}, "softmax": {"head": "softmax"}},
    "translation": {
        "rnn": {"batch_size": 80, "architecture": "rnn"},
        "general": {"batch_size": 80, "attention": "general"},
        "additive": {"batch_size": 80, "attention": "additive", "cell": "gru"},
        "fed": {"batch_size": 80, "attention": "dot", "input_feeding": True},
        "transformer": {"batch_size": 80, "architecture": "transformer", "feed_forward": 64},
        "scheduled sampling": {"batch_size": 80, "scheduled_sampling": 1.0},
    },
    "charlm": {"lstm": {"batch_size": 200}},
    "captioning": {"even": {"batch_size": 200, "even_attention": 1.0}},
    "frames": {"causal": {"batch_size": 10}, "crf": {"head": "crf", "direction": "both"}},
    "encoder": {
        "two ways": {},
        "masked": {
            "architecture": "transformer",
            "heads": 2,
            "layers": 2,
            "feed_forward": 64,
        },
    },
    "forecasting": {
        "segments": {"batch_size": 300},
        "direct": {"batch_size": 300, "architecture": "direct"},
        "feedback": {"batch_size": 300, "architecture": "encoder-decoder"},
    },
}
EVALUATED = {"attention", "crf", "general", "lstm", "two ways", "masked"} | {
    "segments", "direct", "feedback",
}  # fmt: skip
"""Kinds with the evaluation of their task; elsewhere one that costs nothing."""
SHORT = {
    "batch_size": 24,
    "min_batches": 1,
    "epochs": 2,
    "min_steps": 8,
    "evaluations": 2,
    "checkpoint_seconds": 0.0,
    "units": 16,
    "embedding_size": 16,
}


def with_values(settings: Any, values: dict[str, Any]) -> Any:
    """`settings` with other values, each in the group that has a field of its name."""
    groups = {}
    for field in dataclasses.fields(settings):
        group = getattr(settings, field.name)
        ours = {name: value for name, value in values.items() if hasattr(group, name)}
        groups[field.name] = dataclasses.replace(group, **ours)
    return dataclasses.replace(settings, **groups)


def count_graphs(model: keras.Model) -> list[int]:
    """How often Python comes through a training step: on TensorFlow once a graph."""
    take, count = model.train_step, [0]

    def counted(*batch):
        count[0] += 1
        return take(*batch)

    model.train_step = counted
    return count


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, shared_folder) -> Callable[[str], Path]:
    """task name -> the ids of a few lines, or of its sample where that is no text."""
    folders: dict[str, Path] = {}

    def of(name: str) -> Path:
        if name not in folders:
            task, root = find_task(name), tmp_path_factory.mktemp(name)
            # Running text is cut into streams, a row of a batch each, and must be long.
            few = small_corpus(task, root) if name != "charlm" else {}
            tiny = with_values(task.tiny, few)
            run = FinishedRun(dataclasses.replace(task, tiny=tiny), Workspace(root))
            if name == "captioning":
                share_pictures(run.root, shared_folder)
            run.do("corpus", "prepare")
            folders[name] = run.prepared
        return folders[name]

    return of


def test_every_task_is_held_to_it():
    assert set(KINDS) == {name for name in task_names() if not name.startswith("tiny_")}


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name, kinds in KINDS.items() for kind in kinds]
)
def test_stopped_training_ends_as_one_that_was_not(name, kind, prepared, tmp_path):
    task = find_task(name)
    settings = with_values(task.tiny, {**SHORT, **KINDS[name][kind]})
    straight, resumed = tmp_path / "straight", tmp_path / "resumed"

    def plan() -> TrainingPlan:
        keras.utils.set_random_seed(settings.training.seed)
        plan = task.training.plan(settings, prepared(name))

        def quick_evaluation(model: keras.Model) -> dict[str, float]:
            """Higher and higher, and different where any weight is."""
            total = sum(float(np.square(np.asarray(weight)).sum()) for weight in model.weights)
            return {plan.monitor: total, "loss": total}

        return plan if kind in EVALUATED else dataclasses.replace(plan, evaluate=quick_evaluation)

    def leaving_a_copy(plan: TrainingPlan) -> TrainingPlan:
        """At one step it copies what `kill -9` would leave there."""

        def prepare(inputs: dict, step: int, total: int):
            assert total == 8
            if step == STOPPED:
                shutil.copytree(straight, resumed)
            return (inputs, {}) if plan.prepare is None else plan.prepare(inputs, step, total)

        return dataclasses.replace(plan, prepare=prepare)

    one, other = leaving_a_copy(plan()), plan()
    graphs = [count_graphs(plan.model) for plan in (one, other)]
    fit(one, settings.training, straight)
    fit(other, settings.training, resumed)
    if keras.backend.backend() == "tensorflow":
        # None is for the shapes of one batch, be it the first of all or the first that came next.
        assert graphs == [[1], [1]]
    with (
        np.load(straight / "checkpoint" / "state.npz") as ours,
        np.load(resumed / "checkpoint" / "state.npz") as theirs,
    ):
        assert ours.files == theirs.files
        for array in ours.files:
            if array != "state":  # tells seconds, too
                np.testing.assert_array_equal(ours[array], theirs[array], err_msg=array)
    for mine, yours in zip(one.model.weights, other.model.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(yours))
    histories = [pd.read_csv(folder / "history.csv") for folder in (straight, resumed)]
    told = [column for column in histories[0] if "second" not in column]
    pd.testing.assert_frame_equal(*(history[told] for history in histories), check_exact=True)
