"""Plots of what a short window leaves of the gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.lab.plots import (
    CELL_COLOURS,
    DASHES,
    DOTS,
    legend_below,
    level,
    logarithmic,
    panels,
    powers_of_two,
)
from pipeline.lab.truncation.study import TruncationResults
from pipeline.models.settings import CELL_NAMES
from pipeline.report.figures import BLUE, QUIET, drawn


@drawn
def by_window(results: TruncationResults, part: str) -> Figure:
    """Cosine and norm ratio between the truncated and the full gradient against the window.

    Args:
        part: of the model; one of `pipeline.lab.truncation.study.PARTS`.
    """
    names = ("cosine · 코사인", "norm, of the full one's · 노름의 비")
    figure, places = panels(
        "Truncated beside full gradient · 잘린 기울기", names, 3.7, sharey=False
    )
    for axes, measure in zip(places, ("cosine", "norm_ratio"), strict=True):
        for network in results.networks:
            axes.plot(
                network.windows, getattr(network, measure)[part],
                color=CELL_COLOURS.get(network.cell, QUIET), marker="o", markersize=3.5,
                linestyle="-" if network.updates else DASHES, label=network.name,
            )  # fmt: skip
        level(axes, 1, linewidth=1, linestyle="-")
        axes.set_ylim(min(0, axes.get_ylim()[0]), max(1.05, axes.get_ylim()[1]))
        _windows(axes, results.networks[0].windows)
    legend_below(figure, 2)
    return figure


@drawn
def directions_lost(results: TruncationResults, part: str) -> Figure:
    """1 - cosine in logarithms, and as dotted lines how far two texts' gradients are apart."""
    names = [CELL_NAMES[cell] for cell in results.settings.cells]
    figure, places = panels("1 − cosine to the full gradient · 방향의 차이", names, 3.7)
    for axes, cell in zip(places, results.settings.cells, strict=True):
        for network in results.of(cell):
            when, colour = ("after", BLUE) if network.updates else ("before", QUIET)
            lost = np.maximum(1 - network.cosine[part][:-1], 1e-9)
            axes.plot(network.windows[:-1], lost, "o-", color=colour, markersize=4,
                      label=f"truncated, {when} training")  # fmt: skip
            between = 1 - network.between_texts[part]
            level(axes, between, f"another text, {when}", colour, linewidth=1.6, linestyle=DOTS)
        logarithmic(axes)
        _windows(axes, results.networks[0].windows[:-1])
    legend_below(figure, 2)
    return figure


def _windows(axes: Axes, lengths: Sequence[int]) -> None:
    powers_of_two(axes, lengths)
    axes.set_xlabel("window · 창 (characters)")
