"""Plots of gradients that reach back, beside networks that learn."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.lab.plots import (
    CELL_COLOURS,
    DASHES,
    UPDATES,
    legend_below,
    level,
    panels_by_cell,
    powers_of_ten,
    stacked_panels,
    whole_numbers,
)
from pipeline.lab.tasks.study import DEAD, TaskResults, Trial
from pipeline.models.settings import CELL_NAMES
from pipeline.report.figures import GREEN, INK, ORANGE, QUIET, drawn

_SHADES = ("#c9d3dc", "#93a7b8", "#54708a", INK)
_OUTCOMES = {True: ("o", GREEN, "task solved"), False: ("x", ORANGE, "not solved")}


@drawn
def over_updates(results: TaskResults, name: str, lag: int) -> Figure:
    """Score, and what is left of the gradient at the farthest lag, over the updates."""
    trials = [trial for trial in results.of(name) if trial.task.lag == lag]
    task = trials[0].task
    titles = (
        f"Score on new sequences, T = {lag} · 점수",
        f"What is left of the gradient at lag {task.farthest} · 남은 기울기",
    )
    figure, above, below = stacked_panels(titles, 5.6, sharex=True)
    for trial in trials:
        style = {"marker": "o", "markersize": 3.5, "color": CELL_COLOURS.get(trial.cell, QUIET)}
        above.plot(trial.updates, trial.scores, label=CELL_NAMES[trial.cell], **style)
        below.plot(trial.updates, trial.left[:, -1], **style)
    level(above, task.baseline, "without memory")
    highest = max(task.baseline, *(score for trial in trials for score in trial.scores[1:]))
    above.set_ylim(-0.04 * task.baseline, min(1.15 * highest, 2 * task.baseline))
    above.set_ylabel("squared error" if name == "adding" else "nats a symbol")
    level(below, DEAD)
    below.set_xlabel(UPDATES)
    powers_of_ten(below)
    legend_below(figure, 4)
    return figure


@drawn
def by_lag(results: TaskResults, name: str) -> Figure:
    """What is left of the gradient against the lag, at the start and of the best networks."""
    title = "What is left of the gradient · 남은 기울기"
    figure, places = panels_by_cell(title, results.settings.cells, 3.9, sharex=True)
    for axes, cell in places:
        trials = results.of(name, cell)
        _curve(axes, trials[-1], 0, ORANGE, linewidth=1.4, linestyle=DASHES,
               label="untrained · 학습 전")  # fmt: skip
        shades = _SHADES[-len(trials) :] if len(trials) <= len(_SHADES) else [INK] * len(trials)
        for trial, shade in zip(trials, shades, strict=True):
            _curve(axes, trial, trial.best, shade, label=f"trained, T = {trial.task.lag}")
            _outcome(axes, [trial.task.farthest], [trial.at_best], trial.solved)
        level(axes, DEAD, linewidth=1, linestyle="-")
        whole_numbers(axes, "lag · 시간 간격")
        powers_of_ten(axes)
    for solved, (_, _, label) in _OUTCOMES.items():
        _outcome(figure.axes[0], [], [], solved, label=label)
    legend_below(figure, 3)
    return figure


def _curve(axes: Axes, trial: Trial, evaluation: int, colour: str, **style) -> None:
    axes.plot(range(1, trial.task.farthest + 1), trial.left[evaluation], color=colour, **style)


def _outcome(axes: Axes, x: list[float], y: list[float], solved: bool, **style) -> None:
    mark, colour, _ = _OUTCOMES[solved]
    axes.plot(x, y, mark, color=colour, markersize=8, markeredgewidth=2, zorder=4, **style)
