"""predict: asks the exported model."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UserError
from pipeline.progress import Progress, print_lines, say
from pipeline.quiet import start_keras
from pipeline.report.commands import commands
from pipeline.stages.export import ASSETS, check_model
from pipeline.stages.files import RunFiles
from pipeline.stages.options import PredictOptions
from pipeline.stages.versions import MANIFEST
from pipeline.tasks.base import GivesProbabilities, ReadsFiles, RunSettings, Task
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from pipeline.export.predictor import Predictor

_MOST_AT_ONCE = 1_000_000  # characters; a longer text is asked alone


def run(task: Task, settings: Any, workspace: Workspace, options: PredictOptions) -> None:
    field = task.input
    target = workspace.saved_model(task.name, settings.run.version)
    given = [options.text is not None, options.file is not None, options.example]
    if sum(given) != 1:
        raise UserError(
            "only one of --text, --file and --example can be asked for"
            if any(given)
            else "nothing to predict",
            where="command line",
            remedy=f"try {field.how_to_ask(_example(task, target))}",
        )
    if options.probabilities:
        start_keras()  # before the task imports it, which would not be quiet
        if not isinstance(task.serving, GivesProbabilities):
            raise UserError(
                f"{task.name} gives no probabilities of labels",
                where="--probabilities",
                remedy="leave it away",
            )
    if options.check:
        if options.file != "-":  # of standard input nothing would be left
            _values(task, options, target)
        return
    again = train_command(task, settings.run.version, workspace)
    if not (target / "saved_model.pb").exists() and not (target / MANIFEST).exists():
        raise UserError("there is no exported model", where=target, remedy=again)
    check_model(target, again)
    values = _values(task, options, target)
    if options.example:
        say(field.show(values[0]))
    start_keras()
    try:
        header, predictor = _load(task, settings, options, target)
    except UserError as error:
        raise UserError(
            error.what, where=error.where, remedy=f"export it again: {again}"
        ) from error
    # Alone, an answer may have the lines it has; of many, each keeps to its own.
    many = options.file is not None and field.file_holds_many
    alone = not many and not options.probabilities
    parts = _parts(values, [field.size(value) for value in values], task.serving.BATCH_SIZE)
    if header is not None:
        print_lines([header])
    with Progress("predict", len(values), "inputs") as progress:
        for part in parts:
            lines = predictor(part)
            print_lines(map(task.output.answer, lines) if alone else lines)
            progress.advance(len(part))
    for warning in predictor.warnings():
        say(f"warning: {warning}")


def _load(
    task: Task, settings: Any, options: PredictOptions, model: Path
) -> tuple[str | None, Predictor]:
    """What answers, and the header of the table that it writes, if it does."""
    serving = task.serving
    if options.probabilities and isinstance(serving, GivesProbabilities):
        return serving.load_probabilities(model)
    return None, serving.load(model, settings.asking if task.asking else None)


def _values(task: Task, options: PredictOptions, model: Path) -> list[Any]:
    """What is asked about."""
    if options.file is not None:
        data = task.data
        if isinstance(data, ReadsFiles):
            return data.values_in(options.file, model if model.exists() else None)
        return task.input.from_file(options.file)
    if options.text is not None:
        return [task.input.from_argument(options.text)]
    return [_example(task, model)]


def _parts(values: Sequence[Any], sizes: Sequence[int], most: int) -> Iterator[Sequence[Any]]:
    """Values in their order, `most` at a time; fewer where they are large.

    Args:
        values: any number of them.
        sizes: of each, as `Field.size` gives it.
        most: values in a part.
    """
    start = total = 0
    for number, size in enumerate(sizes):
        if number > start and (number - start == most or total + size > _MOST_AT_ONCE):
            yield values[start:number]
            start, total = number, 0
        total += size
    if start < len(values):
        yield values[start:]


def _example(task: Task, model: Path) -> Any:
    """What lies beside the model to be tried; that of the default settings where nothing does."""
    try:
        return task.input.read_example(model / ASSETS)
    except (OSError, UnicodeDecodeError):
        return task.example(task.settings())


def train_command(task: Task, version: int, workspace: Workspace) -> str:
    """The command of make that exports a version again, or for the first time."""
    files = RunFiles.behind(task, version, workspace)
    if files is not None:
        return files.command()
    return commands(task, dataclasses.replace(task.settings(), run=RunSettings(version=version)))[0]
