"""The page on truncated backpropagation through time: how far back is far enough.

Its words are in page.md.j2.
"""

from __future__ import annotations

from typing import Any

from pipeline.lab.base import Page, Progress, StudyText
from pipeline.lab.truncation import pictures
from pipeline.lab.truncation.study import (
    QUICK,
    TruncatedNetwork,
    TruncationResults,
    TruncationStudySettings,
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


def page(text: StudyText, *, quick: bool, seed: int, progress: Progress) -> Page:
    """Measures everything and writes the page.

    Raises:
        UserError: the text is too short.
    """
    settings = QUICK if quick else TruncationStudySettings()
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
        windows=results.networks[0].lengths,
        parts=_PARTS,
        plots={
            "by_window": pictures.by_window(results, "recurrent"),
            "directions_lost": pictures.directions_lost(results, "recurrent"),
        },
    )
    return Page("truncation", content, numbers=_numbers(results), curves=_curves(results))


def shown(network: TruncatedNetwork) -> dict[str, Any]:
    """What the page shows of a network: among others the window that is enough for `NEAR`, and the
    one that comes nearer than another text (None: none that is shorter than the text)."""
    window = network.window_for(NEAR)
    between = network.between_texts["recurrent"]
    as_near = network.window_for(between)
    return {
        "network": network,
        "window": window,
        "shortest": network.windows[0],
        "enough": network.at(window),
        "between": between,
        "as_near": None if as_near == network.lengths[-1] else as_near,
    }


def _curves(results: TruncationResults) -> dict[str, tuple[list[int], list[float]]]:
    return {
        f"{name}, {part}, {network.name}": (
            network.lengths,
            [getattr(each, measure)[part] for each in network.windows],
        )
        for network in results.networks
        for part in _PARTS
        for name, measure in (("cosine", "cosine"), ("norm ratio", "norm_ratio"))
    }


def _numbers(results: TruncationResults) -> dict[str, object]:
    """What was measured, as JSON has it."""
    return {
        "seed": results.seed,
        "length": results.length,
        "networks": [
            {
                "cell": network.cell,
                "updates": network.updates,
                "loss": network.loss,
                "between_texts": dict(network.between_texts),
                "windows": [
                    {
                        "window": each.window,
                        "cosine": dict(each.cosine),
                        "norm_ratio": dict(each.norm_ratio),
                    }
                    for each in network.windows
                ],
            }
            for network in results.networks
        ],
    }
