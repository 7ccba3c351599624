"""The page on exploding gradients: a wall in a loss, and clipping on real text.

Its words are in page.md.j2.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pipeline.lab.base import Page, StudyText
from pipeline.lab.clipping import pictures
from pipeline.lab.clipping.study import QUICK, ClippingStudy, Descent, Plan, study
from pipeline.models.settings import CELL_NAMES
from pipeline.report.document import document

ALIKE = 0.02
"""Nats that are called no difference."""


@dataclasses.dataclass(frozen=True)
class ShownCell:
    """The two trainings of a cell that are shown update by update."""

    name: str
    gain: float | None
    plain: Descent
    clipped: Descent
    median: float
    clipped_median: float
    plot: Figure


def page(text: StudyText, *, quick: bool, seed: int, progress: Callable[[float], None]) -> Page:
    """Measures, and writes down what was found."""
    return page_of(study(text, QUICK if quick else Plan(), seed, progress), text)


def page_of(found: ClippingStudy, text: StudyText) -> Page:
    """The page of a study that has been made."""
    trainings = [_training(descent) for descent in found.descents]
    content = document(
        "lab/clipping/page.md.j2",
        found=found,
        plan=found.plan,
        text=text,
        even_loss=math.log(found.vocabulary),
        walk=_walk(found),
        cells=[_shown(found, cell) for cell in found.plan.cells],
        trainings=trainings,
        claims=claims(found),
        alike=ALIKE,
        plots={
            "cliff": pictures.cliff(*found.walks),
            "before_and_after": pictures.before_and_after(found),
            "ends_by_rate": pictures.ends_by_rate(found),
        },
    )
    return Page("clipping", content, numbers=_numbers(found, trainings), curves=_curves(found))


def claims(found: ClippingStudy) -> dict[str, list[dict[str, Any]]]:
    """What clipping is said to do, for each cell: where each of the two ends at its best learning
    rate, and whether what is claimed holds."""
    better, longer = [], []
    for cell in found.plan.cells:
        plain, clipped = (
            min(found.of(cell, clips=clips), key=lambda d: d.end) for clips in (False, True)
        )
        both = {"name": CELL_NAMES[cell], "without": plain, "with": clipped}
        better.append({**both, "holds": plain.end - clipped.end > ALIKE})
        longer.append({**both, "holds": clipped.learning_rate > plain.learning_rate})
    return {"better": better, "longer": longer}


def _shown(found: ClippingStudy, cell: str) -> ShownCell:
    plain, clipped = (found.shown(cell, clips=clips) for clips in (False, True))
    return ShownCell(
        name=CELL_NAMES[cell],
        gain=found.plan.gains[cell],
        plain=plain,
        clipped=clipped,
        median=float(np.median(plain.before)),
        clipped_median=float(np.median(clipped.before)),
        plot=pictures.course(found, cell),
    )


def _walk(found: ClippingStudy) -> dict[str, Any]:
    plain, clipped = found.walks
    leap = plain.largest
    return {
        "plain": plain,
        "clipped": clipped,
        "norm": plain.norms[leap],
        "before": plain.places[leap],
        "after": plain.places[leap + 1],
        "clips": int((clipped.norms > clipped.threshold).sum()),
        "steps": len(plain.norms),
    }


def _curves(found: ClippingStudy) -> dict[str, tuple[list[int], list[float]]]:
    curves = {}
    for cell in found.plan.cells:
        for clips in (False, True):
            descent = found.shown(cell, clips=clips)
            steps = list(range(len(descent.losses)))
            name = f"{CELL_NAMES[cell]}, {'clipped' if clips else 'not clipped'}"
            curves[f"loss, {name}"] = (steps, descent.losses.tolist())
            norms = np.log10(np.maximum(descent.before, 1e-12))
            curves[f"log10 of norm before clipping, {name}"] = (steps, norms.tolist())
    return curves


def _training(descent: Descent) -> dict[str, Any]:
    return {
        "name": CELL_NAMES[descent.cell],
        "cell": descent.cell,
        "learning_rate": descent.learning_rate,
        "threshold": descent.threshold if descent.clips else None,
        "clips": bool(descent.clips),
        "clipped_share": descent.clipped_share if descent.clips else None,
        "median_norm": float(np.median(descent.before)),
        "largest_norm": descent.largest,
        "largest_norm_after": float(descent.after.max()),
        "largest_jump": descent.jump,
        "loss": descent.end,
    }


def _numbers(found: ClippingStudy, trainings: list[dict[str, Any]]) -> dict[str, object]:
    return {
        "seed": found.seed,
        "threshold": found.plan.threshold,
        "updates": found.plan.updates,
        "cliff": [
            {
                "clipped": bool(np.isfinite(walk.threshold)),
                "largest_norm": float(walk.norms.max()),
                "longest_step": float(walk.leaps.max()),
                "loss": float(walk.losses[-1]),
            }
            for walk in found.walks
        ],
        "trainings": [
            {name: _json(value) for name, value in training.items() if name not in _SHOWN_ALONE}
            for training in trainings
        ],
    }


_SHOWN_ALONE = ("name", "threshold")


def _json(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
