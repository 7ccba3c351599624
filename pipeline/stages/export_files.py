"""Writes the files of an exported model: its graph, and those beside it."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from pipeline.export.model_card import IDS_EXAMPLE
from pipeline.export.warm_up_requests import write_warm_up
from pipeline.facts import Exported, Trained
from pipeline.stages.card import card_of
from pipeline.stages.export import ASSETS, CARD, ONNX
from pipeline.tasks.base import GivesIdsModel, Task
from pipeline.workspace import write_text


def write_files(
    task: Task,
    settings: Any,
    trained: Trained,
    metrics: dict[str, Any],
    folder: Path,
    shown: Path,
    onnx: bool,
) -> Exported:
    """Writes everything but the manifest into an empty folder.

    Args:
        metrics: as in metrics.json.
        shown: what the card calls the folder.
        onnx: whether an ONNX file is wanted, too; the task must be able to give one.
    """
    serving = task.serving
    exported = serving.export(settings, trained, folder)
    (folder / ASSETS).mkdir(exist_ok=True)
    example = task.example_of(settings, trained.prepared_folder)
    task.input.write_example(example, folder / ASSETS)
    write_warm_up(folder, task.name, {**serving.inputs([example]), "ids": IDS_EXAMPLE})
    if onnx:
        assert isinstance(serving, GivesIdsModel)
        # Only here, since it imports what is not there by default.
        module = importlib.import_module("pipeline.export.onnx_file")
        module.write_onnx(serving.ids_model(settings, trained), folder / ONNX)
    card = card_of(task, settings, trained, metrics, exported, example, shown)
    for path in (CARD, Path(ASSETS, "model_card.md")):
        write_text(folder / path, card)
    return exported
