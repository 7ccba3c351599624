"""Plots of what depth does to gradients and to learning: plain stacks, and stacks with skips."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.lab.depth.study import DepthResults, StackMeasurements
from pipeline.lab.plots import (
    NATS,
    UPDATES,
    legend_below,
    level,
    median_and_band,
    panels_by_cell,
    powers_of_ten,
    whole_numbers,
)
from pipeline.report.figures import BLUE, ORANGE, QUIET, drawn

_SKIPS = ((False, ORANGE, "plain · 일반"), (True, BLUE, "with skip connections · 스킵 연결"))
_DOTS = {"marker": "o", "markersize": 4}
_SMOOTHED = 10  # updates that a point of a learning curve is the mean of


@drawn
def profiles(results: DepthResults) -> Figure:
    """In the deepest stacks: each layer's gradient norm by that of the top layer."""
    title = "‖∂L/∂y⁽ⁿ⁾‖ of layer n by that of the top layer · 기울기 노름"
    figure, places = panels_by_cell(title, results.settings.cells, 3.6)
    for axes, cell in places:
        for skip, colour, label in _SKIPS:
            deepest = results.of(cell, skip=skip)[-1]
            layers = range(1, deepest.depth + 1)
            median_and_band(axes, layers, deepest.profile, colour, label=label, **_DOTS)
        whole_numbers(axes, "layer, 1 is the lowest · 층", 8)
        _relative(axes)
    legend_below(figure, 2)
    return figure


@drawn
def reaching_the_lowest(results: DepthResults) -> Figure:
    """What of the top layer's gradient reaches the lowest layer, against the depth."""
    title = "Gradient norm at the lowest layer by that at the top · 기울기 노름"
    figure, places = panels_by_cell(title, results.settings.cells, 3.6)
    for axes, cell in places:
        for skip, colour, label in _SKIPS:
            stacks = results.of(cell, skip=skip)
            lowest = np.stack([each.profile[:, 0] for each in stacks], axis=1)
            depths = [each.depth for each in stacks]
            median_and_band(axes, depths, lowest, colour, label=label, **_DOTS)
        _depths(axes, results)
        _relative(axes)
    legend_below(figure, 2)
    return figure


@drawn
def losses_by_depth(results: DepthResults) -> Figure:
    """The training loss at the end against the depth; a dot is a random start."""
    title = f"Training loss after {results.settings.updates} updates · 학습 손실"
    figure, places = panels_by_cell(title, results.settings.trained, 3.6)
    for axes, cell in places:
        level(axes, results.entropy, "frequencies of characters alone · 글자 빈도만")
        for skip, colour, label in _SKIPS:
            stacks = results.of(cell, skip=skip)
            depths = [each.depth for each in stacks]
            learnt = np.array([each.learnt for each in stacks])
            axes.plot(depths, learnt.mean(axis=1), color=colour, label=label)
            axes.plot(depths, learnt, "o", color=colour, markersize=5)
        _depths(axes, results)
    figure.axes[0].set_ylabel(NATS)
    legend_below(figure, 2)
    return figure


@drawn
def learning_curves(results: DepthResults) -> Figure:
    """The training loss over the updates: one layer, and the deepest stacks."""
    figure, places = panels_by_cell("Training loss · 학습 손실", results.settings.trained, 3.6)
    deepest = max(results.settings.depths)
    for axes, cell in places:
        level(axes, results.entropy)
        for stack, colour, label in (
            (results.of(cell, skip=False)[0], QUIET, "1 layer"),
            (results.of(cell, skip=False)[-1], ORANGE, f"{deepest} layers, plain"),
            (results.of(cell, skip=True)[-1], BLUE, f"{deepest} layers with skip connections"),
        ):
            axes.plot(*smoothed(stack), color=colour, label=label)
        whole_numbers(axes, UPDATES)
    figure.axes[0].set_ylabel(NATS)
    legend_below(figure, 2)
    return figure


def smoothed(stack: StackMeasurements) -> tuple[np.ndarray, np.ndarray]:
    """(update, mean loss over the starts and some updates before it), the ends of a curve kept."""
    width = min(_SMOOTHED, stack.losses.shape[1])
    mean = np.convolve(stack.losses.mean(axis=0), np.full(width, 1 / width), mode="valid")
    return np.arange(width, stack.losses.shape[1] + 1), mean


def _depths(axes: Axes, results: DepthResults) -> None:
    axes.set_xticks(results.settings.depths)
    axes.set_xlabel("layers · 층수")


def _relative(axes: Axes) -> None:
    """Multiples of the top layer's gradient."""
    level(axes, 0, linewidth=1, linestyle="-")
    powers_of_ten(axes)
