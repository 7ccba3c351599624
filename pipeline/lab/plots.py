"""What the plots of the laboratory have in common: panels, their axes, bands, the legend below.

Functions that draw go under `pipeline.report.figures.drawn`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from pipeline.models.settings import CELL_NAMES
from pipeline.report.figures import BLUE, GREEN, INK, ORANGE, QUIET
from pipeline.report.magnitudes import raised

WIDTH = 6.4  # inches
DASHES = (0, (4, 3))
DOTS = (0, (1, 1.5))
CELL_COLOURS = {"rnn": ORANGE, "lstm": BLUE, "gru": GREEN}
PALE = {BLUE: "#8fc1de", ORANGE: "#efb48f"}
UPDATES = "updates · 갱신 횟수"
NATS = "nats a character"


def shades(*colours: str) -> Colormap:
    """Colours between these."""
    return LinearSegmentedColormap.from_list("shades", colours)


AMOUNTS = shades("#f3f6f9", PALE[BLUE], BLUE)
SIGNED = shades(ORANGE, "#f6f6f4", BLUE)

_FORMULAE = ["DejaVu Sans", "NanumGothic"]  # the first has legible ‖, ∂ and superscripts
_FORMULA = re.compile("[‖∂γθη⊙⁻⁽]")


def panels(
    title: str,
    names: Sequence[str],
    height: float,
    columns: int = 0,
    *,
    sharex: bool = False,
    sharey: bool = True,
) -> tuple[Figure, list[Axes]]:
    """A figure with a panel for each name.

    Args:
        title: above all of them.
        names: above each.
        height: of the figure in inches.
        columns: of panels; 0 puts all of them side by side.
        sharex, sharey: as matplotlib's `subplots` takes them.
    """
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    columns = columns or len(names)
    rows = -(-len(names) // columns)
    places = figure.subplots(rows, columns, sharex=sharex, sharey=sharey, squeeze=False).ravel()
    for axes, name in zip(places, names, strict=False):
        axes.set_title(name, size=10, family=family_of(name))
    for axes in places[len(names) :]:
        axes.set_axis_off()
    for axes in places[max(len(names) - columns, 0) : len(names)]:
        axes.tick_params(labelbottom=True)  # nothing stands below
    figure.suptitle(title, x=0.02, ha="left", weight="bold", size=11.5, family=family_of(title))
    return figure, list(places[: len(names)])


def panels_by_cell(
    title: str, cells: Sequence[str], height: float, **options
) -> tuple[Figure, list[tuple[Axes, str]]]:
    """`panels` with one for each kind of cell, and the cell beside its panel."""
    figure, places = panels(title, [CELL_NAMES[cell] for cell in cells], height, **options)
    return figure, list(zip(places, cells, strict=True))


def one_panel(title: str, height: float) -> tuple[Figure, Axes]:
    """A figure with a single panel under its title."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, family=family_of(title))
    return figure, axes


def stacked_panels(titles: tuple[str, str], height: float, **options) -> tuple[Figure, Axes, Axes]:
    """A figure with one panel above the other; `options` as matplotlib's `subplots` takes them."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    both = figure.subplots(2, 1, **options)
    for axes, title in zip(both, titles, strict=True):
        axes.set_title(title, family=family_of(title))
    return figure, *both


def legend_below(figure: Figure, columns: int, **style) -> None:
    """One legend for all panels: each label once, in the order in which they were drawn."""
    handles = _legend_entries(figure)
    figure.legend(
        handles.values(), handles, loc="outside lower center", ncols=columns,
        prop={"family": family_of(" ".join(handles))}, **style,
    )  # fmt: skip


def legend_in_last_place(figure: Figure) -> None:
    """The same where the last row of panels has a place left."""
    handles = _legend_entries(figure)
    figure.axes[-1].legend(handles.values(), handles, loc="center")


def _legend_entries(figure: Figure) -> dict[str, Artist]:
    """Label -> what was drawn under it first."""
    handles: dict[str, Artist] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    return handles


def median_and_band(axes: Axes, x: Sequence[float], rows: np.ndarray, colour: str, **style) -> None:
    """The median of rows as a line, and eight of ten rows as a band.

    Args:
        rows: float [rows, points]; where they are not finite nothing is drawn.
    """
    # The nearest row, not a mean of two: one of them may be infinite.
    low, high = np.quantile(rows, (0.1, 0.9), axis=0, method="nearest")
    median(axes, x, rows, colour, **style)
    there = np.isfinite(low) & np.isfinite(high)
    axes.fill_between(x, low, high, where=there, color=colour, alpha=0.2, linewidth=0)


def median(axes: Axes, x: Sequence[float], rows: np.ndarray, colour: str, **style) -> None:
    """The same without the band."""
    middle = np.median(rows, axis=0)
    axes.plot(x, np.where(np.isfinite(middle), middle, np.nan), color=colour, **style)


def level(axes: Axes, height: float, label: str = "", colour: str = QUIET, **style) -> None:
    """A dashed line from left to right."""
    style = {"linewidth": 1.2, "linestyle": DASHES} | style
    axes.axhline(height, color=colour, label=label or None, **style)


def family_of(text: str) -> list[str] | None:
    """The fonts in which a text with formulas can be read; None for those of the page."""
    return _FORMULAE if _FORMULA.search(text) else None


def powers_of_ten(axes: Axes) -> None:
    """Names the heights of logarithms to the base 10 by what they are logarithms of."""
    axes.yaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda log10, _: _power(log10, *axes.get_ylim())))
    axes.tick_params(axis="y", labelfontfamily=_FORMULAE[0])


def logarithmic(axes: Axes) -> None:
    """A logarithmic axis upwards, with ticks between powers of ten where there are few of these."""
    axes.set_yscale("log")
    named = FuncFormatter(lambda value, _: _power(*np.log10([value, *axes.get_ylim()])))
    low, high = axes.get_ylim()
    axes.yaxis.set_minor_formatter(NullFormatter())
    if high / low < 1000:
        axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
        axes.yaxis.set_minor_formatter(named)
    axes.yaxis.set_major_formatter(named)
    axes.tick_params(axis="y", which="both", length=0, labelfontfamily=_FORMULAE[0])
    axes.tick_params(axis="y", which="minor", labelsize=9, labelcolor=QUIET)


def powers_of_two(axes: Axes, values: Sequence[float], label: str) -> None:
    """A logarithmic axis to the right with a tick at each of the values."""
    axes.set_xscale("log", base=2)
    axes.set_xticks(values, [f"{value:g}" for value in values], size=9)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", which="minor", length=0)
    axes.set_xlabel(label, family=family_of(label))


def whole_numbers(axes: Axes, label: str, ticks: int = 4) -> None:
    """An axis to the right that counts something."""
    axes.xaxis.set_major_locator(MaxNLocator(ticks, integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel(label, family=family_of(label))


def named_rows(axes: Axes, names: Sequence[str]) -> None:
    """Names of rows that are drawn at the heights 0, 1, ..., the last name lowest."""
    axes.set_yticks(range(len(names)), names[::-1], color=INK, size=8.5, linespacing=1.25)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.grid(axis="y", visible=False)


def text_colour(background: Sequence[float]) -> str:
    """White on dark colours, ink on light ones; `background` as matplotlib's maps give it."""
    return "white" if np.dot(background[:3], (0.299, 0.587, 0.114)) < 0.55 else INK


def _power(log10: float, lowest: float, highest: float) -> str:
    """Writes 10**log10 on an axis with these ends: "0.01", or "10⁻²" if the axis is long."""
    whole, short = round(log10), lowest >= -3 and highest <= 3
    if short or abs(log10 - whole) > 1e-9:
        return f"{float(f'{10**log10:.2g}'):,g}"
    return f"10{raised(whole)}" if whole else "1"
