"""What depth does to gradients and to learning, drawn: plain stacks beside stacks with skips."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pipeline.lab.depth.study import DepthStudy, Measured
from pipeline.models.settings import CELL_NAMES
from pipeline.report.figures import BLUE, ORANGE, QUIET, drawn

_WIDTH = 6.4  # inches
_FORMULAE = ["DejaVu Sans", "NanumGothic"]  # whose ‖, ∂ and superscripts can be read, and Hangul
_DASHES = (0, (4, 3))
_SPREAD = (10, 90)  # percentiles of windows and starts, as a band
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SKIPS = ((False, ORANGE, "plain · 일반"), (True, BLUE, "with skip connections · 스킵 연결"))
_SMOOTHED = 10  # updates that a point of a learning curve is the mean of


@drawn
def profiles(found: DepthStudy) -> Figure:
    """In the deepest stacks: each layer's gradient norm by that of the top layer."""
    figure = Figure(figsize=(_WIDTH, 3.5), layout="constrained")
    for axes, cell in _panels(figure, found.plan.cells):
        for skip, colour, label in _SKIPS:
            deepest = found.of(cell, skip=skip)[-1]
            layers = np.arange(1, deepest.depth + 1)
            low, middle, high = np.percentile(deepest.profile, (_SPREAD[0], 50, _SPREAD[1]), axis=0)
            axes.plot(layers, middle, "o-", color=colour, markersize=4, label=label)
            axes.fill_between(layers, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axes.set_xlabel("layer, 1 is the lowest · 층")
        _powers(axes)
    _title(figure, "‖∂L/∂y⁽ⁿ⁾‖ of layer n by that of the top layer · 기울기 노름")
    _legend(figure)
    return figure


@drawn
def reaching_the_lowest(found: DepthStudy) -> Figure:
    """What of the top layer's gradient reaches the lowest layer, against the depth."""
    figure = Figure(figsize=(_WIDTH, 3.5), layout="constrained")
    for axes, cell in _panels(figure, found.plan.cells):
        for skip, colour, label in _SKIPS:
            stacks = found.of(cell, skip=skip)
            depths = [each.depth for each in stacks]
            low, middle, high = np.transpose(
                [np.percentile(each.profile[:, 0], (_SPREAD[0], 50, _SPREAD[1])) for each in stacks]
            )
            axes.plot(depths, middle, "o-", color=colour, markersize=4, label=label)
            axes.fill_between(depths, low, high, color=colour, alpha=0.2, linewidth=0)
        _depths(axes, found)
        _powers(axes)
    _title(figure, "Gradient norm at the lowest layer by that at the top · 기울기 노름")
    _legend(figure)
    return figure


@drawn
def losses_by_depth(found: DepthStudy) -> Figure:
    """The training loss at the end against the depth; a dot is a random start."""
    figure = Figure(figsize=(_WIDTH, 3.7), layout="constrained")
    for axes, cell in _panels(figure, found.plan.trained):
        axes.axhline(
            found.entropy, color=QUIET, linewidth=1.2, linestyle=_DASHES,
            label="frequencies of characters alone · 글자 빈도만",
        )  # fmt: skip
        for skip, colour, label in _SKIPS:
            stacks = found.of(cell, skip=skip)
            depths = [each.depth for each in stacks]
            axes.plot(depths, [each.learnt.mean() for each in stacks], color=colour, label=label)
            for each in stacks:
                axes.plot([each.depth] * len(each.learnt), each.learnt, "o", color=colour,
                          markersize=5)  # fmt: skip
        _depths(axes, found)
    figure.axes[0].set_ylabel("nats a character")
    _title(figure, f"Training loss after {found.plan.updates} updates · 학습 손실")
    _legend(figure)
    return figure


@drawn
def learning_curves(found: DepthStudy) -> Figure:
    """The training loss over the updates: one layer, and the deepest stacks."""
    figure = Figure(figsize=(_WIDTH, 3.7), layout="constrained")
    deepest = max(found.plan.depths)
    for axes, cell in _panels(figure, found.plan.trained):
        axes.axhline(found.entropy, color=QUIET, linewidth=1.2, linestyle=_DASHES)
        single = found.of(cell, skip=False)[0]
        for each, colour, label in (
            (single, QUIET, "1 layer"),
            (found.of(cell, skip=False)[-1], ORANGE, f"{deepest} layers, plain"),
            (found.of(cell, skip=True)[-1], BLUE, f"{deepest} layers with skip connections"),
        ):
            updates, mean = smoothed(each)
            axes.plot(updates, mean, color=colour, label=label)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
        axes.set_xlabel("updates · 갱신 횟수")
    figure.axes[0].set_ylabel("nats a character")
    _title(figure, "Training loss · 학습 손실")
    _legend(figure)
    return figure


def smoothed(each: Measured) -> tuple[np.ndarray, np.ndarray]:
    """(update, mean loss over the starts and some updates before it), the ends of a curve kept."""
    width = min(_SMOOTHED, each.losses.shape[1])
    mean = np.convolve(each.losses.mean(axis=0), np.full(width, 1 / width), mode="valid")
    return np.arange(width, each.losses.shape[1] + 1), mean


def _panels(figure: Figure, cells: tuple[str, ...]) -> list[tuple[Axes, str]]:
    axes = figure.subplots(1, len(cells), sharey=True, squeeze=False).ravel()
    for each, cell in zip(axes, cells, strict=True):
        each.set_title(CELL_NAMES[cell], size=10)
    return list(zip(axes, cells, strict=True))


def _depths(axes: Axes, found: DepthStudy) -> None:
    axes.set_xticks(found.plan.depths)
    axes.set_xlabel("layers · 층수")


def _powers(axes: Axes) -> None:
    axes.axhline(0, color=QUIET, linewidth=1)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(_power))
    axes.tick_params(axis="y", labelfontfamily=_FORMULAE[0])


def _power(value: float, _place: int | None = None) -> str:
    if -3 <= value <= 3 or abs(value - round(value)) > 1e-9:
        return f"{10**value:,.2g}" if value < 2 else f"{10**value:,.0f}"
    return f"10{str(round(value)).translate(_RAISED)}"


def _title(figure: Figure, text: str) -> None:
    figure.suptitle(text, family=_FORMULAE, x=0.02, ha="left", weight="bold", size=11.5)


def _legend(figure: Figure) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
