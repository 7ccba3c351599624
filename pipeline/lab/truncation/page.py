"""The page on truncated backpropagation through time: how far back is far enough.

Its words are in page.md.j2.
"""

from __future__ import annotations

from typing import Any

from pipeline.lab.base import Curves, OnProgress, Page, StudyText, fields_of
from pipeline.lab.truncation import pictures
from pipeline.lab.truncation.study import (
    QUICK,
    TruncatedNetwork,
    TruncationResults,
    TruncationSettings,
    measure_truncation,
)
from pipeline.models.settings import CELL_NAMES
from pipeline.report.document import document

NEAR = 0.99
"""A cosine from which on two gradients are called nearly the same."""

_PARTS = {
    "recurrent": "Weights of the recurrent layer",
    "all": "All weights; the gradient of the softmax's does not depend on the window",
}


def page(text: StudyText, *, quick: bool, seed: int, progress: OnProgress) -> Page:
    """Measures everything and writes the page.

    Raises:
        UserError: the text is too short.
    """
    settings = QUICK if quick else TruncationSettings()
    return page_of(measure_truncation(text, settings, seed, progress), text)


def page_of(results: TruncationResults, text: StudyText) -> Page:
    """The page of results."""
    content = document(
        "lab/truncation/page.md.j2",
        results=results,
        settings=results.settings,
        text=text,
        near=NEAR,
        cells=[CELL_NAMES[cell] for cell in results.settings.cells],
        networks=[shown(network) for network in results.networks],
        windows=results.networks[0].windows,
        parts=_PARTS,
        plots={
            "by_window": pictures.by_window(results, "recurrent"),
            "directions_lost": pictures.directions_lost(results, "recurrent"),
        },
    )
    return Page("truncation", content, numbers=_numbers(results), curves=_curves(results))


def shown(network: TruncatedNetwork) -> dict[str, Any]:
    """A network, the window that is enough for `NEAR` and its place among the windows, and the
    window that comes nearer than another text (None: none that is shorter than the text)."""
    window = network.window_for(NEAR)
    as_near = network.window_for(network.between_texts["recurrent"])
    return {
        "network": network,
        "window": window,
        "place": list(network.windows).index(window),
        "as_near": None if as_near == network.windows[-1] else as_near,
    }


def _curves(results: TruncationResults) -> Curves:
    curves = {}
    for network in results.networks:
        for part in _PARTS:
            name = f"{part}, {network.name}"
            curves[f"cosine, {name}"] = (network.windows, network.cosine[part])
            curves[f"norm ratio, {name}"] = (network.windows, network.norm_ratio[part])
    return curves


def _numbers(results: TruncationResults) -> dict[str, object]:
    """What was measured, as JSON has it."""
    return {
        "seed": results.seed,
        "length": results.length,
        "networks": [
            {
                **fields_of(
                    network, "cell", "updates", "between_texts", "windows", "cosine", "norm_ratio"
                ),
                "loss": network.losses[-1],
            }
            for network in results.networks
        ],
    }
