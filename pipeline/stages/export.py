"""export: writes the model that others serve.

Reads:  a finished run and its metrics.

Writes: saved_models/<task>/<version>/ with its model card and a text to try, whole or not at all.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import UserError
from pipeline.progress import say
from pipeline.quiet import start_keras
from pipeline.run_info import commands, versions
from pipeline.stages.files import RunFiles
from pipeline.tasks.base import Task, Trained
from pipeline.workspace import Workspace, atomic_folder, write_text

CARD = Path("assets.extra", "model_card.md")
EXAMPLE = Path("assets.extra", "example.txt")


def run(task: Task, settings, workspace: Workspace) -> None:
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
    start_keras()
    target = workspace.saved_model(task.name, settings.run.version)
    with atomic_folder(target) as folder:
        notes = task.export(settings, trained, folder)
        shown = target.relative_to(workspace.root)
        write_text(folder / CARD, _card(task, settings, trained, metrics, notes, shown))
        write_text(folder / EXAMPLE, f"{task.example_for(settings)}\n")
    say(f"exported {notes['summary']} -> {target}")


def _card(task: Task, settings, trained: Trained, metrics: dict, notes: dict, folder: Path) -> str:
    import pandas as pd

    from pipeline.export.model_card import IDS_INPUT, ModelCard, render_card

    signature, corpus = task.signature, trained.corpus_notes
    own = signature.name in notes["signatures"]
    one = signature.ask(pd.DataFrame({"text": [task.example_for(settings)]}))
    return render_card(
        ModelCard(
            task=task.name,
            summary=f"{task.summary[0].upper()}{task.summary[1:]}.",
            folder=str(folder),
            facts=notes["facts"],
            corpus={
                "learnt from": corpus["title"],
                "source": corpus["source"],
                "licence of the corpus": corpus["licence"],
                "rows": ", ".join(f"{name} {rows:,}" for name, rows in corpus["rows"].items()),
            },
            warnings=trained.warnings,
            measured=metrics["summary"],
            metrics={
                name: value
                for name, value in metrics.items()
                if isinstance(value, int | float) and not isinstance(value, bool)
            },
            signature=signature.name if own else "ids",
            inputs=signature.inputs if own else IDS_INPUT,
            outputs=signature.outputs,
            example=one if own else {"ids": [[2, 4, 3]]},
            limits=notes["limits"],
            command=commands(task, settings)[0],
            versions=versions(),
        )
    )
