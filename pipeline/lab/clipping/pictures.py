"""A wall in a loss, and gradients before and after clipping, drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from pipeline.lab.clipping.cliff import Walk, loss_and_gradient
from pipeline.lab.clipping.study import ClippingStudy, Descent
from pipeline.models.settings import CELL_NAMES
from pipeline.report.figures import BLUE, INK, ORANGE, QUIET, drawn

_WIDTH = 6.4  # inches
_FORMULAE = ["DejaVu Sans", "NanumGothic"]  # whose ‖ and θ can be read, and Hangul
_DASHES = (0, (4, 3))
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOSSES = LinearSegmentedColormap.from_list("losses", ["#ffffff", "#dde3e8", "#66727e"])
_PLAIN, _CLIPPED = "not clipped · 그대로", "clipped · 클리핑"
_FRAME = ((3.6, 7.0), (-3.0, 2.2))  # of w and b
_GRID = 500


@drawn
def cliff(plain: Walk, clipped: Walk) -> Figure:
    """The loss over w and b with both walks, and the loss along them."""
    figure = Figure(figsize=(_WIDTH, 6.4), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=(2.1, 1))
    w, b = np.meshgrid(*(np.linspace(*ends, _GRID) for ends in _FRAME))
    loss, _, _ = loss_and_gradient(w, b)
    shown = above.pcolormesh(w, b, loss, cmap=_LOSSES, vmin=0, rasterized=True)
    figure.colorbar(shown, ax=above, label="E", pad=0.02)
    for walk, colour, label in ((clipped, BLUE, _CLIPPED), (plain, ORANGE, _PLAIN)):
        above.plot(*walk.places.T, "o-", color=colour, markersize=3, linewidth=1.3, label=label)
        below.plot(walk.losses, color=colour, label=label)
    above.plot(*plain.places[0], "o", color=INK, markersize=7)
    above.annotate("start", plain.places[0], xytext=(8, 3), textcoords="offset points")
    leap = plain.largest
    above.annotate(
        f"‖g‖ = {plain.norms[leap]:.3g}: one step of length {plain.leaps[leap]:.2f}",
        plain.places[leap : leap + 2].mean(axis=0), xytext=(-8, 0), textcoords="offset points",
        ha="right", color=ORANGE, family=_FORMULAE,
    )  # fmt: skip
    above.set(xlim=_FRAME[0], ylim=_FRAME[1], xlabel="w", ylabel="b")
    above.grid(False)
    above.set_title("E over w and b, and two descents · 손실 곡면")
    below.set_title("E along the way · 손실")
    below.set_xlabel("steps · 스텝")
    below.set_ylim(bottom=0)
    below.legend(ncols=2, loc="upper right")
    return figure


@drawn
def course(found: ClippingStudy, cell: str) -> Figure:
    """Loss and gradient norm, update by update, with and without clipping."""
    figure = Figure(figsize=(_WIDTH, 5.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    for clips, colour, label in ((False, ORANGE, _PLAIN), (True, BLUE, _CLIPPED)):
        descent = found.shown(cell, clips=clips)
        above.plot(descent.losses, color=colour, linewidth=1.4, label=label)
        below.plot(descent.before, color=colour, linewidth=1.0, label=label)
    above.axhline(
        np.log(found.vocabulary), color=QUIET, linewidth=1.2, linestyle=_DASHES,
        label="all characters alike · 균등 확률",
    )  # fmt: skip
    above.set_title(f"{CELL_NAMES[cell]}: loss · 손실")
    above.set_ylabel("nats a character")
    above.set_ylim(bottom=0)
    _threshold(below, found)
    below.set_title("Gradient norm before clipping · 기울기 노름")
    _logarithmic(below)
    below.set_xlabel("updates · 갱신 횟수")
    (plain, clipped, alike), names = above.get_legend_handles_labels()
    (*_, threshold), (*_, name) = below.get_legend_handles_labels()
    figure.legend(
        [plain, clipped, alike, threshold], [*names, name], loc="outside lower center", ncols=2,
        prop={"family": _FORMULAE},
    )  # fmt: skip
    return figure


@drawn
def before_and_after(found: ClippingStudy) -> Figure:
    """The norm before and after clipping in each update of the clipped trainings."""
    cells = found.plan.cells
    figure = Figure(figsize=(_WIDTH, 3.3), layout="constrained")
    panels = figure.subplots(1, len(cells), sharey=True, squeeze=False).ravel()
    for axes, cell in zip(panels, cells, strict=True):
        descent = found.shown(cell, clips=True)
        at, high = np.arange(len(descent.before)), descent.before > descent.threshold
        dots = {"linestyle": "", "marker": "o", "markersize": 2.6}
        axes.plot(at[high], descent.before[high], color=ORANGE, label="before, above θ", **dots)
        axes.plot(at, descent.after, color=BLUE, label="after", **dots)
        _threshold(axes, found)
        axes.set_title(f"{CELL_NAMES[cell]}: {descent.clipped_share:.1%} clipped", size=10)
        _logarithmic(axes)
        axes.set_xlabel("updates · 갱신 횟수")
    figure.suptitle(
        "Gradient norm before and after clipping · 기울기 노름", x=0.02, ha="left",
        weight="bold", size=11.5,
    )  # fmt: skip
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, prop={"family": _FORMULAE})
    return figure


@drawn
def ends_by_rate(found: ClippingStudy) -> Figure:
    """Where a training ends against its learning rate, with and without clipping."""
    cells = found.plan.cells
    figure = Figure(figsize=(_WIDTH, 3.5), layout="constrained")
    panels = figure.subplots(1, len(cells), sharey=True, squeeze=False).ravel()
    worst = max((d.end for d in found.descents if not d.lost), default=1.0)
    for axes, cell in zip(panels, cells, strict=True):
        axes.axhline(np.log(found.vocabulary), color=QUIET, linewidth=1.2, linestyle=_DASHES,
                     label="all characters alike · 균등 확률")  # fmt: skip
        for clips, colour, label in ((False, ORANGE, _PLAIN), (True, BLUE, _CLIPPED)):
            _ends(axes, found.of(cell, clips=clips),
                  colour, label, worst)  # fmt: skip
        axes.set_title(CELL_NAMES[cell], size=10)
        axes.set_xscale("log", base=2)
        axes.set_xticks(found.plan.learning_rates, [f"{r:g}" for r in found.plan.learning_rates])
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("learning rate η · 학습률", family=_FORMULAE)
    panels[0].set_ylabel("nats a character")
    figure.suptitle("Loss at the end · 마지막 손실", x=0.02, ha="left", weight="bold", size=11.5)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _ends(axes: Axes, descents: Sequence[Descent], colour: str, label: str, worst: float) -> None:
    """A line over the learning rates; a cross where the loss became no number."""
    rates = [d.learning_rate for d in descents]
    axes.plot(rates, [np.nan if d.lost else d.end for d in descents], "o-", color=colour,
              markersize=5, label=label)  # fmt: skip
    lost = [d.learning_rate for d in descents if d.lost]
    axes.plot(lost, [worst] * len(lost), "x", color=colour, markersize=8, markeredgewidth=2)


def _threshold(axes: Axes, found: ClippingStudy) -> None:
    axes.axhline(
        found.plan.threshold, color=INK, linewidth=1.2, linestyle=_DASHES,
        label=f"threshold θ = {found.plan.threshold:g}",
    )  # fmt: skip


def _logarithmic(axes: Axes) -> None:
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_minor_formatter(NullFormatter())
    if high / low < 1000:
        axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
        axes.yaxis.set_minor_formatter(FuncFormatter(_plain))
    axes.yaxis.set_major_formatter(FuncFormatter(_plain))
    axes.tick_params(axis="y", which="both", length=0, labelfontfamily=_FORMULAE[0])
    axes.tick_params(axis="y", which="minor", labelsize=9, labelcolor=QUIET)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))


def _plain(value: float, _place: int | None = None) -> str:
    """0.01, 1, 100, and from there on powers of ten."""
    power = round(math.log10(value))
    return f"10{str(power).translate(_RAISED)}" if abs(power) > 3 else f"{value:g}"
