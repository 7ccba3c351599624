"""train: finds the weights; resumes where a kill left it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.progress import say
from pipeline.quiet import start_keras
from pipeline.settings import same_settings, without_run
from pipeline.stages.files import RunFiles
from pipeline.tasks.base import Task
from pipeline.workspace import Workspace, write_json

RESULTS = (
    "history.csv",
    "steps.csv",
    "best.weights.h5",
    "training.json",
    "metrics.json",
    "report.html",
    "elsewhere",
    "checkpoint",
    "tensorboard",
    "config.json",
)


def run(task: Task, settings: Any, workspace: Workspace) -> None:
    files = RunFiles.of(task, settings, workspace)
    prepared = files.prepared_manifest()
    # Only what decides the weights: where the export goes does not make a run another run.
    config = {**without_run(settings), "inputs": prepared.outputs}
    with _alone(files.folder):
        if files.config.exists() and not same_settings(files.config, config):
            if same_settings(files.config, config, but=task.search_settings):
                say("the weights are as they were; what is looked for with them changed")
                _forget_scores(files)
            else:
                _set_aside(files)
        write_json(files.config, config)
        if files.training.exists():
            if files.weights.exists():
                say(f"already trained with these settings: {files.folder}")
                os.utime(files.training)
                return
            say(f"{files.weights} is gone: training again")
            _start_over(files)
        _train(task, settings, files, workspace.root / prepared.facts.folder)


def _train(task: Task, settings: Any, files: RunFiles, prepared_folder: Path) -> None:
    start_keras(settings.training.seed)
    plan = task.training.plan(settings, prepared_folder)
    result = plan.train(settings.training, files.folder)
    say(
        f"trained: {result.monitor} on dev {result.best:.4f} at step "
        f"{result.best_step:,}, {result.seconds:.0f} s, "
        f"{result.parameters:,} parameters -> {files.folder}"
    )


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps a second training out of the same run folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                "another training is using this run",
                where=folder,
                remedy="wait for it, or choose another --name",
            ) from None
        yield


def _set_aside(files: RunFiles) -> None:
    """Nothing finished is lost to other settings; what was unfinished makes room.

    config.json moves last: while a kept folder has none, a move that was stopped halfway goes on.
    """
    number = 1
    while (kept := files.folder.with_name(f"{files.folder.name}.{number}")).exists():
        if not (kept / files.config.name).exists():
            break
        number += 1
    if not files.training.exists() and not kept.exists():
        say(f"settings changed: the unfinished training in {files.folder} starts again")
        _start_over(files)
        return
    kept.mkdir(exist_ok=True)
    for name in RESULTS:
        if (files.folder / name).exists():
            os.replace(files.folder / name, kept / name)
    say(f"settings changed: the earlier run is kept in {kept}")


def _forget_scores(files: RunFiles) -> None:
    """What was measured with another search says nothing of this one."""
    for path in (files.metrics, files.report):
        path.unlink(missing_ok=True)
    shutil.rmtree(files.elsewhere, ignore_errors=True)


def _start_over(files: RunFiles) -> None:
    for name in RESULTS:
        path = files.folder / name
        if path.is_dir():
            shutil.rmtree(path)
        elif path != files.config:
            path.unlink(missing_ok=True)
