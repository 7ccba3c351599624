"""Plot of accuracy over the number of labelled rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

from pipeline.lab.labels.results import WITH, WITHOUT, Comparison
from pipeline.lab.plots import legend_below, one_panel
from pipeline.report.figures import BLUE, ORANGE, drawn

_SIDES = (
    (WITH, "with the encoder · 인코더에서 시작", BLUE, 0.985),
    (WITHOUT, "without · 처음부터", ORANGE, 1.015),
)
"""Side, its name, its colour, and a factor that keeps error bars beside each other."""

_ROOM = 0.09
"""Of the axis, from the middle of a label to that of the next."""


@drawn
def accuracy_by_rows(comparisons: Sequence[Comparison]) -> Figure:
    """A line a side over a logarithmic axis of rows; bars are standard deviations over draws.

    Args:
        comparisons: at least one.
    """
    figure, axes = one_panel("Accuracy on test · 테스트 정확도", 4.2)
    rows = np.array([each.rows for each in comparisons], float)
    for side, name, colour, shift in _SIDES:
        means = [each.accuracy[side].mean for each in comparisons]
        deviations = [each.accuracy[side].deviation for each in comparisons]  # nan draws no bar
        axes.errorbar(
            rows * shift, means, deviations,
            fmt="o-", color=colour, label=name, markersize=5, elinewidth=1.6, capsize=4,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(_apart(rows)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("labelled rows · 라벨이 있는 행의 수")
    legend_below(figure, 2)
    return figure


def _apart(rows: np.ndarray) -> list[float]:
    """Those numbers whose labels leave each other room on the axis; ascending, the last of all
    among them."""
    min_ratio = (rows[-1] / rows[0]) ** _ROOM
    kept = [rows[-1]]
    for value in rows[-2::-1]:
        if kept[0] / value > min_ratio:
            kept.insert(0, value)
    return kept
