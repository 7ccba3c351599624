"""The lag at which the gradient dies beside the lag at which learning fails."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from pipeline.lab.tasks.copy_adding import Adding, Copying, Task
from pipeline.lab.tasks.gradients import log10_gradients
from pipeline.lab.tasks.networks import TaskTraining, learn

DEAD = -2.0
"""log₁₀ of what is left of a gradient at a lag, compared with lag 1, below which it is called
dead: a hundredth."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is learnt."""

    cells: tuple[str, ...] = ("rnn", "lstm", "gru")
    """Cells, as `pipeline.layers.recurrent.cell_layer` takes them."""
    adding_lags: tuple[int, ...] = (10, 25, 50, 100)
    """Lengths T of the adding task."""
    copy_lags: tuple[int, ...] = (5, 10, 25)
    """Lags T of the copy task."""
    copy_symbols: int = 3
    """How many symbols it has to keep."""
    training: TaskTraining = TaskTraining()
    """How."""
    copy_learning_rate: float = 1e-2
    """Of Adam on the copy task; that of `training` is for the adding task."""
    gradient_rows: int = 8
    """Sequences over which a gradient is averaged (its logarithm)."""

    @property
    def tasks(self) -> list[Task]:
        return [
            *map(Adding, self.adding_lags),
            *(Copying(lag, self.copy_symbols) for lag in self.copy_lags),
        ]

    def training_of(self, task: Task) -> TaskTraining:
        """How a task is learnt."""
        if isinstance(task, Copying):
            return dataclasses.replace(self.training, learning_rate=self.copy_learning_rate)
        return self.training


QUICK = Plan(
    adding_lags=(6,),
    copy_lags=(2,),
    training=TaskTraining(units=12, learning_rate=2e-2, most_updates=100, look_every=50),
)
"""For a first look."""


@dataclasses.dataclass(frozen=True)
class Trial:
    """One network that tried to learn one task.

    Attributes:
        task: which.
        cell: which.
        updates: when was looked; the first time before any update.
        scores: what was found then, in the task's unit; less is better.
        left: log₁₀ (‖∂L/∂s_{t-lag}‖ / ‖∂L/∂s_{t-1}‖) then, float64 [looks, farthest].
    """

    task: Task
    cell: str
    updates: tuple[int, ...]
    scores: tuple[float, ...]
    left: np.ndarray

    @property
    def best(self) -> int:
        """Which look had the best score."""
        return int(np.argmin(self.scores))

    @property
    def score(self) -> float:
        return self.scores[self.best]

    @property
    def solved(self) -> bool:
        return self.score < self.task.solved

    @property
    def at_start(self) -> float:
        """log₁₀ of what is left at the farthest lag before any update."""
        return float(self.left[0, -1])

    @property
    def at_best(self) -> float:
        """The same of the network with the best score."""
        return float(self.left[self.best, -1])

    @property
    def dead(self) -> bool:
        """Whether of the best network's gradient nothing comes back as far as it has to."""
        return self.at_best < DEAD


def try_task(
    task: Task,
    cell: str,
    how: Plan,
    seed: int,
    progress: Callable[[float], None] = lambda done: None,
) -> Trial:
    """Trains one network, and at each look carries a gradient back through it."""
    x, y = task.draw(np.random.default_rng((seed, task.lag)), how.gradient_rows)
    left = []

    def looked(model, updates: int, score: float) -> None:
        found = log10_gradients(model, task, x, y)
        left.append((found - found[:, :1]).mean(axis=0))
        progress(updates / how.training.most_updates)

    learnt = learn(task, cell, how.training_of(task), seed, looked)
    return Trial(task, cell, learnt.updates, learnt.scores, np.array(left))


@dataclasses.dataclass(frozen=True)
class TaskStudy:
    """All that was tried.

    Attributes:
        plan, seed: how.
        trials: every cell on every task.
    """

    plan: Plan
    seed: int
    trials: tuple[Trial, ...]

    def of(self, name: str, cell: str | None = None) -> list[Trial]:
        """Those of a kind of task, by lag; of one cell or of all."""
        return [t for t in self.trials if t.task.name == name and cell in (None, t.cell)]

    def telling_lag(self, name: str) -> int:
        """The longest lag at which some cell solves the task, best one that another fails at."""
        lags = sorted({t.task.lag for t in self.of(name)})
        solved = [{t.solved for t in self.of(name) if t.task.lag == lag} for lag in lags]
        for wanted in ({True, False}, {True}):
            found = [lag for lag, outcomes in zip(lags, solved, strict=True) if outcomes == wanted]
            if found:
                return found[-1]
        return lags[-1]


def study(how: Plan, seed: int, progress: Callable[[float], None] = lambda done: None) -> TaskStudy:
    """Every cell on every task."""
    plan = [(task, cell) for task in how.tasks for cell in how.cells]
    work = np.cumsum([0, *(task.steps + 20 for task, _ in plan)])
    trials = []
    for number, (task, cell) in enumerate(plan):

        def told(done: float, begin=work[number], end=work[number + 1]) -> None:
            progress(float(begin + done * (end - begin)) / float(work[-1]))

        trials.append(try_task(task, cell, how, seed, told))
        told(1.0)
    return TaskStudy(how, seed, tuple(trials))


def first_lag(trials: Sequence[Trial], holds: Callable[[Trial], bool]) -> int | None:
    """The shortest lag of `trials` at which something holds; None if at none."""
    return min((trial.task.lag for trial in trials if holds(trial)), default=None)
