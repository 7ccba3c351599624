"""Plots of gradient norms over lags: networks side by side, and their bounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.lab.plots import (
    DASHES,
    PALE,
    legend_below,
    legend_in_last_place,
    level,
    median,
    median_and_band,
    one_panel,
    panels,
    powers_of_ten,
)
from pipeline.lab.vanishing.study import Decay, Explosion, NetworkGradients, VanishingResults
from pipeline.report.figures import BLUE, ORANGE, QUIET, drawn

_LAG = "lag t − k · 시간 간격"
_RISING = (PALE[BLUE], BLUE, "#e69f00", ORANGE)  # from the smallest gain to the largest
_WHEN = {False: (QUIET, "untrained · 학습 전"), True: (BLUE, "trained · 학습 후")}
ACTIVATIONS = {"linear": "linear · 선형", "relu": "ReLU", "tanh": "tanh"}
"""Name of φ -> how it is shown."""


@drawn
def overview(lines: Sequence[tuple[Decay, str, str]], title: str) -> Figure:
    """Some decays in one panel. `lines` are decays with their labels and colours."""
    figure, axes = one_panel(title, 3.6)
    for decay, label, colour in lines:
        median_and_band(axes, decay.lags, decay.log10, colour, label=label)
    _over_lags([axes])
    legend_below(figure, 2)
    return figure


@drawn
def before_and_after(
    results: VanishingResults, names: Sequence[str], title: str, columns: int
) -> Figure:
    """‖∂h_t/∂h_k‖₂ of some kinds, trained beside untrained, with the bound where there is one.

    Bounds leave the picture where they rise far above all norms.
    """
    titles = [results.untrained[name].kind.title for name in names]
    figure, places = panels(title, titles, 5.0, columns, sharex=True)
    for axes, name in zip(places, names, strict=True):
        for network in results.of([name]):
            decay, (colour, label) = network.ways["h"], _WHEN[network.trained]
            median_and_band(axes, decay.lags, decay.log10, colour, label=label)
            if network.bound is not None:
                axes.plot(decay.lags, network.bound, color=colour, linewidth=1.4, linestyle=DASHES,
                          label=f"its bound, {network.when} · 상한")  # fmt: skip
    bounded = any(network.bound is not None for network in results.of(names))
    shown = [network.ways["h"] for network in results.of(names)]
    _over_lags(places, shown, columns, room=0.25 if bounded else 0.06)
    if len(names) % columns:
        legend_in_last_place(figure)
    else:
        legend_below(figure, 2)
    return figure


@drawn
def ways_through_an_lstm(networks: Sequence[NetworkGradients]) -> Figure:
    """Norms through C and through h, each with the other held and with the other free."""
    columns = min(len(networks), 2)
    titles = [f"forget bias {each.kind.forget_bias:g}, {each.when}" for each in networks]
    figure, places = panels(
        "Ways back through an LSTM · 셀 상태와 은닉 상태", titles,
        1.3 + 2.1 * -(-len(networks) // columns), columns, sharex=True,
    )  # fmt: skip
    for axes, network in zip(places, networks, strict=True):
        for way, alone, colour, label, label_alone in (
            ("C", "C alone", BLUE, "‖∂C_t/∂C_k‖₂, every way", "through C alone: f_t ⊙ … ⊙ f_{k+1}"),
            ("h", "h alone", ORANGE, "‖∂h_t/∂h_k‖₂, every way", "through h alone, C held"),
        ):
            free, held = network.ways[way], network.ways[alone]
            # Pale below dotted lines that may lie upon them.
            median_and_band(axes, free.lags, free.log10, PALE[colour], label=label)
            median(axes, held.lags, held.log10, colour, linestyle=":", label=label_alone)
    free = [network.ways[way] for network in networks for way in ("C", "h", "C alone")]
    _over_lags(places, free, columns)
    legend_below(figure, 2)
    return figure


@drawn
def explosions(measured: Sequence[Explosion]) -> Figure:
    """‖∂h_t/∂h_k‖₂ for recurrent weights of growing size, a panel for each φ."""
    gains = sorted({each.gain for each in measured})
    colours = dict(zip(reversed(gains), reversed(_RISING), strict=False))
    title = "‖∂h_t/∂h_k‖₂, W_hh drawn from N(0, g²/n) · 경사폭발"
    figure, places = panels(title, list(ACTIVATIONS.values()), 3.6, sharex=True)
    for axes, activation in zip(places, ACTIVATIONS, strict=True):
        for each in measured:
            if each.activation == activation:
                median_and_band(axes, each.decay.lags, each.decay.log10, colours[each.gain],
                                label=f"g = {each.gain:g}")  # fmt: skip
        level(axes, 0, linewidth=1, linestyle="-")
    _over_lags(places, [each.decay for each in measured])
    legend_below(figure, len(gains))
    return figure


def _over_lags(
    places: Sequence[Axes], decays: Iterable[Decay] = (), columns: int = 0, room: float = 0.06
) -> None:
    """Names the axes. With decays these are in sight whatever else is drawn, with room above, as a
    share of the height."""
    for number, axes in enumerate(places):
        last = max(int(line.get_xdata()[-1]) for line in axes.lines if len(line.get_xdata()) > 2)
        axes.set_xticks([1, *range(25, last + 1, 25)])
        axes.margins(x=0.02)
        powers_of_ten(axes)
        if number + (columns or len(places)) >= len(places):
            axes.set_xlabel(_LAG)
    medians = [decay.median[np.isfinite(decay.median)] for decay in decays]
    if medians and (values := np.concatenate(medians)).size:
        tall = max(values.max() - values.min(), 1.0)
        places[0].set_ylim(values.min() - 0.06 * tall, values.max() + room * tall)
