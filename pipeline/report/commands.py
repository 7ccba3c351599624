"""What to type to get a run again, and to use it."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from pipeline.records import as_json

if TYPE_CHECKING:
    from pipeline.tasks.base import Task

_VARIABLES = {"corpus": "CORPUS", "name": "NAME", "version": "VERSION"}
"""Setting -> the variable of make for it."""


def commands(task: Task, settings) -> list[str]:
    """Lines that a shell takes as they are: train this run, ask it, look at its logs."""
    default = as_json(task.settings())
    changed = {
        name: value
        for group, values in as_json(settings).items()
        for name, value in values.items()
        if value != default[group][name]
    }
    own = {variable: changed.pop(name) for name, variable in _VARIABLES.items() if name in changed}
    options = " ".join(_option(name.replace("_", "-"), value) for name, value in changed.items())
    version = {name: value for name, value in own.items() if name == "VERSION"}
    model = f"saved_models/{task.name}/{settings.run.version}"
    example = task.input.as_argument(task.example(settings), f"{model}/assets.extra")
    return [
        _make(f"train-{task.name}", {**own, **({"SETTINGS": options} if options else {})}),
        _make(task.target, {**version, task.input.variable: example}),
        "make tensorboard",
    ]


def _make(target: str, variables: dict) -> str:
    return " ".join(["make", target, *(f"{k}={_quoted(str(v))}" for k, v in variables.items())])


def _option(name: str, value: object) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    return f"--{name} {_quoted(str(value))}"


def _quoted(text: str) -> str:
    """One word of a shell, in double quotes where they do, as these are easier to read."""
    if re.fullmatch(r"[\w.,:/=+-]+", text):
        return text
    return shlex.quote(text) if set(text) & set('"$`\\!') else f'"{text}"'
