"""Plots of a wall in a loss, and of gradients before and after clipping."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.lab.clipping.cliff import Walk, loss_and_gradient
from pipeline.lab.clipping.study import ClippingResults
from pipeline.lab.plots import (
    NATS,
    UPDATES,
    family_of,
    legend_below,
    level,
    logarithmic,
    panels,
    panels_by_cell,
    powers_of_two,
    shades,
    stacked_panels,
    whole_numbers,
)
from pipeline.models.settings import CELL_NAMES
from pipeline.report.figures import BLUE, INK, ORANGE, drawn

_LOSSES = shades("#ffffff", "#dde3e8", "#66727e")
_PLAIN, _CLIPPED = "not clipped · 그대로", "clipped · 클리핑"
_BOTH = ((False, ORANGE, _PLAIN), (True, BLUE, _CLIPPED))
_EVEN = "all characters alike · 균등 확률"
_FRAME = ((3.6, 7.0), (-3.0, 2.2))  # of w and b
_GRID = 500


@drawn
def cliff(plain: Walk, clipped: Walk) -> Figure:
    """The loss over w and b with both walks, and the loss along them."""
    figure, above, below = stacked_panels(
        ("E over w and b, and two descents · 손실 곡면", "E along the way · 손실"), 6.4,
        height_ratios=(2.1, 1),
    )  # fmt: skip
    w, b = np.meshgrid(*(np.linspace(*ends, _GRID) for ends in _FRAME))
    loss, _, _ = loss_and_gradient(w, b)
    shown = above.pcolormesh(w, b, loss, cmap=_LOSSES, vmin=0, rasterized=True)
    figure.colorbar(shown, ax=above, label="E", pad=0.02)
    for walk, colour, label in ((clipped, BLUE, _CLIPPED), (plain, ORANGE, _PLAIN)):
        above.plot(*walk.places.T, "o-", color=colour, markersize=3, linewidth=1.3)
        below.plot(walk.losses, color=colour, label=label)
    above.plot(*plain.places[0], "o", color=INK, markersize=7)
    offset = {"textcoords": "offset points"}
    above.annotate("start", plain.places[0], xytext=(8, 3), **offset)
    leap = plain.largest
    above.annotate(
        f"‖g‖ = {plain.norms[leap]:.3g}: one step of length {plain.leaps[leap]:.2f}",
        plain.places[leap : leap + 2].mean(axis=0), xytext=(-8, 0), ha="right", color=ORANGE,
        family=family_of("‖"), **offset,
    )  # fmt: skip
    above.set(xlim=_FRAME[0], ylim=_FRAME[1], xlabel="w", ylabel="b")
    above.grid(False)
    below.set_xlabel("steps · 스텝")
    below.set_ylim(bottom=0)
    below.legend(ncols=2, loc="upper right")
    return figure


@drawn
def course(results: ClippingResults, cell: str) -> Figure:
    """Loss and gradient norm, update by update, with and without clipping."""
    figure, above, below = stacked_panels(
        (f"{CELL_NAMES[cell]}: loss · 손실", "Gradient norm before clipping · 기울기 노름"), 5.6,
        sharex=True,
    )  # fmt: skip
    for clips, colour, label in _BOTH:
        descent = results.shown(cell, clips=clips)
        above.plot(descent.losses, color=colour, linewidth=1.4, label=label)
        below.plot(descent.before, color=colour, linewidth=1.0)
    level(above, np.log(results.vocabulary), _EVEN)
    above.set_ylabel(NATS)
    above.set_ylim(bottom=0)
    _threshold(below, results)
    logarithmic(below)
    whole_numbers(below, UPDATES)
    legend_below(figure, 2)
    return figure


@drawn
def before_and_after(results: ClippingResults) -> Figure:
    """The norm before and after clipping in each update of the clipped trainings."""
    descents = [results.shown(cell, clips=True) for cell in results.settings.cells]
    names = [f"{CELL_NAMES[each.cell]}: {each.clipped_share:.1%} clipped" for each in descents]
    figure, places = panels("Gradient norm before and after clipping · 기울기 노름", names, 3.3)
    for axes, descent in zip(places, descents, strict=True):
        at, high = np.arange(len(descent.before)), descent.before > descent.threshold
        dots = {"linestyle": "", "marker": "o", "markersize": 2.6}
        axes.plot(at[high], descent.before[high], color=ORANGE, label="before, above θ", **dots)
        axes.plot(at, descent.after, color=BLUE, label="after", **dots)
        _threshold(axes, results)
        logarithmic(axes)
        whole_numbers(axes, UPDATES)
    legend_below(figure, 3)
    return figure


@drawn
def ends_by_rate(results: ClippingResults) -> Figure:
    """Where a training ends against its learning rate; a cross where the loss became no number."""
    rates = results.settings.learning_rates
    figure, places = panels_by_cell("Loss at the end · 마지막 손실", results.settings.cells, 3.5)
    worst = max((each.end for each in results.descents if not each.lost), default=1.0)
    for axes, cell in places:
        level(axes, np.log(results.vocabulary), _EVEN)
        for clips, colour, label in _BOTH:
            descents = results.of(cell, clips=clips)
            ends = [np.nan if each.lost else each.end for each in descents]
            axes.plot(rates, ends, "o-", color=colour, markersize=5, label=label)
            lost = [each.learning_rate for each in descents if each.lost]
            axes.plot(lost, [worst] * len(lost), "x", color=colour, markersize=8, mew=2)
        powers_of_two(axes, rates, "learning rate η · 학습률")
    figure.axes[0].set_ylabel(NATS)
    legend_below(figure, 3)
    return figure


def _threshold(axes: Axes, results: ClippingResults) -> None:
    threshold = results.settings.threshold
    level(axes, threshold, f"threshold θ = {threshold:g}", INK)
