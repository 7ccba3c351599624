"""Gradient norms over lags, drawn: networks side by side, and the bounds laid over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pipeline.lab.vanishing.study import Decay, Explosion, Measured, VanishingStudy
from pipeline.report.figures import BLUE, ORANGE, QUIET, drawn

_WIDTH = 6.4  # inches
_FORMULAE = ["DejaVu Sans", "NanumGothic"]  # whose ‖, ∂ and γ can be read, and then Hangul
_DASHES = (0, (4, 3))
_SPREAD = (0.1, 0.9)  # of the rows, as a band
_LAG = "lag t − k · 시간 간격"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PALE = {BLUE: "#8fc1de", ORANGE: "#efb48f"}  # below dotted lines that may lie upon them
_RISING = ("#8fc1de", BLUE, "#e69f00", ORANGE)  # from the smallest gain to the largest

Line = tuple[Decay, str, str]
"""What is drawn, its label and its colour."""


@drawn
def overview(lines: Sequence[Line], title: str) -> Figure:
    """Some curves in one picture, each named at its end.

    Args:
        lines: at least one.
        title: a line above.
    """
    figure = Figure(figsize=(_WIDTH, 3.6), layout="constrained")
    axes = figure.subplots()
    for decay, label, colour in lines:
        _curve(axes, decay, colour, label)
    _finish(axes)
    axes.set_title(title)
    figure.legend(loc="outside lower center", ncols=2, prop={"family": _FORMULAE})
    return figure


@drawn
def with_bounds(found: VanishingStudy, names: Sequence[str]) -> Figure:
    """‖∂h_t/∂h_k‖₂ of some SimpleRNNs, each with its bound; trained ones beside untrained ones.

    Bounds leave the picture where they rise far above all that was found.
    """
    figure = Figure(figsize=(_WIDTH, 5.0), layout="constrained")
    panels = figure.subplots(2, 3, sharex=True, sharey=True).ravel()
    shown = [m[name] for name in names for m in (found.untrained, found.trained) if name in m]
    for axes, name in zip(panels, names, strict=False):
        _before_and_after(axes, found, name, "h")
        axes.set_title(found.untrained[name].kind.title, family=_FORMULAE, size=10)
    _finish(*panels[: len(names)], heights=_reach(m.ways["h"] for m in shown), room=0.25)
    _label_lags(panels[len(names) - panels.size // 2])  # has no panel with lines below it
    _key(panels[len(names) :], bound=True, trained=bool(found.trained))
    figure.suptitle("‖∂h_t/∂h_k‖₂ and its bound · 기울기 노름과 상한", family=_FORMULAE, x=0.02,
                    ha="left", weight="bold", size=11.5)  # fmt: skip
    return figure


@drawn
def gated(found: VanishingStudy, names: Sequence[str]) -> Figure:
    """‖∂h_t/∂h_k‖₂ of four cells with gates, trained ones beside untrained ones."""
    figure = Figure(figsize=(_WIDTH, 5.0), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
    shown = [m[name] for name in names for m in (found.untrained, found.trained) if name in m]
    for axes, name in zip(panels, names, strict=True):
        _before_and_after(axes, found, name, "h")
        axes.set_title(found.untrained[name].kind.title, size=10)
    _finish(*panels, heights=_reach(m.ways["h"] for m in shown))
    handles = _key_lines(bound=False, trained=bool(found.trained))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    figure.suptitle("‖∂h_t/∂h_k‖₂ of cells with gates · 게이트", family=_FORMULAE, x=0.02,
                    ha="left", weight="bold", size=11.5)  # fmt: skip
    return figure


@drawn
def ways_through_an_lstm(moments: Sequence[Measured], titles: Sequence[str]) -> Figure:
    """Through C and through h, each with the other held and with the other free."""
    columns = min(len(moments), 2)
    rows = -(-len(moments) // columns)
    figure = Figure(figsize=(_WIDTH, 1.3 + 2.1 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    lines = (
        ("C", _PALE[BLUE], "-", "‖∂C_t/∂C_k‖₂, every way"),
        ("C alone", BLUE, ":", "through C alone: f_t ⊙ … ⊙ f_{k+1}"),
        ("h", _PALE[ORANGE], "-", "‖∂h_t/∂h_k‖₂, every way"),
        ("h alone", ORANGE, ":", "through h alone, C held"),
    )
    for axes, moment, title in zip(panels, moments, titles, strict=True):
        for way, colour, style, _ in lines:
            _curve(axes, moment.ways[way], colour, style=style, band=style == "-")
        axes.set_title(title, size=10)
    figure.suptitle("Ways back through an LSTM · 셀 상태와 은닉 상태", x=0.02, ha="left",
                    weight="bold", size=11.5)  # fmt: skip
    free = [moment.ways[way] for moment in moments for way in ("C", "h", "C alone")]
    _finish(*panels, heights=_reach(free))
    handles = [
        Line2D([], [], color=colour, linestyle=style, label=label)
        for _, colour, style, label in lines
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, prop={"family": _FORMULAE})
    return figure


@drawn
def explosions(found: Sequence[Explosion]) -> Figure:
    """‖∂h_t/∂h_k‖₂ for recurrent weights of growing size, a panel for each φ."""
    activations = list(dict.fromkeys(each.activation for each in found))
    gains = sorted({each.gain for each in found})
    colours = dict(zip(reversed(gains), reversed(_RISING), strict=False))
    figure = Figure(figsize=(_WIDTH, 3.6), layout="constrained")
    panels = figure.subplots(1, len(activations), sharex=True, sharey=True, squeeze=False).ravel()
    names = {"linear": "linear · 선형", "relu": "ReLU", "tanh": "tanh"}
    for axes, activation in zip(panels, activations, strict=True):
        for each in found:
            if each.activation == activation:
                _curve(axes, each.decay, colours[each.gain])
        axes.axhline(0, color=QUIET, linewidth=1)
        axes.set_title(names[activation], size=10)
    _finish(*panels, heights=_reach(each.decay for each in found))
    handles = [
        Line2D([], [], color=colour, label=f"g = {gain:g}") for gain, colour in
        sorted(colours.items())
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    figure.suptitle("‖∂h_t/∂h_k‖₂, W_hh drawn from N(0, g²/n) · 경사폭발", family=_FORMULAE,
                    x=0.02, ha="left", weight="bold", size=11.5)  # fmt: skip
    return figure


def _before_and_after(axes: Axes, found: VanishingStudy, name: str, way: str) -> None:
    for moments, colour in ((found.untrained, QUIET), (found.trained, BLUE)):
        if name in moments:
            moment = moments[name]
            _curve(axes, moment.ways[way], colour)
            if moment.bound is not None:
                lags = np.arange(1, len(moment.bound) + 1)
                axes.plot(lags, moment.bound, color=colour, linewidth=1.4, linestyle=_DASHES)


def _curve(
    axes: Axes, decay: Decay, colour: str, label: str = "", *, style: str = "-", band: bool = True
) -> None:
    """The median over the rows, and between which values most of them lie."""
    median = np.where(np.isfinite(decay.median), decay.median, np.nan)
    axes.plot(decay.lags, median, color=colour, linestyle=style, label=label or None)
    if band:
        low, high = (decay.quantile(share) for share in _SPREAD)
        there = np.isfinite(low) & np.isfinite(high)
        axes.fill_between(decay.lags, low, high, where=there, color=colour, alpha=0.2, linewidth=0)


def _reach(decays: Iterable[Decay]) -> tuple[float, float]:
    """From the lowest median to the highest, in powers of ten."""
    values = np.concatenate([decay.median for decay in decays])
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if len(values) else (-1.0, 0.0)


def _finish(*panels: Axes, heights: tuple[float, float] | None = None, room: float = 0.06) -> None:
    """Powers of ten on the axis, and room above for bounds that rise."""
    for axes in panels:
        axes.set_xticks(_lags_marked(axes))
        axes.yaxis.set_major_locator(MaxNLocator(7, integer=True))
        axes.yaxis.set_major_formatter(FuncFormatter(_power))
        axes.tick_params(axis="y", labelfontfamily=_FORMULAE[0])
        if axes.get_subplotspec().is_last_row():
            _label_lags(axes)
        axes.margins(x=0.02)
        if heights is not None:
            low, high = heights
            tall = max(high - low, 1.0)
            axes.set_ylim(low - 0.06 * tall, high + room * tall)


def _label_lags(axes: Axes) -> None:
    axes.tick_params(labelbottom=True)
    axes.set_xlabel(_LAG)


def _lags_marked(axes: Axes) -> list[int]:
    last = max((int(line.get_xdata()[-1]) for line in axes.lines if len(line.get_xdata()) > 2),
               default=1)  # fmt: skip
    return [1, *range(25, last + 1, 25)]


def _power(value: float, _place: int | None = None) -> str:
    return "1" if value == 0 else f"10{str(round(value)).translate(_RAISED)}"


def _key_lines(*, bound: bool, trained: bool) -> list[Line2D]:
    lines = []
    for colour, name in ((QUIET, "untrained · 학습 전"), (BLUE, "trained · 학습 후")):
        if colour == QUIET or trained:
            lines.append(Line2D([], [], color=colour, label=name))
            if bound:
                lines.append(
                    Line2D([], [], color=colour, linewidth=1.4, linestyle=_DASHES,
                           label="its bound · 상한")
                )  # fmt: skip
    return lines


def _key(panels: Sequence[Axes], *, bound: bool, trained: bool) -> None:
    """What the lines are, in a panel that has none."""
    for axes in panels:
        axes.set_axis_off()
    if len(panels):
        panels[0].legend(handles=_key_lines(bound=bound, trained=trained), loc="center", fontsize=9)
