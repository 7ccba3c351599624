"""The page on the adding and the copy task: where the gradient dies, and where learning fails.

Its words are in page.md.j2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.lab.base import Page, StudyText
from pipeline.lab.tasks import pictures
from pipeline.lab.tasks.copy_adding import Adding, Copying
from pipeline.lab.tasks.study import DEAD, QUICK, Plan, TaskStudy, Trial, first_lag, study
from pipeline.models.settings import CELL_NAMES
from pipeline.report.document import document

KINDS = {"adding": "adding task · 덧셈 과제", "copy": "copy task · 복사 과제"}


def page(text: StudyText, *, quick: bool, seed: int, progress: Callable[[float], None]) -> Page:
    """Measures, and writes down what was found; these tasks need no text."""
    return page_of(study(QUICK if quick else Plan(), seed, progress))


def page_of(found: TaskStudy) -> Page:
    """The page of a study that has been made."""
    content = document(
        "lab/tasks/page.md.j2",
        found=found,
        plan=found.plan,
        how=found.plan.training,
        dead=DEAD,
        adding=Adding(8),
        copying=Copying(4, found.plan.copy_symbols),
        kinds=[_kind(found, kind) for kind in KINDS],
        agreement=agreement(found.trials),
        all=[_shown(trial) for trial in found.trials],
    )
    return Page("tasks", content, numbers=_numbers(found), curves=_curves(found))


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


def _kind(found: TaskStudy, kind: str) -> dict[str, Any]:
    lag = found.telling_lag(kind)
    cells = {CELL_NAMES[cell]: found.of(kind, cell) for cell in found.plan.cells}
    solved = {
        name: [trial.task.lag for trial in trials if trial.solved] for name, trials in cells.items()
    }
    return {
        "kind": kind,
        "title": KINDS[kind],
        "lag": lag,
        "lags": [str(trial.task.lag) for trial in next(iter(cells.values()))],
        "solved_to": {name: max(lags, default=None) for name, lags in solved.items()},
        "shown": [_shown(trial) for trial in found.of(kind) if trial.task.lag == lag],
        "cells": [
            {
                "name": name,
                "dead_at_start": _dead_at_start(trials[-1]),
                "dead_from": first_lag(trials, lambda trial: trial.dead),
                "fails_from": first_lag(trials, lambda trial: not trial.solved),
            }
            for name, trials in cells.items()
        ],
        "over_updates": pictures.over_updates(found, kind, lag),
        "by_lag": pictures.by_lag(found, kind),
    }


def _shown(trial: Trial) -> dict[str, Any]:
    way = trial.left[1:, -1] if len(trial.left) > 1 else trial.left[:, -1]
    return {
        "trial": trial,
        "task": trial.task,
        "cell": CELL_NAMES[trial.cell],
        "score": score(trial),
        "best_update": trial.updates[trial.best],
        "lowest": float(way.min()),
        "highest": float(way.max()),
    }


def score(trial: Trial) -> str:
    return f"{trial.score:.4f}" if trial.task.name == "adding" else f"{trial.score:.3f}"


def _curves(found: TaskStudy) -> dict[str, tuple[list[int], list[float]]]:
    curves = {}
    for trial in found.trials:
        name = f"{trial.task.name}, T = {trial.task.lag}, {CELL_NAMES[trial.cell]}"
        updates = list(trial.updates)
        curves[f"score, {name}"] = (updates, list(trial.scores))
        curves[f"log10 left at the farthest lag, {name}"] = (updates, trial.left[:, -1].tolist())
    return curves


def _dead_at_start(trial: Trial) -> int | None:
    """The shortest lag at which the untrained network's gradient is dead."""
    below = (trial.left[0] < DEAD).nonzero()[0]
    return int(below[0]) + 1 if len(below) else None


def _numbers(found: TaskStudy) -> dict[str, object]:
    return {
        "seed": found.seed,
        "dead_below": 10**DEAD,
        "trainings": [
            {
                "task": trial.task.name,
                "T": trial.task.lag,
                "cell": trial.cell,
                "updates": trial.updates[-1],
                "score": trial.score,
                "baseline": trial.task.baseline,
                "solved": trial.solved,
                "log10_left_untrained": _json(trial.at_start),
                "log10_left": _json(trial.at_best),
            }
            for trial in found.trials
        ],
    }


def _json(value: float) -> float | None:
    return value if math.isfinite(value) else None
