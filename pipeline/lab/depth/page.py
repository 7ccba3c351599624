"""The page on depth: plain stacks of recurrent layers learn worse, stacks with skips do not.

Its words are in page.md.j2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.lab.base import Curves, OnProgress, Page, StudyText, fields_of
from pipeline.lab.depth import pictures
from pipeline.lab.depth.study import QUICK, DepthResults, DepthSettings, measure_depth
from pipeline.models.settings import CELL_NAMES
from pipeline.report.document import document

_LITTLE = 0.1
"""Of a gradient or a signal, what is called hardly any of it; nats below the entropy of
frequencies that do not count as something learnt."""


def page(text: StudyText, *, quick: bool, seed: int, progress: OnProgress) -> Page:
    """Measures everything and writes the page."""
    return page_of(measure_depth(text, QUICK if quick else DepthSettings(), seed, progress), text)


def page_of(results: DepthResults, text: StudyText) -> Page:
    """The page of results."""
    content = document(
        "lab/depth/page.md.j2",
        results=results,
        settings=results.settings,
        text=text,
        cells=[CELL_NAMES[cell] for cell in results.settings.cells],
        trained=[_claims(results, cell) for cell in results.settings.trained],
        deepest=[_deepest(results, cell) for cell in results.settings.cells],
        stacks=[(each, float(np.mean(each.signal[:, -1]))) for each in results.stacks],
        plots={
            "profiles": pictures.profiles(results),
            "reaching_the_lowest": pictures.reaching_the_lowest(results),
            "losses_by_depth": pictures.losses_by_depth(results),
            "learning_curves": pictures.learning_curves(results),
        },
    )
    return Page("depth", content, numbers=_numbers(results), curves=_curves(results))


def _curves(results: DepthResults) -> Curves:
    curves = {}
    for each in results.stacks:
        if each.losses.size:
            curves[f"loss, {each.name}"] = pictures.smoothed(each)
    return curves


def degrades(results: DepthResults, cell: str) -> bool:
    """Whether from every start the deepest plain stack ends with more loss than one layer."""
    plain = results.of(cell, skip=False)
    return bool((plain[-1].learnt > plain[0].learnt).all())


def skips_help(results: DepthResults, cell: str) -> bool:
    """Whether from every start the deepest stack with skips ends with less than without."""
    plain, skipped = (results.of(cell, skip=skip)[-1] for skip in (False, True))
    return bool((skipped.learnt < plain.learnt).all())


def _deepest(results: DepthResults, cell: str) -> dict[str, Any]:
    plain, skipped = (results.of(cell, skip=skip)[-1] for skip in (False, True))
    return {"name": CELL_NAMES[cell], "plain": plain, "skipped": skipped}


def _claims(results: DepthResults, cell: str) -> dict[str, Any]:
    """What the page says about a cell that was trained, and whether it holds."""
    plain, skipped = (results.of(cell, skip=skip) for skip in (False, True))
    best_plain, best_skipped = (
        min(some, key=lambda each: each.learnt.mean()) for some in (plain, skipped)
    )
    signal = plain[-1].signal.mean(axis=0)
    return {
        **_deepest(results, cell),
        "single": plain[0],
        "signal": signal,
        "best_plain": best_plain,
        "best_skipped": best_skipped,
        "degrades": degrades(results, cell),
        "knows_more": bool(plain[-1].learnt.mean() < results.entropy - _LITTLE),
        "vanishes": bool(plain[-1].left < np.log10(_LITTLE)),
        "fades": bool(signal[-1] < _LITTLE * signal[0]),
        "skips_help": skips_help(results, cell),
        "best_has_skips": bool(best_skipped.learnt.mean() < best_plain.learnt.mean()),
    }


def _numbers(results: DepthResults) -> dict[str, object]:
    """What was measured, as JSON has it."""
    settings = results.settings
    return {
        **fields_of(settings, "cells", "depths", "units", "updates", "learning_rate"),
        "seed": results.seed,
        "frequency_entropy": results.entropy,
        "stacks": [
            {
                **fields_of(each, "cell", "depth", "skip"),
                "log10_gradient_by_layer": np.median(each.profile, axis=0),
                "signal_by_layer": each.signal.mean(axis=0),
                "losses": each.learnt if each.losses.size else None,
            }
            for each in results.stacks
        ],
        "degrades": {cell: degrades(results, cell) for cell in settings.trained},
        "skips_help": {cell: skips_help(results, cell) for cell in settings.trained},
    }
