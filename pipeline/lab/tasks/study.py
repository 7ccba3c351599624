"""The lag at which the gradient dies beside the lag at which learning fails."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from pipeline.lab.base import OnProgress, no_progress, progress_by_part
from pipeline.lab.tasks.copy_adding import Adding, Copying, MemoryTask
from pipeline.lab.tasks.gradients import log10_gradients
from pipeline.lab.tasks.networks import TaskTraining, learn
from pipeline.models.settings import CELL_NAMES

DEAD = -2.0
"""log₁₀ of what is left of a gradient at a lag, compared with lag 1, below which it is called
dead: a hundredth."""


@dataclasses.dataclass(frozen=True)
class TaskStudySettings:
    """Settings of the study of tasks."""

    cells: tuple[str, ...] = ("rnn", "lstm", "gru")
    """Cells, as `pipeline.layers.recurrent.cell_layer` takes them."""
    adding_lags: tuple[int, ...] = (10, 25, 50, 100)
    """Lengths T of the adding task."""
    copy_lags: tuple[int, ...] = (5, 10, 25)
    """Lags T of the copy task."""
    copy_symbols: int = 3
    """How many symbols it has to keep."""
    training: TaskTraining = TaskTraining()
    """How networks learn them."""
    copy_learning_rate: float = 1e-2
    """Adam's learning rate on the copy task; that of `training` is for the adding task."""
    gradient_rows: int = 8
    """Sequences over which a gradient is averaged (its logarithm)."""

    @property
    def tasks(self) -> list[MemoryTask]:
        return [
            *map(Adding, self.adding_lags),
            *(Copying(lag, self.copy_symbols) for lag in self.copy_lags),
        ]

    def training_of(self, task: MemoryTask) -> TaskTraining:
        """How networks learn this task."""
        if isinstance(task, Copying):
            return dataclasses.replace(self.training, learning_rate=self.copy_learning_rate)
        return self.training


QUICK = TaskStudySettings(
    adding_lags=(6,),
    copy_lags=(2,),
    training=TaskTraining(units=12, learning_rate=2e-2, max_updates=100, evaluate_every=50),
)
"""For a quick run."""


@dataclasses.dataclass(frozen=True)
class Trial:
    """One network that tried to learn one task.

    Attributes:
        task: which.
        cell: which.
        updates: before each evaluation, the first of them 0.
        scores: in the task's unit; less is better.
        left: log₁₀ (‖∂L/∂s_{t-lag}‖ / ‖∂L/∂s_{t-1}‖) then, float64 [evaluations, farthest].
    """

    task: MemoryTask
    cell: str
    updates: tuple[int, ...]
    scores: tuple[float, ...]
    left: np.ndarray

    @property
    def cell_name(self) -> str:
        return CELL_NAMES[self.cell]

    @property
    def name(self) -> str:
        return f"{self.task.name}, T = {self.task.lag}, {self.cell_name}"

    @property
    def best(self) -> int:
        """Which evaluation had the best score."""
        return int(np.argmin(self.scores))

    @property
    def score(self) -> float:
        return self.scores[self.best]

    @property
    def written_score(self) -> str:
        return f"{self.score:.{4 if self.task.name == 'adding' else 3}f}"

    @property
    def solved(self) -> bool:
        return self.score < self.task.solved

    @property
    def at_start(self) -> float:
        """log₁₀ of what is left at the farthest lag before any update."""
        return float(self.left[0, -1])

    @property
    def at_best(self) -> float:
        """log₁₀ of what is left there in the network with the best score."""
        return float(self.left[self.best, -1])

    @property
    def on_the_way(self) -> np.ndarray:
        """log₁₀ of what is left there at all evaluations but the first, if there are others."""
        return self.left[1:, -1] if len(self.left) > 1 else self.left[:, -1]

    @property
    def dead(self) -> bool:
        """Whether the best network's gradient is dead at the farthest lag."""
        return self.at_best < DEAD


def try_task(
    task: MemoryTask,
    cell: str,
    settings: TaskStudySettings,
    seed: int,
    progress: OnProgress = no_progress,
) -> Trial:
    """Trains one network, and at each evaluation carries a gradient back through it."""
    x, y = task.draw(np.random.default_rng((seed, task.lag)), settings.gradient_rows)
    updates, scores, left = [], [], []
    for evaluation in learn(task, cell, settings.training_of(task), seed):
        gradients = log10_gradients(evaluation.model, task, x, y)
        updates.append(evaluation.updates)
        scores.append(evaluation.score)
        left.append((gradients - gradients[:, :1]).mean(axis=0))
        progress(evaluation.updates / settings.training.max_updates)
    return Trial(task, cell, tuple(updates), tuple(scores), np.array(left))


@dataclasses.dataclass(frozen=True)
class TaskResults:
    """Results of the study of tasks.

    Attributes:
        settings, seed: of the study.
        trials: every cell on every task.
    """

    settings: TaskStudySettings
    seed: int
    trials: tuple[Trial, ...]

    def of(self, name: str, cell: str | None = None) -> list[Trial]:
        """The trials of a kind of task, by lag; of one cell or of all."""
        return [t for t in self.trials if t.task.name == name and cell in (None, t.cell)]

    def shown_lag(self, name: str) -> int:
        """The longest lag at which one cell solves the task and another fails; if there is none,
        the longest at which all solve it, or the longest of all."""
        lags = sorted({t.task.lag for t in self.of(name)})
        solved = [{t.solved for t in self.of(name) if t.task.lag == lag} for lag in lags]
        for wanted in ({True, False}, {True}):
            as_wanted = [lag for lag, each in zip(lags, solved, strict=True) if each == wanted]
            if as_wanted:
                return as_wanted[-1]
        return lags[-1]


def measure_tasks(
    settings: TaskStudySettings, seed: int, progress: OnProgress = no_progress
) -> TaskResults:
    """Trains every cell on every task."""
    pairs = [(task, cell) for task in settings.tasks for cell in settings.cells]
    parts = progress_by_part(progress, [task.steps + 20 for task, _ in pairs])
    trials = []
    for (task, cell), part in zip(pairs, parts, strict=True):
        trials.append(try_task(task, cell, settings, seed, part))
        part(1.0)
    return TaskResults(settings, seed, tuple(trials))


def first_lag(trials: Sequence[Trial], holds: Callable[[Trial], bool]) -> int | None:
    """The shortest lag of `trials` at which something holds; None if at none."""
    return min((trial.task.lag for trial in trials if holds(trial)), default=None)
