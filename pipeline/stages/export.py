"""export: writes the model for serving."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.facts import Exported
from pipeline.progress import say
from pipeline.quiet import start_keras
from pipeline.records import as_json
from pipeline.stages.files import RunFiles
from pipeline.stages.options import ExportOptions
from pipeline.stages.versions import MANIFEST, export_lock, note_export
from pipeline.tasks.base import GivesIdsModel, Task, find_task, task_names
from pipeline.workspace import Manifest, Workspace, atomic_folder, digest

ASSETS = "assets.extra"
CARD = "README.md"
"""In an exported model, by the name that a model hub looks for; `ASSETS` has the same."""
ONNX = "model.onnx"
"""In an exported model, if it was asked for."""
_CONVERTER = "tf2onnx"


def run(task: Task, settings: Any, workspace: Workspace, options: ExportOptions) -> None:
    files = RunFiles.of(task, settings, workspace)
    trained = files.trained()
    settings = files.trained_settings(task, settings)
    metrics = files.valid_metrics()
    if metrics is None:
        raise UserError(
            "this run has not been measured, and a model is not exported without its numbers",
            where=files.folder,
            remedy=f"python -m pipeline evaluate {task.name} --name {settings.run.name}",
        )
    target = workspace.saved_model(task.name, settings.run.version)
    # The card tells what was measured; which report shows it is the same to a model.
    measured = {name: value for name, value in metrics.items() if name != "report"}
    made_of = {**as_json(settings), "metrics": digest(measured)}
    with export_lock(files.folder.parent, settings.run.version):
        before = Manifest.read(target / MANIFEST, Exported)
        # An earlier version of this project wrote fewer files.
        wanted = {CARD, *((ONNX,) if options.onnx else ())}
        if (
            before is not None
            and wanted <= before.outputs.keys()
            and before.still_holds(made_of, [files.weights], target)
        ):
            say(f"already exported: {target}")
        else:
            if options.onnx:
                _check_converter(task)
            shown = target.relative_to(workspace.root)
            with atomic_folder(target) as folder:
                exported = _write(task, settings, trained, metrics, folder, shown, options.onnx)
                written = sorted(path for path in folder.rglob("*") if path.is_file())
                manifest = Manifest.of(
                    "export", made_of, [files.weights], written, folder, exported
                )
                manifest.write(folder / MANIFEST)
            say(f"exported {exported.summary} -> {target}")
        note_export(files.folder, settings.run.version)
    print(f"model:   {target.relative_to(workspace.root)}")


def _write(*arguments: Any) -> Exported:
    """Calls `export_files.write_files`, which is imported only here, since it imports
    TensorFlow."""
    start_keras()
    exported: Exported = importlib.import_module("pipeline.stages.export_files").write_files(
        *arguments
    )
    return exported


def _check_converter(task: Task) -> None:
    """Refuses `--onnx` if tf2onnx is not installed.

    Raises:
        UserError: the task gives no model of ids, or tf2onnx is not installed.
    """
    if importlib.util.find_spec(_CONVERTER) is None:
        raise UserError(
            f"{_CONVERTER} is not installed",
            where="--onnx",
            remedy=f".venv/bin/pip install {_CONVERTER}==1.17.0 onnx==1.23.2",
        )
    start_keras()  # before the task imports TensorFlow, which would not be quiet
    if not isinstance(task.serving, GivesIdsModel):
        able = [n for n in task_names() if isinstance(find_task(n).serving, GivesIdsModel)]
        raise UserError(
            f"{task.name} cannot be written as ONNX",
            where="--onnx",
            remedy=f"leave it out; only {' and '.join(able)} can",
        )


def check_model(model: Path, again: str) -> None:
    """Refuses an exported model whose files have changed; models of an earlier version are not
    checked.

    Args:
        model: its folder.
        again: the command that exports it again.

    Raises:
        UserError: a file is gone or was changed.
    """
    manifest = Manifest.read(model / MANIFEST, Exported)
    damaged = None if manifest is None else manifest.damaged_output(model)
    if damaged is not None:
        state = "is not what was exported" if damaged.exists() else "is gone"
        raise UserError(state, where=damaged, remedy=f"export it again: {again}")
