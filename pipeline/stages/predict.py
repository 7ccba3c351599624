"""predict: asks the exported model."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UserError
from pipeline.facts import Exported
from pipeline.fields import FileValues
from pipeline.progress import Progress, print_lines, say
from pipeline.quiet import start_keras
from pipeline.report.commands import commands
from pipeline.stages.answer_files import answer_file, check_format
from pipeline.stages.export import ASSETS, check_model
from pipeline.stages.files import RunFiles
from pipeline.stages.options import PredictOptions
from pipeline.stages.shards import check_unfinished, shards
from pipeline.stages.versions import MANIFEST
from pipeline.stages.windows import answers_in_order, parts, windows
from pipeline.tasks.base import GivesProbabilities, ReadsFiles, RunSettings, Task
from pipeline.workspace import Manifest, Workspace, digest, sha256

if TYPE_CHECKING:
    from pipeline.export.predictor import Predictor


def run(task: Task, settings: Any, workspace: Workspace, options: PredictOptions) -> None:
    field = task.input
    target = workspace.saved_model(task.name, settings.run.version)
    _check(task, target, options)
    again = train_command(task, settings.run.version, workspace)
    made_of: dict[str, Any] = {"settings": _what_decides(task, settings, options)}
    if not options.check:
        if not (target / "saved_model.pb").exists() and not (target / MANIFEST).exists():
            raise UserError("there is no exported model", where=target, remedy=again)
        check_model(target, again)
        made_of["model"] = _checksum(target)
    if options.out is not None:  # before a large file is read
        check_unfinished(Path(options.out), made_of)
    asked = _asked(task, options, target)
    if options.check:
        return
    if options.example:
        (value,) = asked.values
        say(field.show(value))
    start_keras()
    try:
        predictor = _load(task, settings, options, target)
    except UserError as error:
        raise UserError(
            error.what, where=error.where, remedy=f"export it again: {again}"
        ) from error
    with Progress("predict", asked.count, "inputs") as progress:
        asking = _Asking(task, predictor, progress)
        if options.out is None:
            # Alone, an answer may have the lines it has; of many, each keeps to its own.
            many = options.file is not None and field.file_holds_many
            asking.print_answers(asked.values, alone=not many and not options.probabilities)
        else:
            asking.write_answers(asked, Path(options.out), {**made_of, "input": asked.checksum})
    for warning in predictor.warnings():
        say(f"warning: {warning}")


@dataclasses.dataclass(frozen=True)
class _Asking:
    """Asks a model for the answers to any number of values."""

    task: Task
    predictor: Predictor
    progress: Progress

    def print_answers(self, values: Iterable[Any], alone: bool) -> None:
        """Prints one line per answer.

        Args:
            alone: whether an answer may have several lines.
        """
        form = self.predictor.form
        if form is not None and form.header is not None:
            print_lines([form.header])
        for window in self._windows(values):
            lines = map(self.predictor.line, self._answers(window))
            print_lines(map(self.task.output.answer, lines) if alone else lines)

    def write_answers(self, asked: FileValues[Any], out: Path, sources: dict[str, Any]) -> None:
        """Writes the answers to a file; resumes an earlier process that was stopped."""
        resumable = asked.checksum is not None
        if not resumable:
            say("what is piped cannot be read again: if this is stopped, it begins anew")
        with shards(out, answer_file(out, self.predictor), sources, resumable) as written:
            try:
                for window in self._windows(asked.values):
                    if written.skip(len(window)):
                        self._pass_over(window)
                    else:
                        written.write(self._answers(window))
                written.join()
            except KeyboardInterrupt:
                if resumable:
                    say("the same command goes on behind what is finished")
                raise
        say(f"{self.progress.done:,} answers -> {out}")

    def _windows(self, values: Iterable[Any]) -> Iterable[Sequence[Any]]:
        size, batch_size = self.task.input.size, self.task.serving.BATCH_SIZE
        if self.predictor.by_place:  # more of them would be sorted by nothing
            return windows(values, size, batch_size, max_batches=1)
        return windows(values, size, batch_size)

    def _pass_over(self, window: Sequence[Any]) -> None:
        """Counts the values of an earlier process, for the warnings."""
        sizes = list(map(self.task.input.size, window))
        for part in parts(window, sizes, self.task.serving.BATCH_SIZE):
            self.predictor.count(part)
            self.progress.advance(len(part))

    def _answers(self, window: Sequence[Any]) -> Sequence[Any]:
        return answers_in_order(
            window,
            self.predictor.answers,
            list(map(self.task.input.size, window)),
            self.task.serving.BATCH_SIZE,
            by_place=self.predictor.by_place,
            advance=self.progress.advance,
        )


def _check(task: Task, model: Path, options: PredictOptions) -> None:
    """Refuses options that cannot be combined, or that the task does not have.

    Args:
        model: folder of the exported model, which need not be there.

    Raises:
        UserError: nothing is asked, or two things at once; or the task cannot give what is wanted.
    """
    field = task.input
    given = [options.text is not None, options.file is not None, options.example]
    if sum(given) != 1:
        raise UserError(
            "only one of --text, --file and --example can be asked for"
            if any(given)
            else "nothing to predict",
            where="command line",
            remedy=f"try {field.how_to_ask(_example(task, model))}",
        )
    if options.probabilities:
        start_keras()  # before the task imports it, which would not be quiet
        if not isinstance(task.serving, GivesProbabilities):
            raise UserError(
                f"{task.name} gives no probabilities of labels",
                where="--probabilities",
                remedy="leave it out",
            )
    if options.out is not None:
        if options.file is None or not field.file_holds_many:
            raise UserError(
                "is for answers about the lines of a file",
                where="--out",
                remedy="give --file texts.txt"
                if field.file_holds_many
                else "leave it out: the answer is printed",
            )
        check_format(Path(options.out))
        if os.path.exists(options.out) and os.path.realpath(options.out) == os.path.realpath(
            options.file
        ):
            raise UserError("is the file that is read", where="--out", remedy="name another one")


def _load(task: Task, settings: Any, options: PredictOptions, model: Path) -> Predictor:
    """Loads the exported model."""
    serving = task.serving
    if options.probabilities and isinstance(serving, GivesProbabilities):
        return serving.load_probabilities(model)
    return serving.load(model, settings.asking if task.asking else None)


def _asked(task: Task, options: PredictOptions, model: Path) -> FileValues[Any]:
    """The values of --text, --file or --example."""
    if options.file is not None:
        if options.check and options.file == "-":  # nothing would be left of it
            return FileValues([], 0)
        data = task.data
        if not isinstance(data, ReadsFiles):
            return task.input.open_values(options.file)
        values = data.values_in(options.file, model if model.exists() else None)
    elif options.text is not None:
        values = [task.input.from_argument(options.text)]
    else:
        values = [_example(task, model)]
    return FileValues(values, len(values))


def _checksum(model: Path) -> str:
    """A checksum over all files of an exported model."""
    manifest = Manifest.read(model / MANIFEST, Exported)
    if manifest is not None:
        return digest(manifest.outputs)
    files = (path for path in sorted(model.rglob("*")) if path.is_file())
    return digest({path.relative_to(model).as_posix(): sha256(path) for path in files})


def _what_decides(task: Task, settings: Any, options: PredictOptions) -> dict[str, Any]:
    """The settings that an answer depends on."""
    asking = dataclasses.asdict(settings.asking) if task.asking else {}
    return {"task": task.name, "probabilities": options.probabilities, **asking}


def _example(task: Task, model: Path) -> Any:
    """The example that is exported with the model; the task's default example if there is none."""
    try:
        return task.input.read_example(model / ASSETS)
    except (OSError, UnicodeDecodeError):
        return task.example(task.settings())


def train_command(task: Task, version: int, workspace: Workspace) -> str:
    """The command of make that exports a version, again or for the first time."""
    files = RunFiles.of_version(task, version, workspace)
    if files is not None:
        return files.command()
    return commands(task, dataclasses.replace(task.settings(), run=RunSettings(version=version)))[0]
