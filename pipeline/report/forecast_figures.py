"""Plots of forecasts beside the actual values, and of their error by distance."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pipeline.report.figures import BLUE, GREEN, INK, ORANGE, QUIET, drawn
from pipeline.report.fonts import drawable

_WIDTH = 6.4  # inches
_LINES = (BLUE, ORANGE, GREEN, QUIET)


@dataclasses.dataclass(frozen=True)
class ShownForecast:
    """A window to be drawn, in the units of the data.

    Attributes:
        time: of the first forecast step.
        before: the values that were read, or the last of them, float [steps, channels].
        truth, forecast: float [horizon, channels].
    """

    time: str
    before: np.ndarray
    truth: np.ndarray
    forecast: np.ndarray


@drawn
def forecasts(shown: Sequence[ShownForecast], channel: int, name: str) -> Figure:
    """Draws some windows of one channel: values read, actual values, forecast, last value.

    Args:
        shown: at least one.
        channel: number of the channel.
        name: its name.
    """
    rows = -(-len(shown) // 2)
    figure = Figure(figsize=(_WIDTH, 2.1 * rows + 0.7), layout="constrained")
    axes = np.atleast_1d(figure.subplots(rows, min(len(shown), 2))).ravel()
    for place, window in zip(axes, shown, strict=False):
        before, truth = window.before[:, channel], window.truth[:, channel]
        ahead = np.arange(1, len(truth) + 1)
        place.plot(np.arange(1 - len(before), 1), before, color=QUIET, linewidth=1.2)
        # The lines begin at the last value that was read.
        steps, last = np.append(0, ahead), before[-1]
        place.plot(steps, np.append(last, truth), color=INK, linewidth=1.4, label="actual · 실제")
        place.plot(
            steps, np.append(last, window.forecast[:, channel]), color=BLUE, label="forecast · 예측"
        )
        place.hlines(
            last, 0, len(truth), color=ORANGE, linewidth=1.4, linestyle=(0, (4, 3)),
            label="last value · 마지막 값",
        )  # fmt: skip
        place.set_title(window.time, size=9, weight="normal", color=QUIET, pad=4)
        place.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        place.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        place.yaxis.set_major_locator(MaxNLocator(4))
    for place in axes[len(shown) :]:
        place.set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    figure.suptitle(drawable(name, 40), x=0.02, ha="left", weight="bold")
    return figure


@drawn
def error_by_step(errors: Mapping[str, Sequence[float]]) -> Figure:
    """Draws the mean squared error of each way to forecast, over the steps ahead.

    Args:
        errors: name -> [horizon].
    """
    figure = Figure(figsize=(_WIDTH, 3.4), layout="constrained")
    axes = figure.subplots()
    for (name, values), color in zip(errors.items(), _LINES, strict=False):
        steps = np.arange(1, len(values) + 1)
        mark = "o" if len(values) < 3 else None
        axes.plot(steps, values, color=color, label=name, marker=mark)
    axes.set_xlabel("steps ahead · 앞선 시점")
    axes.set_ylabel("MSE, standardised")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_title("Error by distance · 시점별 오차")
    figure.legend(loc="outside lower center", ncols=3)
    return figure
