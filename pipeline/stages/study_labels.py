"""The study of few labels: draws, trainings, and a page that grows with them."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.corpora.settings import CorpusSettings
from pipeline.corpora.splits import read_split
from pipeline.errors import UserError
from pipeline.facts import CorpusFacts
from pipeline.lab.labels.draws import check_labels, draw, sizes_of
from pipeline.lab.labels.page import Circumstances, page_of
from pipeline.lab.labels.results import (
    SIDES,
    WITH,
    Measured,
    read_results,
    write_results,
)
from pipeline.locks import only_one
from pipeline.models.settings import StartSettings, describe
from pipeline.pretrained import NONE, PretrainedEncoder, find_pretrained, read_pretrained
from pipeline.progress import say
from pipeline.records import plain
from pipeline.report.commands import study_command
from pipeline.report.page import write_report
from pipeline.report.versions import versions
from pipeline.settings import without_run
from pipeline.stages.corpus import read_corpus
from pipeline.stages.files import RunFiles
from pipeline.stages.small_runs import (
    accuracy_of_run,
    forget_models,
    in_the_shape_of,
    without_encoder,
)
from pipeline.stages.studies import LabelStudy
from pipeline.tasks.sentiment import TASK
from pipeline.tasks.sentiment.data import BUNDLED_ENCODER, encoder
from pipeline.tasks.sentiment.settings import Settings
from pipeline.workspace import Workspace, read_json, write_record

STUDY = "study-labels"
RESULTS, RECORD, REPORT = "results.csv", "study.json", "report.html"
SIZES, QUICK_SIZES = "100,300,1000,3000,10000,all", "100,300"
DRAWS, QUICK_DRAWS = 5, 2
QUICK_STEPS = 20

Point = tuple[int, int, str]
"""Drawn rows, number of the draw, side."""


@dataclasses.dataclass(frozen=True)
class _Planned:
    """What is going to be measured.

    Attributes:
        folder: of the study.
        splits: of the corpus, "train" and "test".
        corpus: facts on it.
        settings: of the side with the encoder.
        start, encoder: folder of the encoder, and what it is.
        draws: drawn rows -> how many draws.
        seed: of all draws.
    """

    folder: Path
    splits: dict[str, pd.DataFrame]
    corpus: CorpusFacts
    settings: Settings
    start: Path
    encoder: PretrainedEncoder
    draws: dict[int, int]
    seed: int

    def points(self) -> Iterator[Point]:
        """All trainings, few rows first."""
        for rows, count in self.draws.items():
            for number in range(1, count + 1):
                for side in SIDES:
                    yield rows, number, side

    def rows(self, size: int, number: int) -> dict[str, pd.DataFrame]:
        """The splits of a training; train and dev are of the drawn rows."""
        train = self.splits["train"]
        places = draw(len(train), size, number, self.seed)
        drawn = {name: train.iloc[rows].reset_index(drop=True) for name, rows in places.items()}
        return {**drawn, "test": self.splits["test"]}

    def settings_of(self, number: int, side: str) -> Settings:
        """Both sides of a draw have the same random start."""
        settings = self.settings if side == WITH else without_encoder(self.settings)
        training = dataclasses.replace(settings.training, seed=self.seed + number - 1)
        return dataclasses.replace(settings, training=training)


def study_labels(settings: LabelStudy, workspace: Workspace) -> Path:
    """Accuracy over the number of labelled rows; returns the folder."""
    chosen = settings.study
    name = chosen.name + ("-quick" if chosen.quick else "")
    folder = workspace.run(STUDY, name)
    refusal = UserError(
        "another command is at work on this study",
        where=folder,
        remedy="wait for it, or choose another name: NAME= of make, --name",
    )
    start, task_settings = _start(settings, workspace)
    with only_one(folder.with_name(f".{name}.lock"), refusal):
        facts, checksums = _corpus(task_settings, folder, workspace)
        asked = plain(
            {
                "settings": without_run(task_settings),
                "seed": chosen.seed,
                "inputs": checksums,
                "encoder": read_pretrained(start).files,
                "versions": versions(),
            }
        )
        if _set_aside(folder, asked):
            facts, _ = _corpus(task_settings, folder, workspace)
        write_record(folder / RECORD, asked)
        planned = _plan(settings, task_settings, start, facts, folder, workspace)
        _measure(planned, settings)
    return folder


def _start(settings: LabelStudy, workspace: Workspace) -> tuple[Path, Settings]:
    """The folder of the encoder, and the settings of the task for a model of its shape.

    Raises:
        UserError: there is no such encoder, or no classifier starts from it.
    """
    start = find_pretrained(settings.start.encoder, BUNDLED_ENCODER, workspace)
    if start is None:
        raise UserError(
            f"with --encoder {NONE} there is nothing to compare",
            where="command line",
            remedy="name an encoder; what starts from nothing is measured beside it",
        )
    corpus = settings.corpus.corpus or ("sample" if settings.study.quick else None)
    default = Settings()
    task_settings = in_the_shape_of(
        dataclasses.replace(
            default,
            corpus=CorpusSettings(
                corpus=corpus or CorpusSettings().corpus,
                text_column=settings.corpus.text_column,
                label_column=settings.corpus.label_column,
            ),
            start=StartSettings(encoder=settings.start.encoder),
        ),
        read_pretrained(start),
    )
    if settings.study.quick:
        few = {"epochs": 1, "min_steps": QUICK_STEPS, "evaluations": 2}
        training = dataclasses.replace(task_settings.training, **few)
        task_settings = dataclasses.replace(task_settings, training=training)
    encoder(task_settings, workspace)  # refuses what does not fit
    return start, task_settings


def _corpus(
    settings: Settings, folder: Path, workspace: Workspace
) -> tuple[CorpusFacts, dict[str, str]]:
    """Reads the corpus as the stage does, where that is not done; facts and checksums."""
    files = RunFiles(TASK.name, folder, workspace.root, settings)
    read_corpus(TASK, settings, files, workspace)
    manifest = files.corpus_manifest()
    return manifest.facts, manifest.outputs


def _set_aside(folder: Path, asked: dict[str, Any]) -> bool:
    """Keeps what was measured with other settings; returns whether there was something."""
    try:
        if read_json(folder / RECORD) == asked:
            return False
    except UserError:
        pass
    if not (folder / RESULTS).exists():
        for unfinished in folder.glob("*-rows-draw-*"):
            shutil.rmtree(unfinished)
        return False
    number = 1
    while (kept := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    os.replace(folder, kept)
    say(f"the settings, the corpus or the encoder changed: the earlier study is kept in {kept}")
    return True


def _plan(
    settings: LabelStudy,
    task_settings: Settings,
    start: Path,
    facts: CorpusFacts,
    folder: Path,
    workspace: Workspace,
) -> _Planned:
    """What is going to be measured.

    Raises:
        UserError: the corpus is too small, or a draw shows one label only.
    """
    splits = {
        name: read_split(workspace.root / facts.folder / f"{name}.tsv")
        for name in ("train", "test")
    }
    available = len(splits["train"])
    quick = settings.study.quick
    asked = settings.draws.sizes or (QUICK_SIZES if quick else SIZES)
    sizes, impossible = sizes_of(asked, available)
    if impossible:
        listed = ", ".join(f"{size:,}" for size in impossible)
        say(f"left out, since there are {available:,} rows to draw from: {listed}")
    usual = settings.draws.draws or (QUICK_DRAWS if quick else DRAWS)
    draws = {size: usual if size < available else settings.draws.draws_of_all for size in sizes}
    planned = _Planned(
        folder,
        splits,
        facts,
        task_settings,
        start,
        read_pretrained(start),
        draws,
        settings.study.seed,
    )
    labels = list(splits["train"]["label"])
    for size, count in draws.items():
        for number in range(1, count + 1):
            check_labels(labels, draw(available, size, number, planned.seed)["train"])
    return planned


def _measure(planned: _Planned, settings: LabelStudy) -> None:
    """Measures what is not in the table yet; the page is written anew after each training."""
    table = planned.folder / RESULTS
    measured = read_results(table)
    points = list(planned.points())
    how = _circumstances(planned, settings)
    _write_page(planned, measured, points, how)
    for number, point in enumerate(points, 1):
        if point in {each.point for each in measured}:
            continue
        say(f"training {number} of {len(points)}: {_name(point)}")
        found = _train(planned, point)
        measured.append(found)
        write_results(table, measured)
        forget_models(planned.folder / _name(point))
        _write_page(planned, measured, points, how)
        say(f"{_name(point)}: {found.accuracy:.1%} of the test split right")


def _train(planned: _Planned, point: Point) -> Measured:
    size, number, side = point
    splits = planned.rows(size, number)
    result, accuracy = accuracy_of_run(
        planned.settings_of(number, side),
        splits,
        planned.start if side == WITH else None,
        planned.folder / _name(point),
    )
    return Measured(
        rows=size,
        draw=number,
        encoder=side,
        learnt=len(splits["train"]),
        choosing=len(splits["dev"]),
        accuracy=accuracy,
        choosing_accuracy=result.best,
        steps=result.steps,
        best_step=result.best_step,
        seconds=result.seconds,
    )


def _name(point: Point) -> str:
    """Of the folder of a training."""
    size, number, side = point
    return f"{size}-rows-draw-{number}-{side}"


def _circumstances(planned: _Planned, settings: LabelStudy) -> Circumstances:
    training = planned.settings.training
    available = len(planned.splits["train"])
    small = planned.settings.small_corpora
    learnt = {size: len(draw(available, size, 1, 0)["train"]) for size in planned.draws}
    return Circumstances(
        corpus=planned.corpus.origin.title,
        available=available,
        test=len(planned.splits["test"]),
        warnings=planned.corpus.warnings,
        encoder=settings.start.encoder,
        trained_on=planned.encoder.trained_on,
        model=describe(planned.settings.model),
        batch_sizes={
            size: small.rows_per_batch(training.batch_size, rows) for size, rows in learnt.items()
        },
        min_steps=training.min_steps,
        epochs=training.epochs,
        learning_rate=training.learning_rate,
        draws=planned.draws,
        seed=planned.seed,
        commands=[study_command("labels", settings, LabelStudy())],
        quick=settings.study.quick,
    )


def _write_page(
    planned: _Planned, measured: Sequence[Measured], points: Sequence[Point], how: Circumstances
) -> None:
    """The page of those measurements that are asked for now."""
    shown = [each for each in measured if each.point in set(points)]
    write_report(planned.folder / REPORT, page_of(shown, how))
