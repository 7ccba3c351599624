"""Commands that reproduce a run, and use its model."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from pipeline.records import as_json

if TYPE_CHECKING:
    from pipeline.tasks.base import Task

_STUDY_VARIABLES = {
    "corpus": "CORPUS",
    "encoder": "ENCODER",
    "name": "NAME",
    "seed": "SEED",
    "quick": "QUICK",
}
_VARIABLES = {"corpus": "CORPUS", "name": "NAME", "encoder": "ENCODER", "version": "VERSION"}
"""Setting -> its variable of make; `_STUDY_VARIABLES` has those of a study."""


def commands(task: Task, settings) -> list[str]:
    """Commands for a shell: train this run, ask its model, look at its logs."""
    changed = _differing(settings, task.settings())
    own = {variable: changed.pop(name) for name, variable in _VARIABLES.items() if name in changed}
    version = {name: value for name, value in own.items() if name == "VERSION"}
    model = f"saved_models/{task.name}/{settings.run.version}"
    example = task.input.as_argument(task.example(settings), f"{model}/assets.extra")
    return [
        _make(f"train-{task.name}", {**own, **_as_settings(changed)}),
        _make(task.predict_target, {**version, task.input.variable: example}),
        "make tensorboard",
    ]


def study_command(study: str, settings, defaults) -> str:
    """The command that reproduces a study.

    Args:
        study: name of its target of make behind `study-`.
        settings, defaults: instances of the same dataclass of groups; the second has the defaults.
    """
    changed = _differing(settings, defaults)
    own = {_STUDY_VARIABLES[n]: changed.pop(n) for n in _STUDY_VARIABLES if n in changed}
    own = {name: int(value) if value is True else value for name, value in own.items()}
    return _make(f"study-{study}", {**own, **_as_settings(changed)})


def _differing(settings, defaults) -> dict:
    """Setting -> value, for settings that differ from their defaults."""
    default = as_json(defaults)
    return {
        name: value
        for group, values in as_json(settings).items()
        for name, value in values.items()
        if value != default[group][name]
    }


def _as_settings(changed: dict) -> dict:
    """The variable SETTINGS of make, for settings without a variable of their own."""
    options = " ".join(_option(name.replace("_", "-"), value) for name, value in changed.items())
    return {"SETTINGS": options} if options else {}


def _make(target: str, variables: dict) -> str:
    return " ".join(["make", target, *(f"{k}={_quoted(str(v))}" for k, v in variables.items())])


def _option(name: str, value: object) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    return f"--{name} {_quoted(str(value))}"


def _quoted(text: str) -> str:
    """`text` as one word of a shell, in double quotes if possible, which are easier to read."""
    if re.fullmatch(r"[\w.,:/=+-]+", text):
        return text
    return shlex.quote(text) if set(text) & set('"$`\\!') else f'"{text}"'
