"""The page on depth: plain stacks of recurrent layers learn worse, stacks with skips do not.

Its words are in page.md.j2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.lab.base import Page, StudyText
from pipeline.lab.depth import pictures
from pipeline.lab.depth.pictures import smoothed
from pipeline.lab.depth.study import QUICK, DepthStudy, Measured, Plan, study
from pipeline.models.settings import CELL_NAMES
from pipeline.report.document import document

_LITTLE = 0.1
"""Of a gradient or a signal, what is called hardly any of it; nats below the entropy of
frequencies that do not count as something learnt."""


def page(text: StudyText, *, quick: bool, seed: int, progress: Callable[[float], None]) -> Page:
    """Measures, and writes down what was found."""
    return page_of(study(text, QUICK if quick else Plan(), seed, progress), text)


def page_of(found: DepthStudy, text: StudyText) -> Page:
    """The page of a study that has been made."""
    content = document(
        "lab/depth/page.md.j2",
        found=found,
        plan=found.plan,
        text=text,
        cells=[CELL_NAMES[cell] for cell in found.plan.cells],
        trained=[_claims(found, cell) for cell in found.plan.trained],
        deepest=[_deepest(found, cell) for cell in found.plan.cells],
        stacks=[(each, float(np.mean(each.signal[:, -1]))) for each in found.stacks],
        name_of=name_of,
        plots={
            "profiles": pictures.profiles(found),
            "reaching_the_lowest": pictures.reaching_the_lowest(found),
            "losses_by_depth": pictures.losses_by_depth(found),
            "learning_curves": pictures.learning_curves(found),
        },
    )
    return Page("depth", content, numbers=_numbers(found), curves=_curves(found))


def _curves(found: DepthStudy) -> dict[str, tuple[list[int], list[float]]]:
    curves = {}
    for each in found.stacks:
        if each.losses.shape[1]:
            updates, mean = smoothed(each)
            curves[f"loss, {name_of(each)}"] = (updates.tolist(), mean.tolist())
    return curves


def name_of(each: Measured) -> str:
    """A stack in a few words."""
    if each.depth == 1:
        return f"{CELL_NAMES[each.cell]}, 1 layer"
    return f"{CELL_NAMES[each.cell]}, {each.depth} layers{' with skips' if each.skip else ''}"


def degrades(found: DepthStudy, cell: str) -> bool:
    """Whether from every start the deepest plain stack ends with more loss than one layer."""
    plain = found.of(cell, skip=False)
    return bool((plain[-1].learnt > plain[0].learnt).all())


def skips_help(found: DepthStudy, cell: str) -> bool:
    """Whether from every start the deepest stack with skips ends with less than without."""
    plain, skipped = (found.of(cell, skip=skip)[-1] for skip in (False, True))
    return bool((skipped.learnt < plain.learnt).all())


def _deepest(found: DepthStudy, cell: str) -> dict[str, Any]:
    plain, skipped = (found.of(cell, skip=skip)[-1] for skip in (False, True))
    return {"name": CELL_NAMES[cell], "plain": plain, "skipped": skipped}


def _claims(found: DepthStudy, cell: str) -> dict[str, Any]:
    """What the page says about a cell that was trained, and whether it holds."""
    plain, skipped = (found.of(cell, skip=skip) for skip in (False, True))
    best_plain, best_skipped = (
        min(some, key=lambda each: each.learnt.mean()) for some in (plain, skipped)
    )
    signal = plain[-1].signal.mean(axis=0)
    return {
        **_deepest(found, cell),
        "single": plain[0],
        "signal": signal,
        "best_plain": best_plain,
        "best_skipped": best_skipped,
        "degrades": degrades(found, cell),
        "knows_more": bool(plain[-1].learnt.mean() < found.entropy - _LITTLE),
        "vanishes": bool(plain[-1].left < np.log10(_LITTLE)),
        "fades": bool(signal[-1] < _LITTLE * signal[0]),
        "skips_help": skips_help(found, cell),
        "best_has_skips": bool(best_skipped.learnt.mean() < best_plain.learnt.mean()),
    }


def _numbers(found: DepthStudy) -> dict[str, object]:
    """What was measured, as JSON has it."""
    return {
        "cells": list(found.plan.cells),
        "depths": list(found.plan.depths),
        "units": found.plan.units,
        "updates": found.plan.updates,
        "learning_rate": found.plan.learning_rate,
        "seed": found.seed,
        "frequency_entropy": found.entropy,
        "stacks": [
            {
                "cell": each.cell,
                "depth": each.depth,
                "skip": each.skip,
                "log10_gradient_by_layer": np.median(each.profile, axis=0).tolist(),
                "signal_by_layer": each.signal.mean(axis=0).tolist(),
                "losses": each.learnt.tolist() if each.losses.size else None,
            }
            for each in found.stacks
        ],
        "degrades": {cell: degrades(found, cell) for cell in found.plan.trained},
        "skips_help": {cell: skips_help(found, cell) for cell in found.plan.trained},
    }
