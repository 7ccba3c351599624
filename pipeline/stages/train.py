"""train: trains the model; resumes a training that was stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Any

from pipeline.errors import UnusableCheckpointError, UserError
from pipeline.facts import Prepared, TrainingResult
from pipeline.progress import say
from pipeline.quiet import start_keras
from pipeline.records import as_json
from pipeline.settings import same_settings, without_run
from pipeline.stages.files import RunFiles, chosen
from pipeline.tasks.base import Task
from pipeline.training import processes
from pipeline.workspace import (
    Manifest,
    Workspace,
    digest,
    read_json,
    write_json,
    write_record,
)

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
    processes.start()
    with files.write_lock() if processes.is_first() else contextlib.nullcontext():
        prepared = _prepared(task, settings, files)
        # Only what decides the weights: where the export goes does not make a run another run.
        config = {**without_run(settings), "inputs": prepared.outputs}
        processes.check_same("settings or corpus", digest(config), "give all the same command")
        done = processes.is_first() and _already_trained(task, config, files)
        if not processes.agreed({"done": done})["done"]:
            try:
                _train(task, settings, files, workspace.root / prepared.facts.folder)
            except KeyboardInterrupt:
                if _has_checkpoint(files):
                    say("the same command goes on from the last checkpoint")
                raise
        processes.leave()


def _already_trained(task: Task, config: dict[str, Any], files: RunFiles) -> bool:
    """Whether nothing is to be done; else the run is made ready for a training of `config`."""
    _make_room(task, config, files)
    write_record(files.config, config)
    if files.training.exists():
        try:
            files.result()
        except UserError as fault:
            say(f"{fault.where}: {fault.what}: training again")
            files.training.unlink()
        else:
            say(f"already trained with these settings: {files.folder}")
            return True
    if not _has_checkpoint(files):
        _start_over(files)
    return False


def _has_checkpoint(files: RunFiles) -> bool:
    return any((files.folder / "checkpoint").glob("*.npz"))


def _prepared(task: Task, settings: Any, files: RunFiles) -> Manifest[Prepared]:
    """The prepared arrays.

    Raises:
        UserError: they are not there as they were written, or are not those of `settings`.
    """
    prepared, corpus = files.prepared_manifest(), files.corpus_manifest()
    asked = as_json(settings)
    for manifest, groups in ((corpus, task.corpus_groups), (prepared, task.prepare_groups)):
        if manifest.settings != chosen(asked, groups):
            raise UserError(
                f"the stage {manifest.stage!r} ran with other settings than are asked for now",
                where=files.folder,
                remedy=f"run it with these, or go on with those: {files.command()}",
            )
    # The test split is nothing a training may open.
    files.check_outputs(prepared, files.root / prepared.facts.folder, ignoring="test")
    return prepared


def _make_room(task: Task, config: dict[str, Any], files: RunFiles) -> None:
    """Removes from an earlier training everything that does not belong to `config`."""
    if same_settings(files.config, config):
        return
    if not _is_readable(files.config):
        if any((files.folder / name).exists() for name in RESULTS if name != files.config.name):
            state = "is damaged" if files.config.exists() else "is gone"
            say(f"{files.config} {state}, which alone says what was trained: training again")
            _set_aside(files)
    elif same_settings(files.config, config, ignoring=task.search_settings):
        say("the weights are as they were; what is looked for with them changed")
        _forget_scores(files)
    else:
        say("the settings or the corpus changed")
        _set_aside(files)


def _is_readable(config: Path) -> bool:
    try:
        return "inputs" in read_json(config)
    except UserError:
        return False


def _train(task: Task, settings: Any, files: RunFiles, prepared_folder: Path) -> None:
    def trained() -> TrainingResult:
        start_keras(settings.training.seed)
        plan = task.training.plan(settings, prepared_folder)
        return plan.train(settings.training, files.folder)

    result = None
    try:
        result = trained()
    except UnusableCheckpointError as fault:
        say(f"{fault.where}: {fault.what}: the training starts again")
        if processes.is_first():
            _start_over(files)
    if processes.agreed({"again": result is None})["again"] or result is None:
        result = trained()
    say(
        f"trained: {result.monitor} on dev {result.best:.4f} at step "
        f"{result.best_step:,}, {result.seconds:.0f} s, "
        f"{result.parameters:,} parameters -> {files.folder}"
    )


def _set_aside(files: RunFiles) -> None:
    """Keeps a finished training of other settings under another name, and removes an unfinished
    one.

    config.json moves last: while a kept folder has none, a move that was stopped halfway goes on.
    """
    number = 1
    while (kept := files.folder.with_name(f"{files.folder.name}.{number}")).exists():
        if not (kept / files.config.name).exists():
            break
        number += 1
    if not files.training.exists() and not kept.exists():
        say(f"the unfinished training in {files.folder} starts again")
        _start_over(files)
        return
    kept.mkdir(exist_ok=True)
    if not files.config.exists():
        write_json(files.config, {})  # nothing is known of it
    for name in RESULTS:
        if (files.folder / name).exists():
            os.replace(files.folder / name, kept / name)
    say(f"the earlier run is kept in {kept}")


def _forget_scores(files: RunFiles) -> None:
    """Removes scores that were measured with another search."""
    for path in (files.metrics, files.report):
        path.unlink(missing_ok=True)
    shutil.rmtree(files.elsewhere, ignore_errors=True)


def _start_over(files: RunFiles) -> None:
    """Removes the files of a training, except its settings."""
    files.training.unlink(missing_ok=True)
    for name in RESULTS:
        path = files.folder / name
        if path.is_dir():
            shutil.rmtree(path)
        elif path != files.config:
            path.unlink(missing_ok=True)
