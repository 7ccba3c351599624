"""The study of few labels: draws, trainings, and a page that grows with them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.facts import CorpusFacts
from pipeline.lab.labels.draws import draw
from pipeline.lab.labels.page import Circumstances, page_of
from pipeline.lab.labels.results import (
    WITH,
    DrawnTraining,
    read_results,
    write_results,
)
from pipeline.locks import only_one
from pipeline.models.settings import describe_classifier
from pipeline.own_process import in_own_process
from pipeline.pretrained import read_pretrained
from pipeline.progress import say
from pipeline.records import plain
from pipeline.report.commands import study_command
from pipeline.report.page import write_report
from pipeline.report.versions import versions
from pipeline.settings import without_run
from pipeline.stages.corpus import read_corpus
from pipeline.stages.files import RunFiles
from pipeline.stages.label_plan import FewLabelsPlan, Point, few_labels_plan, start_of
from pipeline.stages.small_runs import accuracy_of_run, forget_models
from pipeline.stages.studies import LabelStudy
from pipeline.tasks.sentiment import TASK
from pipeline.tasks.sentiment.settings import Settings
from pipeline.workspace import Workspace, read_json, write_record

STUDY = "study-labels"
RESULTS, RECORD, REPORT = "results.csv", "study.json", "report.html"


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
    start, task_settings = start_of(settings, workspace)
    with only_one(folder.with_name(f".{name}.lock"), refusal):
        facts, checksums = _corpus(task_settings, folder, workspace)
        asked = plain(
            {
                "settings": _deciding(task_settings),
                "seed": chosen.seed,
                "inputs": {name: checksums[name] for name in ("train.tsv", "test.tsv")},
                "encoder": read_pretrained(start).files,
                "versions": versions(),
            }
        )
        if _set_aside(folder, asked):
            facts, _ = _corpus(task_settings, folder, workspace)
        write_record(folder / RECORD, asked)
        planned = few_labels_plan(settings, task_settings, start, facts, workspace)
        try:
            _measure(planned, folder, settings)
        except KeyboardInterrupt:
            say("the same command goes on from here")
            raise
    return folder


def _deciding(settings: Settings) -> dict[str, Any]:
    """The groups of settings that the result depends on; of corpus and encoder the content
    counts."""
    groups = without_run(settings)
    return {name: groups[name] for name in groups if name not in ("corpus", "start", "teachers")}


def _corpus(
    settings: Settings, folder: Path, workspace: Workspace
) -> tuple[CorpusFacts, dict[str, str]]:
    """Reads the corpus as the stage does, if that is not done; returns facts and checksums."""
    files = RunFiles(TASK.name, folder, workspace.root, settings)
    read_corpus(TASK, settings, files, workspace)
    manifest = files.corpus_manifest()
    return manifest.facts, manifest.outputs


def _set_aside(folder: Path, asked: dict[str, Any]) -> bool:
    """Keeps results of other settings under another name; returns whether there were any."""
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


def _measure(planned: FewLabelsPlan, folder: Path, settings: LabelStudy) -> None:
    """Runs the trainings that are not in the table yet; the page is written again after each."""
    table = folder / RESULTS
    measured = read_results(table)
    points = list(planned.points())
    how = _circumstances(planned, settings)

    def write_page() -> None:
        shown = [each for each in measured if each.point in set(points)]
        write_report(folder / REPORT, page_of(shown, how))

    write_page()
    for number, point in enumerate(points, 1):
        run = folder / _name(point)
        if point not in {each.point for each in measured}:
            say(f"training {number} of {len(points)}: {run.name}")
            measured.append(_train(planned, point, run))
            write_results(table, measured)
            write_page()
            say(f"{run.name}: {measured[-1].accuracy:.1%} of the test split right")
        forget_models(run)


def _train(planned: FewLabelsPlan, point: Point, run: Path) -> DrawnTraining:
    size, number, side = point
    splits = planned.rows(size, number)
    # TensorFlow keeps memory of each model it has trained for as long as the process lives.
    result, accuracy = in_own_process(
        accuracy_of_run,
        planned.settings_of(number, side),
        splits,
        planned.start if side == WITH else None,
        run,
    )
    return DrawnTraining(
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
    """The name of the folder of a training."""
    size, number, side = point
    return f"{size}-rows-draw-{number}-{side}"


def _circumstances(planned: FewLabelsPlan, settings: LabelStudy) -> Circumstances:
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
        model=describe_classifier(planned.settings.model),
        batch_sizes={
            size: small.rows_per_batch(training.batch_size, rows) for size, rows in learnt.items()
        },
        repeated=[
            size
            for size, rows in learnt.items()
            if small.trainings_of(training.batch_size, rows) > 1
        ],
        trainings=small.trainings,
        min_steps=training.min_steps,
        epochs=training.epochs,
        learning_rate=training.learning_rate,
        draws=planned.draws,
        seed=planned.seed,
        commands=[study_command("labels", settings, LabelStudy())],
        quick=settings.study.quick,
    )
