"""export: writes the model that others serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.export.model_card import IDS_INPUT, ModelCard, render_card
from pipeline.facts import Exported, Trained
from pipeline.pretrained import origin_of_encoder
from pipeline.progress import say
from pipeline.quiet import start_keras
from pipeline.records import as_json
from pipeline.report.commands import commands
from pipeline.report.versions import versions
from pipeline.stages.files import RunFiles
from pipeline.stages.versions import MANIFEST, note_export, to_be_exported
from pipeline.tasks.base import Task
from pipeline.workspace import Manifest, Workspace, atomic_folder, digest, write_text

ASSETS = "assets.extra"
CARD = Path(ASSETS, "model_card.md")


def run(task: Task, settings: Any, workspace: Workspace) -> None:
    files = RunFiles.of(task, settings, workspace)
    trained = files.trained()
    settings = files.trained_settings(task, settings)
    metrics = files.measured()
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
    with to_be_exported(files.folder.parent, settings.run.version):
        before = Manifest.read(target / MANIFEST, Exported)
        if before is not None and before.still_holds(made_of, [files.weights], target):
            say(f"already exported: {target}")
        else:
            exported = _write(task, settings, trained, metrics, made_of, target, workspace.root)
            say(f"exported {exported.summary} -> {target}")
        note_export(files.folder, settings.run.version)
    print(f"model:   {target.relative_to(workspace.root)}")


def _write(
    task: Task,
    settings: Any,
    trained: Trained,
    metrics: dict[str, Any],
    made_of: dict[str, Any],
    target: Path,
    root: Path,
) -> Exported:
    start_keras()
    with atomic_folder(target) as folder:
        exported = task.serving.export(settings, trained, folder)
        shown = target.relative_to(root)
        (folder / ASSETS).mkdir(exist_ok=True)
        example = task.example_of(settings, trained.prepared_folder)
        task.input.write_example(example, folder / ASSETS)
        write_text(folder / CARD, _card(task, settings, trained, metrics, exported, example, shown))
        written = sorted(path for path in folder.rglob("*") if path.is_file())
        manifest = Manifest.of("export", made_of, [trained.weights], written, folder, exported)
        manifest.write(folder / MANIFEST)
    return exported


def check_model(model: Path, again: str) -> None:
    """Refuses a model that is not as it was exported; of an earlier version nothing is known.

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


def _card(
    task: Task,
    settings: Any,
    trained: Trained,
    metrics: dict[str, Any],
    exported: Exported,
    value: Any,
    folder: Path,
) -> str:
    signature, corpus = task.serving.SIGNATURE, trained.corpus
    own = signature.name in exported.signatures
    field = task.input
    example = {name: repr(given) for name, given in task.serving.inputs([value]).items()}
    if own and field.name in example:
        file = (folder / ASSETS / field.example_file).as_posix()
        example[field.name] = field.example_code(value, file)
    return render_card(
        ModelCard(
            task=task.name,
            summary=f"{task.summary[0].upper()}{task.summary[1:]}.",
            folder=str(folder),
            facts=exported.facts,
            corpus={
                "learnt from": corpus.origin.title,
                "source": corpus.origin.source,
                "licence of the corpus": corpus.origin.licence,
                **corpus.besides,
                **origin_of_encoder(trained.prepared_folder),
                "rows": ", ".join(f"{name} {rows:,}" for name, rows in corpus.rows.items()),
            },
            warnings=trained.warnings,
            measured=metrics["summary"],
            metrics={
                name: number
                for name, number in metrics.items()
                if isinstance(number, int | float) and not isinstance(number, bool)
            },
            signature=signature.name if own else "ids",
            inputs=signature.inputs if own else IDS_INPUT,
            outputs=signature.outputs,
            example=example if own else {"ids": "[[2, 4, 3]]"},
            imports=field.example_imports if own else (),
            about_text=field.follows_text_policy,
            limits=exported.limits,
            command=commands(task, settings)[0],
            versions=versions(),
        )
    )
