"""export: writes the model that others serve.

Reads:  a finished run and its metrics.
Writes: saved_models/<task>/<version>/, whole or not at all.
"""

from __future__ import annotations

from pipeline.progress import say
from pipeline.quiet import start_keras
from pipeline.stages.files import RunFiles
from pipeline.tasks.base import Task
from pipeline.workspace import Workspace, atomic_folder


def run(task: Task, settings, workspace: Workspace) -> None:
    files = RunFiles.of(task, settings, workspace)
    trained = files.trained()
    settings = files.trained_settings(task, settings)
    start_keras()
    target = workspace.saved_model(task.name, settings.run.version)
    with atomic_folder(target) as folder:
        notes = task.export(settings, trained, folder)
    say(f"exported {notes['summary']} -> {target}")
