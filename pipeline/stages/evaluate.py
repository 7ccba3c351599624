"""evaluate: reads the test split once, with the best weights, and writes the report.

Reads:  a finished run, the test split.
Writes: runs/<task>/<name>/{metrics.json,report.html}
"""

from __future__ import annotations

from pipeline.progress import say
from pipeline.stages.files import RunFiles
from pipeline.tasks.base import Task
from pipeline.workspace import Workspace, write_json


def run(task: Task, settings, workspace: Workspace) -> None:
    from pipeline.evaluation.report import write_report
    from pipeline.training.tensorboard import TensorBoardLog

    files = RunFiles.of(task, settings, workspace)
    trained = files.trained()
    log = TensorBoardLog(files.folder / "tensorboard")
    try:
        metrics, content = task.evaluate(settings, trained, log)
    finally:
        log.close()
    write_report(files.report, content)
    write_json(files.metrics, metrics)
    say(f"{metrics['summary']} -> {files.report}")
