"""predict: asks the exported model.

Reads:  saved_models/<task>/<version>/, --text, the lines of --file (`-` is standard input), or
        with --example the text that lies beside the model.

Writes: one line a text on standard output; progress, and how many texts were longer than the model
        reads, on standard error.
"""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path

from pipeline.corpora.documents import as_written
from pipeline.errors import UserError
from pipeline.progress import Progress, print_lines, say
from pipeline.quiet import start_keras
from pipeline.stages.export import EXAMPLE
from pipeline.tasks.base import RunSettings, Task
from pipeline.workspace import Workspace


@dataclasses.dataclass(frozen=True)
class Options:
    """Only for this stage."""

    text: str | None = None
    """The text to ask about; of charlm, the beginning to go on with."""
    file: str | None = None
    """A UTF-8 file with a text a line; `-` reads standard input."""
    example: bool = False
    """Show a text to try, and the answer to it."""


def run(task: Task, settings, workspace: Workspace, options: Options) -> None:
    target = workspace.saved_model(task.name, settings.run.version)
    given = [options.text is not None, options.file is not None, options.example]
    if sum(given) != 1:
        raise UserError(
            "only one of --text, --file and --example can be asked for"
            if any(given)
            else "nothing to predict",
            where="command line",
            remedy=f"try --text {shlex.quote(_example(task, target))} or --file texts.txt",
        )
    if not (target / "saved_model.pb").exists():
        own = "" if settings.run == RunSettings() else ", with the same VERSION and settings"
        raise UserError(
            "there is no exported model", where=target, remedy=f"make train-{task.name}{own}"
        )
    if options.file is not None:
        texts = _lines(options.file)
    else:
        texts = [_example(task, target) if options.text is None else _argument(options.text)]
    if options.example:
        say(texts[0])

    from pipeline.export.reading_limit import load_reading_limit

    start_keras()
    limit, longer = load_reading_limit(target), 0
    model = task.load_predictor(target, *([settings.asking] if task.asking else []))
    with Progress("predict", len(texts), "texts") as progress:
        for start in range(0, len(texts), task.lines_at_once):
            part = texts[start : start + task.lines_at_once]
            lines = model(part)
            # Alone, an answer may have the lines it has; of many, each keeps to its own.
            alone = task.writes_lines and options.file is None
            print_lines(map(as_written, lines) if alone else lines)
            longer += limit.longer(part) if limit else 0
            progress.advance(len(part))
    if longer:
        say(
            f"warning: {longer:,} of {len(texts):,} texts are longer than the model reads; of each "
            f"only the first {limit.pieces:,} pieces count"
        )


def _example(task: Task, model: Path) -> str:
    """In the language that the model takes; that of the task where none lies beside it."""
    try:
        return (model / EXAMPLE).read_text("utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError):
        return task.example


def _argument(text: str) -> str:
    """An argument as typed; bytes that are no UTF-8, which Python carries as lone surrogates,
    become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _lines(file: str) -> list[str]:
    try:
        if file == "-":
            content = sys.stdin.buffer.read()
        else:
            with open(file, "rb") as handle:
                content = handle.read()
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise UserError("no such file", where=file) from None
    except IsADirectoryError:
        raise UserError("is a folder, not a file", where=file) from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError("is not UTF-8", where=f"{file}:{line}", remedy="save it as UTF-8") from None
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines[:-1] if lines and lines[-1] == "" else lines
