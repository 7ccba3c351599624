"""evaluate: reads the test split once, with the best weights, and writes the report.

Reads:  a finished run, the test split.
Writes: runs/<task>/<name>/{metrics.json,report.html}
"""

from __future__ import annotations

import os

from pipeline.progress import say
from pipeline.quiet import start_keras
from pipeline.stages.files import RunFiles
from pipeline.tasks.base import Task
from pipeline.workspace import Workspace, sha256, write_json


def run(task: Task, settings, workspace: Workspace) -> None:
    files = RunFiles.of(task, settings, workspace)
    trained = files.trained()
    settings = files.trained_settings(task, settings)
    if files.report.exists() and files.measured() is not None:
        say(f"already evaluated: {files.report}")
        os.utime(files.metrics)
        return

    from pipeline.evaluation.report import write_report

    start_keras()
    metrics, content = task.evaluate(settings, trained)
    write_report(files.report, content)
    write_json(files.metrics, {**metrics, "weights": sha256(files.weights)})
    say(f"{metrics['summary']} -> {files.report}")
