"""score: runs the exported model on many texts, with Apache Beam."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import os
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.errors import UserError
from pipeline.progress import say
from pipeline.quiet import native_chatter_hidden
from pipeline.scoring.files import check_columns, input_kind, output_of
from pipeline.scoring.settings import ScoredModelSettings, ScoreSettings
from pipeline.settings import closest
from pipeline.stages.export import check_model
from pipeline.stages.predict import train_command
from pipeline.tasks.base import Task
from pipeline.workspace import Workspace


def run(task: Task, settings: ScoreSettings, workspace: Workspace, options: Sequence[str]) -> None:
    """Runs the exported model on all files, or says in one line why that is not possible.

    Args:
        options: for Beam.

    Raises:
        UserError: Beam is not installed, there is no such model or input, or no such output of it.
    """
    files = settings.files
    for name, value in (("--input", files.input), ("--output", files.output)):
        if not value:
            raise UserError(
                f"{name} is missing",
                where="command line",
                remedy="try --input texts.txt --output scores.jsonl",
            )
    # Workers may stand in another folder, and Beam matches no pattern without one.
    files = dataclasses.replace(files, input=_whole(files.input), output=_whole(files.output))
    kind, output = input_kind(files), output_of(files)
    check_columns(files, kind)
    model = _model_folder(task, settings.model, workspace)
    _check_beam()
    with native_chatter_hidden():
        signatures = importlib.import_module("pipeline.scoring.signature")
        reading = importlib.import_module("pipeline.scoring.reading")
        writing = importlib.import_module("pipeline.scoring.writing")
        job = importlib.import_module("pipeline.scoring.job")
    outputs = _chosen(signatures.outputs_of(model), settings.model.fields)
    reader = reading.reader_of(files, kind)
    writing.check_nothing_there(output)
    job.score(files.input, reader, model, outputs, settings.model, output, options)
    say(f"written: {output.parts}")


def _whole(path: str) -> str:
    """An absolute path; an address stays as it is."""
    return path if "://" in path else os.path.abspath(path)


def _check_beam() -> None:
    if importlib.util.find_spec("apache_beam") is None:
        raise UserError(
            "apache-beam is not installed",
            where="score",
            remedy=".venv/bin/pip install -r requirements.txt -r requirements-scale.txt",
        )


def _model_folder(task: Task, settings: ScoredModelSettings, workspace: Workspace) -> str:
    """The folder of the model; checks its files if it belongs to this checkout."""
    if settings.model is not None:
        return settings.model
    folder = workspace.saved_model(task.name, settings.version)
    again = train_command(task, settings.version, workspace)
    if not (folder / "saved_model.pb").exists():
        raise UserError("there is no exported model", where=folder, remedy=again)
    check_model(folder, again)
    return str(folder.absolute())


def _chosen(outputs: Mapping[str, Any], fields: str | None) -> dict[str, Any]:
    """The outputs that were asked for, in that order."""
    if fields is None:
        return dict(outputs)
    names = [name.strip() for name in fields.split(",") if name.strip()]
    for name in names:
        if name not in outputs:
            raise UserError(
                f"the model has no output {name!r}",
                where="--fields",
                remedy=f"closest: {closest(name, list(outputs))}",
            )
    return {name: outputs[name] for name in names}
