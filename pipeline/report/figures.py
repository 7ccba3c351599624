"""Plots of a report, each a matplotlib Figure drawn without a display.

Without `pyplot`, so that no figure stays open. The colours are those of Okabe and Ito, which
colour-blind readers can distinguish. Titles are English with the Korean term beside.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, PercentFormatter
from PIL import Image

from pipeline.report.fonts import drawable, hangul_fonts

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.evaluation.calibration import ConfidenceBin
    from pipeline.evaluation.classification import Share

BLUE, ORANGE, GREEN, INK, QUIET, GRID = (
    "#0072B2", "#D55E00", "#009E73", "#222428", "#6b7078", "#e6e8eb",
)  # fmt: skip
STYLE = {
    "figure.facecolor": "#ffffff",
    "figure.dpi": 100,
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": "#c4c8cd",
    "axes.labelcolor": QUIET,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "lines.linewidth": 2,
    "legend.frameon": False,
}
_MAX_ANNOTATED = 12  # classes; a larger matrix has colours only
_MAX_UPRIGHT = 6  # columns of a class name that fits below its column of a matrix
_WIDTH = 6.4  # inches; with 10 point type, still readable on a phone


def drawn(make: Callable[..., Figure]) -> Callable[..., Figure]:
    """Decorator: draws in the style of the reports, with fonts for Hangul."""

    @functools.wraps(make)
    def within_style(*args, **kwargs) -> Figure:
        with matplotlib.rc_context(STYLE), hangul_fonts():
            return make(*args, **kwargs)

    return within_style


def to_png(figure: Figure, dpi: int = 170) -> bytes:
    """The figure as a PNG file, with enough pixels for a high-density screen."""
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(dpi)
    # ticks are made while drawing, so the style is needed here, too
    with matplotlib.rc_context(STYLE), hangul_fonts():
        canvas.draw()  # `savefig` draws twice
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(canvas.buffer_rgba())).save(buffer, "png", dpi=(dpi, dpi))
    return buffer.getvalue()


@drawn
def learning_curves(
    history: pd.DataFrame,
    score: str = "dev_accuracy",
    score_name: str = "accuracy · 정확도",
    kept: int | None = None,
) -> Figure:
    """Draws loss on train and dev, and a score on dev, over epochs.

    Args:
        history: one row for each evaluation on dev; columns epoch, loss, dev_loss and `score`.
            Missing values leave gaps.
        score: column in which higher is better; its best row is marked.
        score_name: label of its axis.
        kept: the row whose weights were kept, if that is not the best; it is then marked instead.
    """
    figure = Figure(figsize=(_WIDTH, 5.2), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    epoch = history["epoch"].to_numpy(float)
    dot = {"marker": "o", "markersize": 4.5}
    above.plot(epoch, history["loss"], color=QUIET, label="train · 학습", **dot)
    above.plot(epoch, history["dev_loss"], color=BLUE, label="dev · 검증", **dot)
    above.set_title("Loss · 손실")
    _legend_beside_title(above)
    values = history[score].to_numpy(float)
    below.plot(epoch, values, color=BLUE, **dot)
    below.set_title(f"Dev {score_name}")
    below.set_xlabel("epoch · 에폭")
    below.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    below.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    below.margins(x=0.05, y=0.18)
    if np.isfinite(values).any():
        best = int(np.nanargmax(values)) if kept is None else kept
        label = f"{'best' if kept is None else 'kept'} {values[best]:.4f}"
        below.plot(epoch[best], values[best], "o", color=ORANGE, markersize=9, label=label)
        _legend_beside_title(below)
    return figure


def _legend_beside_title(axes: Axes) -> None:
    """Puts the legend at the right end above the axes, where no curve can be."""
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderpad=0)


@drawn
def gradient_norms(
    steps: pd.DataFrame, threshold: float | None, clipped_share: float | None = None
) -> Figure:
    """Draws the norm of the gradient before clipping, step by step.

    Args:
        steps: columns step and gradient_norm; a sample of the steps is enough.
        threshold: norm to which gradients are clipped; None or 0 if they are not.
        clipped_share: share of all steps that were clipped, 0..1; None: computed from `steps`.
    """
    figure = Figure(figsize=(_WIDTH, 3.1), layout="constrained")
    axes = figure.subplots()
    at, norm = steps["step"].to_numpy(float), steps["gradient_norm"].to_numpy(float)
    shown = np.isfinite(norm) & (norm > 0)
    at, norm = at[shown], norm[shown]
    window = max(len(norm) // 40, 1)
    dot = {"alpha": 0.35, "markersize": 4} if window > 1 else {"markersize": 7}
    axes.plot(at, norm, ".", color=BLUE, label="one step", **dot)
    if window > 1:
        middle, of = _running_median(at, norm, window)
        axes.plot(middle, of, color=BLUE, label="running median")
    title = "Gradient norm before clipping · 기울기 노름"
    if threshold:
        if clipped_share is None:
            clipped_share = float(np.mean(norm > threshold)) if len(norm) else 0.0
        axes.axhline(threshold, color=ORANGE, linewidth=1.5, label=f"clipped at {threshold:g}")
        title += f" — {clipped_share:.1%} of steps clipped"
    axes.set_title(title)
    axes.set_yscale("log")
    plain = FuncFormatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_major_formatter(plain)
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    axes.yaxis.set_minor_formatter(plain)
    axes.tick_params(axis="y", which="minor", length=0)
    whole = MaxNLocator(6, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)
    axes.xaxis.set_major_locator(whole)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel("step · 스텝")
    axes.legend(loc="upper right", ncols=3)
    axes.margins(y=0.2)
    return figure


def _running_median(at: np.ndarray, values: np.ndarray, window: int):
    """Medians of neighbouring, non-overlapping groups of `window` values."""
    groups = len(values) // window
    whole = groups * window
    middle = at[:whole].reshape(groups, window).mean(axis=1)
    return middle, np.median(values[:whole].reshape(groups, window), axis=1)


@drawn
def confusion_matrix(confusion: Sequence[Sequence[int]], class_names: Sequence[str]) -> Figure:
    """Draws a confusion matrix: gold labels in rows, predictions in columns; colours and
    percentages are shares of a row.

    Args:
        confusion: counts [classes, classes].
        class_names: one for each class; long ones are shortened.
    """
    counts = np.asarray(confusion, float)
    k = len(class_names)
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    names = [drawable(name, 14) for name in class_names]
    side = min(max(2.6 + 0.62 * k, 3.8), 9.0)
    figure = Figure(figsize=(max(side * 1.12, 4.4), side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(share, cmap=_blues(), vmin=0, vmax=1, aspect="equal")
    axes.set_title("Confusion matrix · 혼동 행렬")
    axes.set_xlabel("predicted · 예측")
    axes.set_ylabel("gold · 정답")
    size = 11 if k <= 20 else 7
    upright = k <= 4 or max(map(_width_of, names)) <= _MAX_UPRIGHT
    axes.set_xticks(range(k), names, rotation=0 if upright else 60, size=size, color=INK)
    if not upright:
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    axes.set_yticks(range(k), names, size=size, color=INK)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(1, k) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, k) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=3 if k <= _MAX_ANNOTATED else 0.5)
    axes.tick_params(which="both", length=0)
    if k > _MAX_ANNOTATED:
        return figure
    for gold, answer in np.ndindex(k, k):
        colour = "white" if share[gold, answer] > 0.55 else INK
        place = {"ha": "center", "color": colour}
        if k <= 6:
            axes.text(
                answer, gold, f"{share[gold, answer]:.1%}", va="bottom", weight="bold",
                size=15 if k <= 3 else 11, **place,
            )  # fmt: skip
            axes.text(
                answer, gold + 0.05, f"{int(counts[gold, answer]):,}", va="top", size=9.5, **place
            )
        else:
            axes.text(
                answer, gold, f"{int(counts[gold, answer]):,}", va="center", size=8.5, **place
            )
    return figure


def _width_of(name: str) -> int:
    """Columns of a text, of which Hangul has two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in name)


def _blues():
    return matplotlib.colors.LinearSegmentedColormap.from_list(
        "house", ["#f3f6f9", "#8fc1de", BLUE, "#004a75"]
    )


@drawn
def reliability_diagram(curve: Sequence[ConfidenceBin], error: float) -> Figure:
    """Draws accuracy against confidence, and below it the number of texts in each bin.

    Args:
        curve: bins of equal width, from `calibration.reliability`.
        error: the expected calibration error, 0..1.
    """
    figure = Figure(figsize=(_WIDTH, 4.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot(
        [0, 1], [0, 1], color=INK, linewidth=1.2, linestyle=(0, (4, 3)), zorder=3, label="perfect"
    )
    filled = [b for b in curve if b.count]
    width = curve[0].high - curve[0].low
    centre = np.array([b.low + width / 2 for b in filled])
    accuracy = np.array([b.accuracy for b in filled])
    confidence = np.array([b.confidence for b in filled])
    above.bar(centre, accuracy, width * 0.9, color=BLUE, alpha=0.85, label="accuracy in this bin")
    # the gap is drawn at the mean confidence of the bin, from which the error is computed
    above.vlines(confidence, np.minimum(accuracy, confidence), np.maximum(accuracy, confidence),
                 color=ORANGE, linewidth=3, zorder=4, label="gap to its confidence")  # fmt: skip
    above.plot(confidence, confidence, "o", color=ORANGE, markersize=4)
    start = max(min(b.low for b in filled) - width, 0.0)
    above.set_xlim(start, 1.0)
    above.set_ylim(0, 1.02)
    above.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    above.set_title(f"Reliability · 신뢰도 보정 — calibration error {error:.1%}")
    above.set_ylabel("accuracy · 정확도")
    # beside the plots, since bars are everywhere in them
    figure.legend(loc="outside upper right", ncols=3)
    below.bar(centre, [b.count for b in filled], width * 0.9, color=QUIET, alpha=0.6)
    below.set_ylabel("texts · 건수")
    below.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    below.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    below.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    below.tick_params(axis="x", pad=7)
    figure.align_ylabels()
    below.set_xlabel("confidence of the answer · 확신도")
    return figure


@drawn
def accuracy_by_length(shares: Sequence[Share], overall: float) -> Figure:
    """Draws accuracy in buckets of text length, with 95 % intervals.

    Args:
        shares: one for each bucket, none empty.
        overall: accuracy over all texts, drawn as a line.
    """
    figure = Figure(figsize=(_WIDTH, 3.1), layout="constrained")
    axes = figure.subplots()
    at = np.arange(len(shares))
    accuracy = np.array([s.accuracy for s in shares])
    # a rounding error can put an end of Wilson's interval beyond the share itself
    below = np.maximum(accuracy - [s.low for s in shares], 0)
    above = np.maximum(np.array([s.high for s in shares]) - accuracy, 0)
    axes.axhline(overall, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    axes.errorbar(
        at, accuracy, [below, above],
        fmt="o", color=BLUE, markersize=7, elinewidth=2, capsize=4, capthick=2,
    )  # fmt: skip
    axes.set_xticks(at, [f"{s.name}\n{s.count:,}" for s in shares])
    axes.set_xlim(-0.5, len(shares) - 0.5)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.4g}%"))
    axes.margins(y=0.15)
    axes.grid(axis="x", visible=False)
    axes.set_xlabel("pieces in the text (and how many texts) · 토큰 수")
    axes.set_title(f"Accuracy by length · 길이별 정확도 — dashed: all texts, {overall:.1%}")
    return figure
