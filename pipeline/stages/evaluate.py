"""evaluate: reads the test split once, with the best weights, and writes the report."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from pipeline.corpora.catalogue import CATALOGUE
from pipeline.errors import UserError
from pipeline.progress import say
from pipeline.quiet import start_keras
from pipeline.report.page import write_report
from pipeline.stages.files import RunFiles
from pipeline.stages.options import EvaluateOptions
from pipeline.tasks.base import Evaluated, EvaluationElsewhere, Task
from pipeline.workspace import Workspace, digest, sha256, write_record


def run(task: Task, settings: Any, workspace: Workspace, options: EvaluateOptions) -> None:
    files = RunFiles.of(task, settings, workspace)
    trained = files.trained()
    settings = files.trained_settings(task, settings)
    weights = sha256(files.weights)
    if options.on is None:
        if files.valid_metrics() is not None and files.has_report():
            say(f"already evaluated: {files.report}")
        else:
            start_keras()
            evaluated = task.evaluation.evaluate(settings, trained)
            _write(evaluated, files.report, files.metrics, {"weights": weights})
            say(evaluated.summary)
        _show(files.report, workspace)
        return
    start_keras()
    evaluation = task.evaluation
    if not isinstance(evaluation, EvaluationElsewhere):
        raise UserError(
            f"{task.name} is measured on the test split of its own corpus only",
            where="--on",
            remedy="leave it out, or train on that corpus with --corpus",
        )
    evaluated = evaluation.evaluate_on(settings, trained, options.on, workspace.raw)
    name = name_elsewhere(options.on, workspace.root)
    report = files.elsewhere / f"{name}.html"
    about = {"on": options.on, "weights": weights}
    _write(evaluated, report, files.elsewhere / f"{name}.json", about)
    say(f"on {options.on}: {evaluated.summary}")
    _show(report, workspace)


def name_elsewhere(corpus: str, root: Path) -> str:
    """The name of results on another corpus; two files of the same name in different folders get
    different names.

    Args:
        corpus: a name of the catalogue; or files, with commas between.
        root: of the workspace.

    Example:
        >>> name_elsewhere("news", Path("/w")), name_elsewhere("a/test.tsv", Path("/w"))
        ('news', 'test-93b6d8f2')
    """
    if corpus == "sample" or corpus in CATALOGUE:
        return corpus
    paths = corpus.split(",")
    stems = "+".join(re.sub(r"[^\w-]+", "-", Path(path.strip()).stem) for path in paths)
    places = [os.path.relpath(os.path.abspath(path.strip()), root) for path in paths]
    return f"{stems[:_MAX_NAME_LENGTH].strip('-') or 'file'}-{digest(places)[:8]}"


_MAX_NAME_LENGTH = 40


def _write(evaluated: Evaluated, report: Path, metrics: Path, about: dict[str, str]) -> None:
    """Writes the report, then metrics.json with checksums of the report and of the weights."""
    for warning in evaluated.warnings:
        say(f"warning: {warning}")
    write_report(report, evaluated.report)
    numbers = {"summary": evaluated.summary, **evaluated.metrics, **about}
    write_record(metrics, {**numbers, "report": sha256(report)})


def _show(report: Path, workspace: Workspace) -> None:
    print(f"report:  {report.relative_to(workspace.root)}")
