"""The facts about a run that a report of any task shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline.pretrained import origin_of_encoder
from pipeline.report.commands import commands
from pipeline.report.versions import versions
from pipeline.settings import without_run

if TYPE_CHECKING:
    from pipeline.facts import Trained
    from pipeline.tasks.base import Task


@dataclasses.dataclass(frozen=True)
class RunFacts:
    """Facts about a run; a report leaves out unknown ones.

    Attributes:
        task, run: names.
        model: its architecture in a few words.
        parameters: number of its parameters.
        corpus: name -> value, for people: name, source, licence, counts (int) and other facts.
        measured_on: title of the corpus it was evaluated on, if that is another.
        best_step: step of the weights that were evaluated.
        trainings: number of trainings, from one start, over which weights were averaged.
        clip_norm: norm to which gradients were clipped; None or 0 if they were not.
        settings: of the run, nested.
        commands: that reproduce and use the run.
        versions: package -> version.
        history: history.csv, one row per evaluation on dev; may be empty.
        steps: steps.csv; None if gradients are not shown.
        warnings: sentences that must not be missed.
    """

    task: str = ""
    run: str = ""
    model: str = ""
    parameters: int | None = None
    corpus: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    measured_on: str | None = None
    best_step: int | None = None
    trainings: int = 1
    clip_norm: float | None = None
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    commands: Sequence[str] = ()
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    history: pd.DataFrame = dataclasses.field(default_factory=pd.DataFrame)
    steps: pd.DataFrame | None = None
    warnings: Sequence[str] = ()


def run_facts(
    task: Task,
    settings: Any,
    trained: Trained,
    model: str,
    *,
    warnings: Sequence[str] | None = None,
    measured_on: str | None = None,
) -> RunFacts:
    """All facts about a finished run.

    Args:
        task: the task.
        settings: of its training.
        trained: the run.
        model: its architecture in a few words.
        warnings: instead of those of the run.
        measured_on: title of the corpus it was evaluated on, if that is another.
    """
    corpus, result = trained.corpus, trained.result
    # Without a test split, dev takes its place; it is then listed once.
    shown = dict.fromkeys(("train", corpus.reported, "dev")) if corpus.characters else ()
    counts = {
        **({} if corpus.characters else corpus.rows),
        **{f"characters of {split}": corpus.characters[split] for split in shown},
    }
    size = trained.prepared.vocabulary_size
    return RunFacts(
        task=task.name,
        run=trained.run.name,
        model=model,
        parameters=result.parameters,
        corpus={
            "name": corpus.origin.title,
            "source": corpus.origin.source,
            "licence": corpus.origin.licence,
            **corpus.besides,
            **origin_of_encoder(trained.prepared_folder),
            **counts,
            "rows that could not be used": corpus.rejected,
            **({"pieces": size} if size is not None else {}),
        },
        measured_on=measured_on,
        best_step=result.best_step,
        trainings=result.trainings,
        clip_norm=settings.training.clip_norm,
        settings=without_run(settings),
        commands=commands(task, settings),
        versions=versions(),
        history=pd.read_csv(trained.run / "history.csv"),
        steps=pd.read_csv(trained.run / "steps.csv"),
        warnings=trained.warnings if warnings is None else warnings,
    )
