"""A training on several processes is that of one; what ends one of them ends all."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from finished_run import FinishedRun
from jax_compilations import kept_in
from pipeline.errors import UserError
from pipeline.launcher import Together, _free_port
from pipeline.tasks.base import find_task
from pipeline.workspace import Workspace, has_ended, read_json
from test_resume import with_values

CHECKOUT = Path(__file__).resolve().parent.parent
SHORT = {
    "epochs": 1,
    "min_steps": 1,
    "evaluations": 2,
    "checkpoint_seconds": 0.0,
    "max_length": 8,
    "max_ngrams": 4,
    "min_batches": 1,
    # As by default. Where a gradient is little more than rounding, Adam makes a whole step of it.
    "learning_rate": 0.003,
    "adversarial_size": 0.3,
    "adversarial_every": 2,
}
ROWS = {"sentiment": 101, "ner": 51}
"""Rows a batch, which two processes cannot share evenly; nor those that are left in the end."""


@pytest.fixture(scope="module", autouse=True)
def compiled_once(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in kept_in(tmp_path_factory.mktemp("compiled")).items():
            patch.setenv(name, value)
        yield


def started(run: FinishedRun, *, path: Path | None = None, **environment: str) -> subprocess.Popen:
    """The stage `train` of a run, with something of its own in front of Python's path."""
    places = [str(place) for place in (path, CHECKOUT) if place is not None]
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", "train", run.task.name, *run.words()],
        cwd=run.root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places), **environment},
        stderr=subprocess.PIPE,
        text=True,
        # What was started in the background ignores Ctrl-C, and so would all that it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def trained(run: FinishedRun, **environment: str) -> FinishedRun:
    process = started(run, **environment)
    _, errors = process.communicate(timeout=900)
    assert process.returncode == 0, errors
    return run


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Callable[[str], FinishedRun]:
    """task name -> its run with a few short steps to take; not to be written to."""
    runs: dict[str, FinishedRun] = {}

    def of(name: str) -> FinishedRun:
        if name not in runs:
            task = find_task(name)
            settings = with_values(task.tiny, {**SHORT, "batch_size": ROWS[name]})
            task = dataclasses.replace(task, tiny=settings)
            runs[name] = FinishedRun(task, Workspace(tmp_path_factory.mktemp(name)))
            runs[name].do("corpus", "prepare")
        return runs[name]

    return of


@pytest.fixture(scope="module")
def on_two(prepared, tmp_path_factory) -> Callable[[str], FinishedRun]:
    """task name -> that run, trained on two processes."""
    runs: dict[str, FinishedRun] = {}

    def of(name: str) -> FinishedRun:
        if name not in runs:
            copy = prepared(name).copy(tmp_path_factory.mktemp(f"{name}-on-two"))
            # Whoever asks for several processes asks for JAX.
            runs[name] = trained(copy, PROCESSES="2", KERAS_BACKEND="tensorflow")
        return runs[name]

    return of


def state(run: FinishedRun) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays of the last checkpoint, and what else is in it."""
    with np.load(run.run / "checkpoint" / "state.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    return arrays, json.loads(arrays.pop("state").tobytes())


@pytest.mark.parametrize("name", ["sentiment", "ner"])
def test_two_processes_find_what_one_finds(name, prepared, on_two, tmp_path):
    """Dropout and all, although the last batch cannot be shared evenly."""
    alone = trained(prepared(name).copy(tmp_path), KERAS_BACKEND="jax")
    (ours, our_state), (theirs, their_state) = state(alone), state(on_two(name))
    assert our_state["step"] == their_state["step"] > 5
    losses = [[row["loss"] for row in of["history"]] for of in (our_state, their_state)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
    assert ours.keys() == theirs.keys()
    for array, values in ours.items():
        np.testing.assert_allclose(theirs[array], values, atol=1e-5, err_msg=array)
    result = read_json(on_two(name).run / "training.json")
    assert result["steps"] == our_state["step"]
    assert not list(on_two(name).run.glob("process-*.log")), "nothing failed"


# In process 0, which does something when it is about to write the third checkpoint.
AT_THIRD_CHECKPOINT = """
import os, signal
if os.environ.get("PROCESS") == "0":
    import numpy as np
    whole, written = np.savez, 0
    def savez(file, **arrays):
        global written
        written += 1
        if written == 3:
            import psutil
            children = psutil.Process(os.getppid()).children()
            children = {{child.environ()["PROCESS"]: child for child in children}}
            {}
        return whole(file, **arrays)
    np.savez = savez
"""
INTERRUPT = """with open("children", "w") as listed:
                listed.write(" ".join(str(child.pid) for child in children.values()))
            os.kill(os.getppid(), signal.SIGINT)"""


def do_at_third_checkpoint(what: str, folder: Path) -> None:
    """Python that starts with this folder in front of its path does `what` there."""
    (folder / "sitecustomize.py").write_text(AT_THIRD_CHECKPOINT.format(what))


def test_what_ends_one_process_ends_all_and_the_same_command_goes_on(prepared, on_two, tmp_path):
    """Ctrl-C first, whose checkpoint is damaged then; after it each process is killed once."""
    run, straight = prepared("sentiment").copy(tmp_path / "run"), state(on_two("sentiment"))
    do_at_third_checkpoint(INTERRUPT, tmp_path)
    process = started(run, path=tmp_path, PROCESSES="2")
    _, errors = process.communicate(timeout=900)
    assert process.returncode == 130, errors
    assert "goes on from the last checkpoint" in errors
    children = (run.root / "children").read_text().split()
    assert len(children) == 2
    assert all(has_ended(child) for child in children)
    # Neither process may wait for the other when both find that the training must start again.
    file = run.run / "checkpoint" / "state.npz"
    np.savez(file, **{**state(run)[0], "state": np.frombuffer(b'{"nothing": 1}', np.uint8)})
    do_at_third_checkpoint('children[os.environ["KILLED"]].kill()', tmp_path)
    steps = [0]
    for killed in ("0", "1"):
        process = started(run, path=tmp_path, PROCESSES="2", KILLED=killed)
        _, errors = process.communicate(timeout=900)
        assert process.returncode == 2, errors
        told = [line for line in errors.split("\n") if "error" in line.lower()]
        assert len(told) == 1
        assert f"process {killed} of 2 was killed" in told[0]
        assert "Traceback" not in errors
        steps.append(state(run)[1]["step"])
    assert steps[0] < steps[1] < steps[2] < straight[1]["step"]
    ours = state(trained(run, PROCESSES="2"))
    for array, values in straight[0].items():
        np.testing.assert_array_equal(ours[0][array], values, err_msg=array)


FAIL = """
import os
if os.environ.get("PROCESS") == "1":
    import numpy as np
    def flatnonzero(array):
        raise RuntimeError("out of order")
    np.flatnonzero = flatnonzero
"""


def test_what_one_process_fails_of_is_told_once(prepared, tmp_path):
    run = prepared("sentiment").copy(tmp_path / "run")
    (tmp_path / "sitecustomize.py").write_text(FAIL)
    process = started(run, path=tmp_path, PROCESSES="2")
    _, errors = process.communicate(timeout=900)
    assert process.returncode == 2, errors
    (line,) = (line for line in errors.split("\n") if line.startswith("error: "))
    assert "process 1 of 2 failed: RuntimeError: out of order" in line
    assert "Traceback" not in errors
    assert "Traceback" in (run.run / "process-1.log").read_text()


def test_processes_with_other_settings_are_refused(prepared, tmp_path):
    """As on two machines: two commands that meet at an address."""
    address = f"127.0.0.1:{_free_port()}"
    run = prepared("sentiment").copy(tmp_path)
    other = with_values(run.task.tiny, {"seed": 2})
    runs = (run, dataclasses.replace(run, task=dataclasses.replace(run.task, tiny=other)))
    processes = [
        started(one, COORDINATOR=address, PROCESS=str(number), PROCESSES="2")
        for number, one in enumerate(runs)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=900)
        assert process.returncode == 2
        (line,) = errors.rstrip("\n").split("\n")
        assert line.startswith("error: ")
        assert "process 1 has another settings" in line


@pytest.mark.parametrize(
    ("environment", "where"),
    [
        ({"PROCESSES": "two"}, "PROCESSES"),
        ({"PROCESSES": "0"}, "PROCESSES"),
        ({"PROCESSES": "2", "PROCESS": "1"}, "COORDINATOR"),
        ({"PROCESSES": "2", "COORDINATOR": "there:8476"}, "PROCESS"),
        ({"PROCESSES": "2", "PROCESS": "2", "COORDINATOR": "there:8476"}, "PROCESS"),
        ({"PROCESSES": "2", "PROCESS": "1", "COORDINATOR": "there"}, "COORDINATOR"),
    ],
)
def test_what_does_not_fit_together_is_refused(environment, where, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError) as refused:
        Together.asked()
    assert refused.value.where == where


def test_without_jax_one_line_says_how_to_get_it(command, monkeypatch, workspace):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *of: None if name == "jax" else found(name, *of)
    )
    monkeypatch.setenv("PROCESSES", "2")
    assert "pip install jax" in command(workspace.root, "train", "sentiment").error


def test_only_process_0_does_what_is_not_training(command, monkeypatch, workspace):
    environment = {"PROCESSES": "2", "PROCESS": "1", "COORDINATOR": "127.0.0.1:1"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = command(workspace.root, "corpus", "sentiment", "--corpus", "sample")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert not list(workspace.root.iterdir())
