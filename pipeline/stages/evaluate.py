"""evaluate: reads the test split once, with the best weights, and writes the report.

Reads:  a finished run, the test split.

Writes: runs/<task>/<name>/{metrics.json,report.html}

With --on it measures the same model on another corpus, and writes
        runs/<task>/<name>/elsewhere/<corpus>.{json,html}
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from pipeline.errors import UserError
from pipeline.progress import say
from pipeline.quiet import start_keras
from pipeline.stages.files import RunFiles
from pipeline.tasks.base import Task, Trained
from pipeline.workspace import Workspace, sha256, write_json


@dataclasses.dataclass(frozen=True)
class Options:
    """Only for this stage."""

    on: str | None = None
    """Another corpus to measure the finished model on: a name of the catalogue, or a file."""


def run(task: Task, settings, workspace: Workspace, options: Options) -> None:
    files = RunFiles.of(task, settings, workspace)
    trained = files.trained()
    settings = files.trained_settings(task, settings)
    if options.on is not None:
        _elsewhere(task, settings, files, trained, options.on, workspace.raw)
        return
    if files.report.exists() and files.measured() is not None:
        say(f"already evaluated: {files.report}")
        os.utime(files.metrics)
        return

    from pipeline.report.page import write_report

    start_keras()
    metrics, content = task.evaluate(settings, trained)
    write_report(files.report, content)
    write_json(files.metrics, {**metrics, "weights": sha256(files.weights)})
    say(f"{metrics['summary']} -> {files.report}")


def _elsewhere(
    task: Task, settings, files: RunFiles, trained: Trained, corpus: str, raw: Path
) -> None:
    if task.evaluate_on is None:
        raise UserError(
            f"{task.name} is measured on the test split of its own corpus only",
            where="--on",
            remedy="leave it away, or train on that corpus with --corpus",
        )

    from pipeline.report.page import write_report

    start_keras()
    metrics, content = task.evaluate_on(settings, trained, corpus, raw)
    name = Path(corpus).stem
    report = files.elsewhere / f"{name}.html"
    write_report(report, content)
    write_json(files.elsewhere / f"{name}.json", {**metrics, "weights": sha256(files.weights)})
    say(f"on {corpus}: {metrics['summary']} -> {report}")
