"""evaluate: reads the test split once, with the best weights, and writes the report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.progress import say
from pipeline.quiet import start_keras
from pipeline.report.page import write_report
from pipeline.stages.files import RunFiles
from pipeline.stages.options import EvaluateOptions
from pipeline.tasks.base import Evaluated, EvaluationElsewhere, Task
from pipeline.workspace import Workspace, sha256, write_json


def run(task: Task, settings: Any, workspace: Workspace, options: EvaluateOptions) -> None:
    files = RunFiles.of(task, settings, workspace)
    trained = files.trained()
    settings = files.trained_settings(task, settings)
    if options.on is None and files.report.exists() and files.measured() is not None:
        say(f"already evaluated: {files.report}")
        os.utime(files.metrics)
        return
    start_keras()
    if options.on is None:
        evaluated = task.evaluation.evaluate(settings, trained)
        _write(evaluated, files.report, files.metrics, files.weights)
        say(f"{evaluated.summary} -> {files.report}")
        return
    evaluation = task.evaluation
    if not isinstance(evaluation, EvaluationElsewhere):
        raise UserError(
            f"{task.name} is measured on the test split of its own corpus only",
            where="--on",
            remedy="leave it away, or train on that corpus with --corpus",
        )
    evaluated = evaluation.evaluate_on(settings, trained, options.on, workspace.raw)
    name = Path(options.on).stem
    report = files.elsewhere / f"{name}.html"
    _write(evaluated, report, files.elsewhere / f"{name}.json", files.weights)
    say(f"on {options.on}: {evaluated.summary} -> {report}")


def _write(evaluated: Evaluated, report: Path, metrics: Path, weights: Path) -> None:
    """The page, then the numbers with a checksum of the weights they belong to."""
    for warning in evaluated.warnings:
        say(f"warning: {warning}")
    write_report(report, evaluated.report)
    numbers = {"summary": evaluated.summary, **evaluated.metrics, "weights": sha256(weights)}
    write_json(metrics, numbers)
