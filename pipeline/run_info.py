"""What a report says about the run it measures, whatever the task."""

from __future__ import annotations

import platform
import re
import shlex
import typing
from importlib.metadata import PackageNotFoundError, version

from pipeline.settings import as_json

if typing.TYPE_CHECKING:
    from pipeline.tasks.base import Task, Trained

_PACKAGES = ("keras", "tensorflow", "tensorflow-text", "tokenizers", "sentencepiece", "numpy")
_VARIABLES = {"corpus": "CORPUS", "name": "NAME", "version": "VERSION"}
"""Setting -> the variable of make for it: it chains files by them, and watches the corpus."""


def run_info(task: Task, settings, trained: Trained, model: str) -> dict:
    """Facts about a run, as `pipeline.evaluation` wants them for a report.

    Args:
        task: the task.
        settings: its settings.
        trained: the finished run.
        model: the model in a few words.
    """
    corpus, training = trained.corpus_notes, trained.training
    rows = {name: count for name, count in corpus["rows"].items()}
    return {
        "task": task.name,
        "run": trained.run.name,
        "model": model,
        "parameters": training["parameters"],
        "corpus": {
            "name": corpus["title"],
            "source": corpus["source"],
            "licence": corpus["licence"],
            **rows,
            "rows that could not be used": corpus["rejected"],
            "pieces": trained.prepared_notes["pieces"],
        },
        "best_step": training["best_step"],
        "clip_norm": settings.training.clip_norm,
        "settings": {k: v for k, v in as_json(settings).items() if k != "run"},
        "commands": commands(task, settings),
        "versions": versions(),
    }


def commands(task: Task, settings) -> list[str]:
    """What to type to get this run again, and to use it: as it is, into a shell."""
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
    return [
        _make(f"train-{task.name}", {**own, **({"SETTINGS": options} if options else {})}),
        _make(task.target, {**version, task.variable: task.example_for(settings)}),
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


def versions() -> dict[str, str]:
    """Python and the packages that decide a result."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
