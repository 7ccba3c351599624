"""The model card of an exported model, from the records of all stages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.export.front_matter import HubMetric, front_matter
from pipeline.export.model_card import IDS_EXAMPLE, IDS_INPUT, ModelCard, render_card
from pipeline.facts import Exported, Trained
from pipeline.pretrained import encoder_behind, origin_of_encoder
from pipeline.report.commands import commands
from pipeline.report.versions import versions
from pipeline.stages.export import ASSETS
from pipeline.tasks.base import Task


def card_of(
    task: Task,
    settings: Any,
    trained: Trained,
    metrics: dict[str, Any],
    exported: Exported,
    value: Any,
    folder: Path,
) -> str:
    """The card as Markdown, with the front matter of a model hub.

    Args:
        metrics: as in metrics.json.
        exported: what was written.
        value: the example of the input field.
        folder: of the model, as a user types it.
    """
    head = _front_matter(task, settings, trained, metrics)
    return head + render_card(_card(task, settings, trained, metrics, exported, value, folder))


def _front_matter(task: Task, settings: Any, trained: Trained, metrics: dict[str, Any]) -> str:
    hub, corpus = task.serving.HUB, trained.corpus
    encoder = encoder_behind(trained.prepared_folder)
    return front_matter(
        f"malgyeol-{task.name}",
        pipeline_tag=hub.pipeline_tag,
        languages=hub.languages(settings, trained.prepared_folder),
        tags=("malgyeol", "saved-model", *(("tensorflow-text",) if _about_text(task) else ())),
        corpus=corpus.origin,
        further_licences=() if encoder is None else (encoder.licence,),
        split=corpus.reported,
        metrics=[
            HubMetric(name, kind, float(metrics[name]))
            for name, kind in hub.metrics.items()
            if isinstance(metrics.get(name), int | float)
        ],
    )


def _about_text(task: Task) -> bool:
    return task.input.follows_text_policy


def _card(
    task: Task,
    settings: Any,
    trained: Trained,
    metrics: dict[str, Any],
    exported: Exported,
    value: Any,
    folder: Path,
) -> ModelCard:
    signature, corpus = task.serving.SIGNATURE, trained.corpus
    own = signature.name in exported.signatures
    field = task.input
    example = {name: repr(given) for name, given in task.serving.inputs([value]).items()}
    if own and field.name in example:
        file = (folder / ASSETS / field.example_file).as_posix()
        example[field.name] = field.example_code(value, file)
    return ModelCard(
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
        example=example if own else {"ids": repr(IDS_EXAMPLE)},
        imports=field.example_imports if own else (),
        about_text=_about_text(task),
        limits=exported.limits,
        command=commands(task, settings)[0],
        versions=versions(),
    )
