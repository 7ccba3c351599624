"""The page on vanishing and exploding gradients: what is left of one after a hundred steps.

Its words are in page.md.j2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.lab.base import Page, StudyText
from pipeline.lab.vanishing import pictures
from pipeline.lab.vanishing.cells import KINDS, Kind
from pipeline.lab.vanishing.claims import claims, comparisons, numbers
from pipeline.lab.vanishing.study import LAG, QUICK, Measured, Plan, VanishingStudy, study
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


def page(text: StudyText, *, quick: bool, seed: int, progress: Callable[[float], None]) -> Page:
    """Measures, and writes down what was found.

    Raises:
        UserError: the text is too short.
    """
    found = study(text, QUICK if quick else Plan(), seed, progress)
    return page_of(found, text)


def page_of(found: VanishingStudy, text: StudyText) -> Page:
    """The page of a study that has been made."""
    claimed = claims(found)
    both = (found.untrained, found.trained)
    lags = found.plan.lags
    strongest = max(found.plan.gains)
    content = document(
        "lab/vanishing/page.md.j2",
        LAG=LAG,
        found=found,
        plan=found.plan,
        text=text,
        when=when,
        claims=claimed,
        shown=[claim for claim in claimed if claim.headline],
        starts={kind.name: _start(kind) for kind in KINDS.values()},
        glance=_glance(found),
        simple=[group[name] for name in _SIMPLE for group in both if name in group],
        compared=comparisons(found),
        needed_gate=100 ** (-1 / (LAG - 1)),
        gated=[found.untrained[name] for name in _GATED],
        half=_HALF,
        lstms=[_lstm(measured) for measured in _two_ways(found)],
        looked=sorted({10, LAG, lags}),
        largest={each.activation: each for each in found.explosions if each.gain == strongest},
        plots={
            "with_bounds": pictures.with_bounds(found, _SIMPLE),
            "gated": pictures.gated(found, _GATED),
            "two_ways": pictures.ways_through_an_lstm(
                _two_ways(found), [_title(measured) for measured in _two_ways(found)]
            ),
            "explosions": pictures.explosions(found.explosions),
        },
        **_training(found),
    )
    return Page("vanishing", content, numbers=numbers(found, claimed), curves=_curves(found))


def when(measured: Measured) -> str:
    """Whether a network was measured trained or untrained."""
    return "trained" if measured.trained else "untrained"


def _start(kind: Kind) -> str:
    if kind.gated and kind.recurrent == "orthogonal":
        return "all gates' U side by side orthogonal, as Keras does it"
    return _STARTS[kind.recurrent]


def _glance(found: VanishingStudy) -> dict[str, Any]:
    group = found.trained if "lstm-1" in found.trained else found.untrained
    curves = [
        (group[name].ways[way], label, colour)
        for name, way, label, colour in _GLANCE
        if name in group
    ]
    title = f"Norm of the gradient, {when(group['lstm-1'])} · 기울기 노름"
    return {
        "curves": [(label, decay) for decay, label, _ in curves],
        "picture": pictures.overview(curves, title),
    }


def _two_ways(found: VanishingStudy) -> list[Measured]:
    """The LSTMs whose two ways are shown, untrained and, where they were trained, trained."""
    both = ("lstm-0", "lstm-1")
    names = [name for name in both if name in found.trained] or both
    groups = [group for group in (found.untrained, found.trained) if group]
    return [group[name] for group in groups for name in names]


def _title(measured: Measured) -> str:
    return f"forget bias {measured.kind.forget_bias:g}, {when(measured)}"


def _lstm(measured: Measured) -> dict[str, Any]:
    def factor(way: str) -> float:
        decay = measured.ways[way]
        return 10 ** ((decay.at(LAG) - decay.at(_HALF)) / (LAG - _HALF))

    return {
        "title": _title(measured),
        "ways": measured.ways,
        "factor_of_C": factor("C"),
        "factor_of_h": factor("h"),
    }


def _training(found: VanishingStudy) -> dict[str, Any]:
    """What a short training does to all of it."""
    if not found.trained:
        return {}
    changed = []
    for name, after in found.trained.items():
        before = found.untrained[name]
        inner = "gate" if after.kind.gated else "slope"
        changed += [
            {
                "title": f"{after.kind.title}: {way}",
                "before": before.ways[way].at(LAG),
                "after": after.ways[way].at(LAG),
                "inner_before": before.numbers[inner],
                "inner_after": after.numbers[inner],
                "loss": after.loss,
            }
            for way in ("h", "C")
            if way in after.ways
        ]
    tanh = [name for name in _SIMPLE if name in found.trained and name.startswith("tanh")]
    lstms = [name for name in found.trained if name.startswith("lstm")]
    moved = [
        {
            "claim": claim,
            "networks": len(names),
            "moved": sum(
                sign * (found.trained[name].numbers[number] - found.untrained[name].numbers[number])
                > 0
                for name in names
            ),
        }
        for claim, names, number, sign in (
            ("SimpleRNNs with tanh: training makes γ_W larger", tanh, "norm", 1),
            ("SimpleRNNs with tanh: training makes the slopes flatter", tanh, "slope", -1),
            ("LSTMs: training opens the forget gates", lstms, "gate", 1),
        )
        if names
    ]
    by_loss = sorted(found.trained.values(), key=lambda measured: measured.loss)
    return {
        "changed": changed,
        "moved": moved,
        "best": by_loss[0],
        "best_gated": next((each for each in by_loss if each.kind.gated), by_loss[0]),
    }


def _curves(found: VanishingStudy) -> dict[str, tuple[list[int], list[float]]]:
    curves = {}
    for measured in (*found.untrained.values(), *found.trained.values()):
        for way, decay in measured.ways.items():
            there = np.isfinite(decay.median)
            tag = f"{measured.kind.name}, {when(measured)}/log10 of {way}"
            curves[tag] = (decay.lags[there].tolist(), decay.median[there].tolist())
    return curves
