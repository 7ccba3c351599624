"""Plots of what happens inside the smallest character model."""

from __future__ import annotations

import numpy as np
from keras import ops
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pipeline.lab.hello.study import DUE, LETTERS, READ, HelloNetwork, HelloRun
from pipeline.lab.plots import (
    AMOUNTS,
    DASHES,
    SIGNED,
    UPDATES,
    legend_below,
    level,
    logarithmic,
    one_panel,
    panels,
    text_colour,
    whole_numbers,
)
from pipeline.report.figures import BLUE, GREEN, INK, ORANGE, QUIET, drawn

_CELL = (1.1, 0.5)  # width and height of a cell of the drawing, in its own units
_APART = 2.4  # from one step to the next
_BETWEEN = 0.9  # from one layer to the next


@drawn
def unrolled(network: HelloNetwork, title: str) -> Figure:
    """The network step by step: letters in below, hidden units, probabilities above."""
    figure, axes = one_panel(f'{title} — says "{network.said}"', 5.6)
    tall = _CELL[1]
    foot = {"x": 0.0}
    foot["h"] = foot["x"] + len(LETTERS) * tall + _BETWEEN
    foot["y"] = foot["h"] + network.hidden.shape[1] * tall + _BETWEEN
    top = foot["y"] + len(LETTERS) * tall
    for t, (letter, due, said) in enumerate(zip(READ, DUE, network.said, strict=True)):
        left = t * _APART
        inputs = np.array([float(letter == other) for other in LETTERS])
        _column(axes, left, foot["x"], inputs, AMOUNTS, "{:.0f}")
        _column(axes, left, foot["h"], (network.hidden[t] + 1) / 2, SIGNED, "{:+.2f}",
                network.hidden[t])  # fmt: skip
        _column(axes, left, foot["y"], network.probabilities[t], AMOUNTS, "{:.2f}")
        from_top = foot["y"] + (len(LETTERS) - 1 - LETTERS.index(due)) * tall
        axes.add_patch(Rectangle((left, from_top), *_CELL, fill=False, edgecolor=GREEN, lw=2.5))
        centre = left + _CELL[0] / 2
        for upper in ("h", "y"):
            _arrow(axes, (centre, foot[upper] - _BETWEEN), (centre, foot[upper]))
        axes.text(centre, -0.2, f"reads {letter}", ha="center", va="top", color=INK)
        right = said == due
        axes.text(
            centre, top + 0.2, f"says {said}" if right else f"says {said}, due {due}",
            ha="center", va="bottom", weight="bold", color=GREEN if right else ORANGE,
        )  # fmt: skip
    middle = foot["h"] + network.hidden.shape[1] * tall / 2
    for t in range(len(READ) - 1):
        _arrow(axes, (t * _APART + _CELL[0], middle), ((t + 1) * _APART, middle))
    between = (_APART + _CELL[0]) / 2
    axes.text(between, middle + 0.12, "W_hh", ha="center", va="bottom", color=QUIET)
    beside = _CELL[0] / 2 + 0.12
    axes.text(beside, foot["h"] - _BETWEEN / 2, "W_xh", va="center", color=QUIET)
    axes.text(beside, foot["y"] - _BETWEEN / 2, "W_hy", va="center", color=QUIET)
    for name, label in (("x", "x_t"), ("h", "h_t\n은닉 상태"), ("y", "ŷ_t\n확률")):
        cells = network.hidden.shape[1] if name == "h" else len(LETTERS)
        axes.text(-0.65, foot[name] + cells * tall / 2, label, ha="right", va="center", color=INK,
                  linespacing=1.6)  # fmt: skip
        if name != "h":
            for row, letter in enumerate(reversed(LETTERS)):
                axes.text(-0.2, foot[name] + (row + 0.5) * tall, letter, ha="right", va="center",
                          color=QUIET)  # fmt: skip
    axes.set_xlim(-2.1, (len(READ) - 1) * _APART + _CELL[0] + 0.2)
    axes.set_ylim(-0.8, top + 0.8)
    axes.set_axis_off()
    return figure


def _column(
    axes: Axes,
    left: float,
    foot: float,
    shades: np.ndarray,
    colours: Colormap,
    form: str,
    values: np.ndarray | None = None,
) -> None:
    """A vector as a column of cells, its first entry on top; `shades` in 0..1 colour them."""
    wide, tall = _CELL
    for row, (shade, value) in enumerate(
        zip(shades[::-1], (shades if values is None else values)[::-1], strict=True)
    ):
        colour = colours(float(shade))
        axes.add_patch(
            Rectangle((left, foot + row * tall), wide, tall, facecolor=colour, edgecolor="white")
        )
        axes.text(
            left + wide / 2, foot + (row + 0.5) * tall, form.format(value),
            ha="center", va="center", size=9, color=text_colour(colour),
        )  # fmt: skip


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": QUIET, "shrinkA": 2, "shrinkB": 2}
    )


@drawn
def loss_curve(run: HelloRun) -> Figure:
    """L before each update, and from where on the answers are right."""
    figure, axes = one_panel("Loss, summed over the four letters · 손실", 3.1)
    axes.plot(run.losses, color=BLUE)
    level(axes, len(DUE) * np.log(len(LETTERS)), "all letters alike · 균등 확률", linewidth=1)
    axes.plot(
        run.right_from, run.losses[run.right_from], "o", color=GREEN, markersize=9,
        label=f'says "{DUE}" after {run.right_from} updates',
    )  # fmt: skip
    axes.set_ylim(bottom=0)
    whole_numbers(axes, UPDATES, 6)
    axes.set_ylabel("nats")
    axes.legend(loc="upper right", bbox_to_anchor=(1, 0.8))
    return figure


@drawn
def sizes_of_terms(run: HelloRun) -> Figure:
    """‖term‖ of ∂L/∂W_hh for each t and k, untrained beside trained, each with its own shades."""
    names = ("before training · 학습 전", "after · 학습 후")
    title = "‖term‖ of ∂L/∂W_hh for each t and k · 항의 크기"
    figure, places = panels(title, names, 3.7, sharey=False)
    for axes, network in zip(places, (run.before, run.after), strict=True):
        sizes = np.linalg.norm(ops.convert_to_numpy(network.terms.W_hh), axis=(-2, -1))
        steps = len(sizes)
        later = np.triu(np.ones_like(sizes, bool), 1)
        shades = axes.imshow(np.ma.masked_where(later, sizes), cmap=AMOUNTS, vmin=0)
        for t, k in np.argwhere(~later):
            axes.text(k, t, _size(sizes[t, k]), ha="center", va="center", size=9,
                      color=text_colour(shades.to_rgba(sizes[t, k])))  # fmt: skip
        axes.set_xticks(range(steps), [f"{k + 1}\n{READ[k]}" for k in range(steps)], color=INK)
        axes.set_yticks(range(steps), [f"{t + 1} {DUE[t]}" for t in range(steps)], color=INK)
        axes.set_xlabel("k: where W_hh is used (reads)")
        axes.set_ylabel("t: where the loss arises (due)")
        axes.grid(False)
        axes.spines[:].set_visible(False)
    return figure


def _size(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:.3f}" if value >= 0.0005 else "<0.001"


@drawn
def norms_by_lag(run: HelloRun) -> Figure:
    """‖∂h_t/∂h_k‖₂ of the last step against the lag, and the bound that holds it, in logarithms."""
    figure, axes = one_panel("‖∂h_t/∂h_k‖₂, t the last step · 기울기 노름", 3.4)
    for network, colour, when, korean in (
        (run.before, QUIET, "before training", "학습 전"),
        (run.after, BLUE, "after", "학습 후"),
    ):
        lags = np.arange(1, len(network.norms_by_lag) + 1)
        axes.plot(lags, network.norms_by_lag, "o-", color=colour, label=f"{when} · {korean}")
        axes.plot(lags, network.bounds_by_lag, color=colour, linewidth=1.4, linestyle=DASHES,
                  label=f"its bound, {when} · 상한")  # fmt: skip
    logarithmic(axes)
    whole_numbers(axes, "lag t − k · 시간 간격")
    legend_below(figure, 2)
    return figure
