"""What a short window leaves of the gradient, drawn."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from pipeline.lab.truncation.study import Moment, TruncationStudy
from pipeline.models.settings import CELL_NAMES
from pipeline.report.figures import BLUE, ORANGE, QUIET, drawn

_WIDTH = 6.4  # inches
_COLOURS = {"rnn": ORANGE, "lstm": BLUE}
_DASHES = (0, (4, 2))


@drawn
def by_window(found: TruncationStudy, part: str) -> Figure:
    """Cosine and norm ratio between the truncated and the full gradient against the window.

    Args:
        found: the study.
        part: of the model; one of `pipeline.lab.truncation.study.PARTS`.
    """
    figure = Figure(figsize=(_WIDTH, 3.7), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True)
    for moment in found.moments:
        windows = [each.window for each in moment.windows]
        style = {
            "color": _COLOURS.get(moment.cell, QUIET),
            "linestyle": "-" if moment.updates else _DASHES,
            "marker": "o",
            "markersize": 3.5,
            "label": name_of(moment),
        }
        left.plot(windows, [each.cosine[part] for each in moment.windows], **style)
        right.plot(windows, [each.norm_ratio[part] for each in moment.windows], **style)
    left.set_title("cosine · 코사인", size=10)
    right.set_title("norm, of the full one's · 노름의 비", size=10)
    for axes in (left, right):
        _windows(axes, [each.window for each in found.moments[0].windows])
        axes.axhline(1, color=QUIET, linewidth=1)
        axes.set_ylim(min(0, axes.get_ylim()[0]), max(1.05, axes.get_ylim()[1]))
    figure.suptitle(
        "Truncated beside full gradient · 잘린 기울기", x=0.02, ha="left", weight="bold", size=11.5
    )
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


@drawn
def directions_lost(found: TruncationStudy, part: str) -> Figure:
    """1 - cosine in logarithms, and as dotted lines how far two texts' gradients are apart."""
    figure = Figure(figsize=(_WIDTH, 3.7), layout="constrained")
    panels = figure.subplots(1, len(found.plan.cells), sharey=True, squeeze=False).ravel()
    for axes, cell in zip(panels, found.plan.cells, strict=True):
        for moment in found.of(cell):
            shorter = moment.windows[:-1]
            windows = [each.window for each in shorter]
            when = "after" if moment.updates else "before"
            style = {"color": BLUE if moment.updates else QUIET}
            axes.plot(windows,
                      [max(1 - each.cosine[part], 1e-9) for each in shorter],
                      "o-", markersize=4, label=f"truncated, {when} training", **style)  # fmt: skip
            axes.axhline(1 - moment.between_texts[part], linewidth=1.6, linestyle=(0, (1, 1.5)),
                         label=f"another text, {when}", **style)  # fmt: skip
        axes.set_title(CELL_NAMES[cell], size=10)
        axes.set_yscale("log")
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        _windows(axes, windows)
    figure.suptitle(
        "1 − cosine to the full gradient · 방향의 차이", x=0.02, ha="left", weight="bold", size=11.5
    )
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def name_of(moment: Moment) -> str:
    """A cell, untrained or after its updates."""
    when = f"after {moment.updates} updates" if moment.updates else "untrained"
    return f"{CELL_NAMES[moment.cell]}, {when}"


def _windows(axes: Axes, windows: Sequence[int]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks(windows, [str(window) for window in windows], size=9)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("window · 창 (characters)")
