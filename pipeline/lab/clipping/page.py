"""The page on exploding gradients: a wall in a loss, and clipping on real text.

Its words are in page.md.j2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pipeline.lab.base import Curves, OnProgress, Page, StudyText, fields_of
from pipeline.lab.clipping import pictures
from pipeline.lab.clipping.study import (
    QUICK,
    ClippingResults,
    ClippingSettings,
    measure_clipping,
)
from pipeline.models.settings import CELL_NAMES
from pipeline.report.document import document

ALIKE = 0.02
"""Nats that are called no difference."""


def page(text: StudyText, *, quick: bool, seed: int, progress: OnProgress) -> Page:
    """Measures everything and writes the page."""
    settings = QUICK if quick else ClippingSettings()
    return page_of(measure_clipping(text, settings, seed, progress), text)


def page_of(results: ClippingResults, text: StudyText) -> Page:
    """The page of results."""
    content = document(
        "lab/clipping/page.md.j2",
        results=results,
        settings=results.settings,
        text=text,
        even_loss=math.log(results.vocabulary),
        cells=[_shown(results, cell) for cell in results.settings.cells],
        names=CELL_NAMES,
        claims=claims(results),
        alike=ALIKE,
        plots={
            "cliff": pictures.cliff(*results.walks),
            "before_and_after": pictures.before_and_after(results),
            "ends_by_rate": pictures.ends_by_rate(results),
        },
    )
    return Page("clipping", content, numbers=_numbers(results), curves=_curves(results))


def claims(results: ClippingResults) -> dict[str, list[dict[str, Any]]]:
    """What clipping is said to do, for each cell: where each of the two ends at its best learning
    rate, and whether what is claimed holds."""
    better, longer = [], []
    for cell in results.settings.cells:
        plain, clipped = (
            min(results.of(cell, clips=clips), key=lambda d: d.end) for clips in (False, True)
        )
        both = {"name": CELL_NAMES[cell], "without": plain, "with": clipped}
        better.append({**both, "holds": plain.end - clipped.end > ALIKE})
        longer.append({**both, "holds": clipped.learning_rate > plain.learning_rate})
    return {"better": better, "longer": longer}


def _shown(results: ClippingResults, cell: str) -> dict[str, Any]:
    """The two trainings of a cell that are shown update by update."""
    return {
        "name": CELL_NAMES[cell],
        "gain": results.settings.gains[cell],
        "plain": results.shown(cell, clips=False),
        "clipped": results.shown(cell, clips=True),
        "plot": pictures.course(results, cell),
    }


def _curves(results: ClippingResults) -> Curves:
    curves = {}
    for cell in results.settings.cells:
        for clips in (False, True):
            descent = results.shown(cell, clips=clips)
            steps = list(range(len(descent.losses)))
            name = f"{CELL_NAMES[cell]}, {'clipped' if clips else 'not clipped'}"
            curves[f"loss, {name}"] = (steps, descent.losses)
            norms = np.log10(np.maximum(descent.before, 1e-12))
            curves[f"log10 of norm before clipping, {name}"] = (steps, norms)
    return curves


def _numbers(results: ClippingResults) -> dict[str, object]:
    return {
        "seed": results.seed,
        **fields_of(results.settings, "threshold", "updates"),
        "cliff": [
            {
                "clipped": np.isfinite(walk.threshold),
                "largest_norm": walk.norms.max(),
                "longest_step": walk.leaps.max(),
                "loss": walk.losses[-1],
            }
            for walk in results.walks
        ],
        "trainings": [
            {
                **fields_of(each, "cell", "learning_rate", "clips"),
                "clipped_share": each.clipped_share if each.clips else None,
                "median_norm": each.median,
                "largest_norm": each.largest,
                "largest_norm_after": each.after.max(),
                "largest_jump": each.jump,
                "loss": each.end,
            }
            for each in results.descents
        ],
    }
