"""predict: asks the exported model.

Reads:  saved_models/<task>/<version>/, --text or the lines of --file (`-` is standard input).
Writes: one line a text on standard output; progress, and how many texts were longer than the model
        reads, on standard error.
"""

from __future__ import annotations

import dataclasses
import sys

from pipeline.errors import UserError
from pipeline.progress import Progress, print_lines, say
from pipeline.quiet import start_keras
from pipeline.tasks.base import Task
from pipeline.workspace import Workspace


@dataclasses.dataclass(frozen=True)
class Options:
    """Only for this stage."""

    text: str | None = None
    """The text to ask about."""
    file: str | None = None
    """A UTF-8 file with a text a line; `-` reads standard input."""


def run(task: Task, settings, workspace: Workspace, options: Options) -> None:
    if (options.text is None) == (options.file is None):
        raise UserError(
            "nothing to predict" if options.text is None else "--text and --file are both given",
            where="command line",
            remedy=f'try --text "{task.example}" or --file texts.txt',
        )
    target = workspace.saved_model(task.name, settings.run.version)
    if not (target / "saved_model.pb").exists():
        raise UserError(
            "there is no exported model", where=target, remedy=f"make train-{task.name}"
        )
    texts = [_argument(options.text)] if options.text is not None else _lines(options.file)

    from pipeline.export.reading_limit import load_reading_limit

    start_keras()
    limit, longer = load_reading_limit(target), 0
    model = task.load_predictor(target)
    with Progress("predict", len(texts), "texts") as progress:
        for start in range(0, len(texts), task.lines_at_once):
            part = texts[start : start + task.lines_at_once]
            print_lines(model(part))
            longer += limit.longer(part) if limit else 0
            progress.advance(len(part))
    if longer:
        say(
            f"warning: {longer:,} of {len(texts):,} texts are longer than the model reads; of each "
            f"only the first {limit.pieces:,} pieces count"
        )


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
