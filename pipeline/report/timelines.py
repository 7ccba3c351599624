"""Draws labels over time, the true ones above the predicted ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pipeline.evaluation.segments import segments
from pipeline.report.figures import INK, QUIET, drawn
from pipeline.report.fonts import drawable

_WIDTH = 6.4  # inches
_COLOURS = (
    *("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#8a8f98"),
)
_HATCHES = ("", "///", "...", "xxx")
"""Hatches tell further labels with the same colour apart."""


@drawn
def timelines(
    names: Sequence[str],
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    labels: Sequence[str],
) -> Figure:
    """Draws a pair of bars for each video.

    Args:
        names: of the videos.
        gold, predicted: one label per frame.
        labels: all labels, in the order of the legend.
    """
    figure = Figure(figsize=(_WIDTH, 1.1 + 0.8 * len(names)), layout="constrained")
    axes = figure.subplots(len(names), 1, squeeze=False)[:, 0]
    place = {label: number for number, label in enumerate(labels)}
    for one, name, truth, answer in zip(axes, names, gold, predicted, strict=True):
        for height, row in ((1, truth), (0, answer)):
            _bar(one, height, row, place)
        one.set_xlim(0, len(truth))
        one.set_ylim(-0.1, 1.95)
        one.set_yticks([1.42, 0.42], ["gold · 정답", "predicted · 예측"], size=8.5, color=INK)
        one.set_title(drawable(name, 60), size=9.5, weight="normal", pad=3)
        one.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        one.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        one.tick_params(axis="x", labelsize=8)
        one.grid(False)
        one.spines[:].set_visible(False)
    axes[-1].set_xlabel("frame · 프레임", color=QUIET)
    figure.legend(
        handles=[
            Patch(label=drawable(label, 16), **_look(number)) for label, number in place.items()
        ],
        loc="outside lower center",
        ncols=min(len(labels), 6),
        fontsize=9,
    )
    return figure


def _bar(axes, height: int, labels: Sequence[str], place: dict[str, int]) -> None:
    found = segments(labels)
    for label in np.unique(found.labels):
        of = found.labels == label
        spans = np.column_stack([found.starts[of], (found.ends - found.starts)[of]])
        axes.broken_barh(spans, (height, 0.85), linewidth=0, **_look(place[str(label)]))


def _look(number: int) -> dict:
    hatch = _HATCHES[(number // len(_COLOURS)) % len(_HATCHES)]
    return {"facecolor": _COLOURS[number % len(_COLOURS)], "hatch": hatch}
