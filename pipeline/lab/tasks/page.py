"""The page on the adding and the copy task: where the gradient dies, and where learning fails.

Its words are in page.md.j2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.lab.base import Curves, OnProgress, Page, StudyText, fields_of
from pipeline.lab.tasks import pictures
from pipeline.lab.tasks.copy_adding import Adding, Copying
from pipeline.lab.tasks.study import (
    DEAD,
    QUICK,
    TaskResults,
    TaskStudySettings,
    Trial,
    first_lag,
    measure_tasks,
)
from pipeline.models.settings import CELL_NAMES
from pipeline.report.document import document

KINDS = {"adding": "adding task · 덧셈 과제", "copy": "copy task · 복사 과제"}


def page(text: StudyText, *, quick: bool, seed: int, progress: OnProgress) -> Page:
    """Measures everything and writes the page; these tasks need no text."""
    return page_of(measure_tasks(QUICK if quick else TaskStudySettings(), seed, progress))


def page_of(results: TaskResults) -> Page:
    """The page of results."""
    content = document(
        "lab/tasks/page.md.j2",
        results=results,
        settings=results.settings,
        training=results.settings.training,
        dead=DEAD,
        adding=Adding(8),
        copying=Copying(4, results.settings.copy_symbols),
        kinds=[_kind(results, kind) for kind in KINDS],
        agreement=agreement(results.trials),
    )
    return Page("tasks", content, numbers=_numbers(results), curves=_curves(results))


def agreement(trials: Sequence[Trial]) -> dict[str, int]:
    """In how many trainings what is left of the gradient in the best network, and the outcome, are
    what; and in how many the gradient came back to life or died."""
    both = [(trial.solved, trial.dead) for trial in trials]
    at_start = [trial.at_start < DEAD for trial in trials]
    return {
        "solved_alive": both.count((True, False)),
        "failed_alive": both.count((False, False)),
        "solved_dead": both.count((True, True)),
        "failed_dead": both.count((False, True)),
        "awoken": sum(trial.solved and dead for trial, dead in zip(trials, at_start, strict=True)),
        "lost": sum(trial.dead and not dead for trial, dead in zip(trials, at_start, strict=True)),
    }


def _kind(results: TaskResults, kind: str) -> dict[str, Any]:
    lag = results.shown_lag(kind)
    cells = {CELL_NAMES[cell]: results.of(kind, cell) for cell in results.settings.cells}
    solved = {
        name: [trial.task.lag for trial in trials if trial.solved] for name, trials in cells.items()
    }
    return {
        "kind": kind,
        "title": KINDS[kind],
        "lag": lag,
        "lags": [str(trial.task.lag) for trial in next(iter(cells.values()))],
        "solved_to": {name: max(lags, default=None) for name, lags in solved.items()},
        "shown": [trial for trial in results.of(kind) if trial.task.lag == lag],
        "cells": [
            {
                "name": name,
                "dead_at_start": _dead_at_start(trials[-1]),
                "dead_from": first_lag(trials, lambda trial: trial.dead),
                "fails_from": first_lag(trials, lambda trial: not trial.solved),
            }
            for name, trials in cells.items()
        ],
        "over_updates": pictures.over_updates(results, kind, lag),
        "by_lag": pictures.by_lag(results, kind),
    }


def _curves(results: TaskResults) -> Curves:
    curves = {}
    for trial in results.trials:
        curves[f"score, {trial.name}"] = (trial.updates, trial.scores)
        left = trial.left[:, -1]
        curves[f"log10 left at the farthest lag, {trial.name}"] = (trial.updates, left)
    return curves


def _dead_at_start(trial: Trial) -> int | None:
    """The shortest lag at which the untrained network's gradient is dead."""
    below = (trial.left[0] < DEAD).nonzero()[0]
    return int(below[0]) + 1 if len(below) else None


def _numbers(results: TaskResults) -> dict[str, object]:
    """What was measured, as JSON has it."""
    return {
        "seed": results.seed,
        "dead_below": 10**DEAD,
        "trainings": [
            {
                "task": trial.task.name,
                "T": trial.task.lag,
                **fields_of(trial, "cell", "score", "solved"),
                "updates": trial.updates[-1],
                "baseline": trial.task.baseline,
                "log10_left_untrained": trial.at_start,
                "log10_left": trial.at_best,
            }
            for trial in results.trials
        ],
    }
