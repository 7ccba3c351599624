"""What a report says about the run it measures, whatever the task."""

from __future__ import annotations

import platform
import typing
from importlib.metadata import PackageNotFoundError, version

from pipeline.settings import as_json

if typing.TYPE_CHECKING:
    from pipeline.tasks.base import Task, Trained

_PACKAGES = ("keras", "tensorflow", "tensorflow-text", "tokenizers", "sentencepiece", "numpy")


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
            "pieces": trained.tokens_notes["pieces"],
        },
        "best_step": training["best_step"],
        "clip_norm": settings.training.clip_norm,
        "settings": {k: v for k, v in as_json(settings).items() if k != "run"},
        "commands": commands(task, settings, trained),
        "versions": versions(),
    }


def commands(task: Task, settings, trained: Trained) -> list[str]:
    """What to type to get this run again, and to use it."""
    default = as_json(task.settings())
    changed = [
        _option(name.replace("_", "-"), value)
        for group, values in as_json(settings).items()
        for name, value in values.items()
        if group != "run" and value != default[group][name]
    ]
    name = "" if trained.run.name == "default" else f" NAME={trained.run.name}"
    extra = f' SETTINGS="{" ".join(changed)}"' if changed else ""
    return [
        f"make train-{task.name}{name}{extra}",
        f'make {task.target} TEXT="{task.example}"',
        "make tensorboard",
    ]


def _option(name: str, value: object) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    return f"--{name} {value}"


def versions() -> dict[str, str]:
    """Python and the packages that decide a result."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
