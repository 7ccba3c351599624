"""The page on vanishing and exploding gradients: what is left of one after a hundred steps.

Its words are in page.md.j2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.lab.base import Curves, OnProgress, Page, StudyText
from pipeline.lab.vanishing import pictures
from pipeline.lab.vanishing.cells import KINDS, Kind
from pipeline.lab.vanishing.claims import claims, comparisons, numbers
from pipeline.lab.vanishing.study import (
    LAG,
    QUICK,
    NetworkGradients,
    VanishingResults,
    VanishingSettings,
    measure_vanishing,
)
from pipeline.report.document import document
from pipeline.report.figures import BLUE, GREEN, ORANGE, QUIET

_SIMPLE = [name for name, kind in KINDS.items() if not kind.gated]
_GATED = [name for name, kind in KINDS.items() if kind.gated]
_STARTS = {
    "small": "N(0, 1/n), scaled to this norm",
    "gaussian": "N(0, 1/n)",
    "identity": "the identity (Le et al. 2015)",
    "orthogonal": "orthogonal, as Keras does it",
    "each": "each gate's U orthogonal by itself",
}
_HALF = LAG // 2
_GLANCE = (
    ("tanh-gaussian", "h", "h of a SimpleRNN (tanh, Gaussian)", ORANGE),
    ("gru", "h", "h of a GRU", GREEN),
    ("lstm-1", "h", "h of an LSTM (forget bias 1)", QUIET),
    ("lstm-1", "C", "C of that LSTM", BLUE),
)


def page(text: StudyText, *, quick: bool, seed: int, progress: OnProgress) -> Page:
    """Measures everything and writes the page.

    Raises:
        UserError: the text is too short.
    """
    settings = QUICK if quick else VanishingSettings()
    return page_of(measure_vanishing(text, settings, seed, progress), text)


def page_of(results: VanishingResults, text: StudyText) -> Page:
    """The page of results."""
    claimed = claims(results)
    lstms = _two_ways(results)
    strongest = max(results.settings.gains)
    content = document(
        "lab/vanishing/page.md.j2",
        LAG=LAG,
        results=results,
        settings=results.settings,
        text=text,
        claims=claimed,
        shown=[claim for claim in claimed if claim.headline],
        starts={kind.name: _start(kind) for kind in KINDS.values()},
        glance=_glance(results),
        simple=results.of(_SIMPLE),
        compared=comparisons(results),
        needed_gate=100 ** (-1 / (LAG - 1)),
        gated=[results.untrained[name] for name in _GATED],
        half=_HALF,
        lstms=lstms,
        shown_lags=sorted({10, LAG, results.settings.lags}),
        largest={each.activation: each for each in results.explosions if each.gain == strongest},
        plots={
            "with_bounds": pictures.before_and_after(
                results, _SIMPLE, "‖∂h_t/∂h_k‖₂ and its bound · 기울기 노름과 상한", 3
            ),
            "gated": pictures.before_and_after(
                results, _GATED, "‖∂h_t/∂h_k‖₂ of cells with gates · 게이트", 2
            ),
            "two_ways": pictures.ways_through_an_lstm(lstms),
            "explosions": pictures.explosions(results.explosions),
        },
        activations=pictures.ACTIVATIONS,
        moved=_moved(results),
    )
    return Page("vanishing", content, numbers=numbers(results, claimed), curves=_curves(results))


def _start(kind: Kind) -> str:
    if kind.gated and kind.recurrent == "orthogonal":
        return "all gates' U side by side orthogonal, as Keras does it"
    return _STARTS[kind.recurrent]


def _glance(results: VanishingResults) -> dict[str, Any]:
    group = results.trained if "lstm-1" in results.trained else results.untrained
    curves = [
        (group[name].ways[way], label, colour)
        for name, way, label, colour in _GLANCE
        if name in group
    ]
    title = f"Norm of the gradient, {group['lstm-1'].when} · 기울기 노름"
    return {
        "curves": [(label, decay) for decay, label, _ in curves],
        "picture": pictures.overview(curves, title),
    }


def _two_ways(results: VanishingResults) -> list[NetworkGradients]:
    """The LSTMs whose two ways are shown, untrained and, where they were trained, trained."""
    both = ("lstm-0", "lstm-1")
    names = [name for name in both if name in results.trained] or both
    groups = [group for group in (results.untrained, results.trained) if group]
    return [group[name] for group in groups for name in names]


def _moved(results: VanishingResults) -> list[dict[str, Any]]:
    """Claims on what training does to numbers of networks, and in how many networks it is so."""
    tanh = [name for name in _SIMPLE if name in results.trained and name.startswith("tanh")]
    lstms = [name for name in results.trained if name.startswith("lstm")]
    moved = []
    for claim, names, number, sign in (
        ("SimpleRNNs with tanh: training makes γ_W larger", tanh, "norm", 1),
        ("SimpleRNNs with tanh: training makes the slopes flatter", tanh, "slope", -1),
        ("LSTMs: training opens the forget gates", lstms, "gate", 1),
    ):
        groups = (results.trained, results.untrained)
        pairs = [[group[name].numbers[number] for group in groups] for name in names]
        if pairs:
            count = sum(sign * (after - before) > 0 for after, before in pairs)
            moved.append({"claim": claim, "networks": len(names), "moved": count})
    return moved


def _curves(results: VanishingResults) -> Curves:
    curves = {}
    for network in results.networks:
        for way, decay in network.ways.items():
            there = np.isfinite(decay.median)
            tag = f"{network.kind.name}, {network.when}/log10 of {way}"
            curves[tag] = (decay.lags[there], decay.median[there])
    return curves
