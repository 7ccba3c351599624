"""Plots of what a short window leaves of the gradient."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from pipeline.lab.plots import (
    CELL_COLOURS,
    DASHES,
    DOTS,
    legend_below,
    level,
    logarithmic,
    panels,
    panels_by_cell,
    powers_of_two,
)
from pipeline.lab.truncation.study import TruncationResults
from pipeline.report.figures import BLUE, QUIET, drawn

_WINDOW = "window · 창 (characters)"


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
        powers_of_two(axes, results.networks[0].windows, _WINDOW)
    legend_below(figure, 2)
    return figure


@drawn
def directions_lost(results: TruncationResults, part: str) -> Figure:
    """1 - cosine in logarithms, and as dotted lines how far two texts' gradients are apart."""
    title = "1 − cosine to the full gradient · 방향의 차이"
    figure, places = panels_by_cell(title, results.settings.cells, 3.7)
    for axes, cell in places:
        for network in results.of(cell):
            when, colour = ("after", BLUE) if network.updates else ("before", QUIET)
            lost = np.maximum(1 - network.cosine[part][:-1], 1e-9)
            axes.plot(network.windows[:-1], lost, "o-", color=colour, markersize=4,
                      label=f"truncated, {when} training")  # fmt: skip
            between = 1 - network.between_texts[part]
            level(axes, between, f"another text, {when}", colour, linewidth=1.6, linestyle=DOTS)
        logarithmic(axes)
        powers_of_two(axes, results.networks[0].windows[:-1], _WINDOW)
    legend_below(figure, 2)
    return figure
