"""Gradients that reach back, and networks that learn, drawn side by side."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pipeline.lab.tasks.study import DEAD, TaskStudy, Trial
from pipeline.models.settings import CELL_NAMES
from pipeline.report.figures import BLUE, GREEN, INK, ORANGE, QUIET, drawn

_WIDTH = 6.4  # inches
_FORMULAE = ["DejaVu Sans", "NanumGothic"]  # whose superscripts can be read, and Hangul
_COLOURS = {"rnn": ORANGE, "lstm": BLUE, "gru": GREEN}
_DASHES = (0, (4, 3))
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SHADES = ("#c9d3dc", "#93a7b8", "#54708a", INK)


@drawn
def over_updates(found: TaskStudy, name: str, lag: int) -> Figure:
    """Score, and what is left of the gradient at the farthest lag, over the updates."""
    figure = Figure(figsize=(_WIDTH, 5.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    trials = [trial for trial in found.of(name) if trial.task.lag == lag]
    task = trials[0].task
    for trial in trials:
        style = {"color": _COLOURS.get(trial.cell, QUIET), "label": CELL_NAMES[trial.cell]}
        above.plot(trial.updates, trial.scores, "o-", markersize=3.5, **style)
        below.plot(trial.updates, trial.left[:, -1], "o-", markersize=3.5, **style)
    above.axhline(
        task.baseline, color=QUIET, linewidth=1.2, linestyle=_DASHES, label="without memory"
    )
    highest = max(max(trial.scores[1:]) for trial in trials)
    above.set_ylim(
        -0.04 * task.baseline, min(max(highest, task.baseline) * 1.15, 2 * task.baseline)
    )
    above.set_ylabel("squared error" if name == "adding" else "nats a symbol")
    above.set_title(f"Score on new sequences, T = {lag} · 점수")
    below.axhline(DEAD, color=QUIET, linewidth=1.2, linestyle=_DASHES)
    below.set_title(f"What is left of the gradient at lag {task.farthest} · 남은 기울기")
    below.set_xlabel("updates · 갱신 횟수")
    _powers(below)
    handles, labels = above.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


@drawn
def by_lag(found: TaskStudy, name: str) -> Figure:
    """What is left of the gradient against the lag, at the start and of the best networks."""
    cells = found.plan.cells
    figure = Figure(figsize=(_WIDTH, 3.9), layout="constrained")
    panels = figure.subplots(1, len(cells), sharey=True, sharex=True, squeeze=False).ravel()
    for axes, cell in zip(panels, cells, strict=True):
        trials = found.of(name, cell)
        longest = trials[-1]
        axes.plot(_lags(longest), longest.left[0], color=ORANGE, linewidth=1.4, linestyle=_DASHES,
                  label="untrained · 학습 전")  # fmt: skip
        shades = _SHADES[-len(trials) :] if len(trials) <= len(_SHADES) else [INK] * len(trials)
        for trial, shade in zip(trials, shades, strict=True):
            curve = trial.left[trial.best]
            axes.plot(_lags(trial), curve, color=shade, label=f"trained, T = {trial.task.lag}")
            _outcome(axes, trial, float(curve[-1]))
        axes.axhline(DEAD, color=QUIET, linewidth=1)
        axes.set_title(CELL_NAMES[cell], size=10)
        axes.set_xlabel("lag · 시간 간격")
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        _powers(axes)
    marks = [
        axes.plot([], [], mark, color=colour, markersize=8, markeredgewidth=2, label=label)[0]
        for mark, colour, label in (("o", GREEN, "task solved"), ("x", ORANGE, "not solved"))
    ]
    handles, labels = panels[0].get_legend_handles_labels()
    labels += [mark.get_label() for mark in marks]
    figure.legend([*handles, *marks], labels, loc="outside lower center", ncols=3)
    figure.suptitle(
        "What is left of the gradient · 남은 기울기", x=0.02, ha="left", weight="bold", size=11.5
    )
    return figure


def _lags(trial: Trial) -> np.ndarray:
    return np.arange(1, trial.task.farthest + 1)


def _outcome(axes: Axes, trial: Trial, height: float) -> None:
    mark, colour = ("o", GREEN) if trial.solved else ("x", ORANGE)
    axes.plot([trial.task.farthest], [height], mark, color=colour, markersize=8,
              markeredgewidth=2, zorder=4)  # fmt: skip


def _powers(axes: Axes) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(7, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(_power))
    axes.tick_params(axis="y", labelfontfamily=_FORMULAE[0])


def _power(value: float, _place: int | None = None) -> str:
    return "1" if round(value) == 0 else f"10{str(round(value)).translate(_RAISED)}"
