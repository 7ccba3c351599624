"""The page on truncated backpropagation through time: how far back is far enough.

Its words are in page.md.j2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.lab.base import Page, StudyText
from pipeline.lab.truncation import pictures
from pipeline.lab.truncation.pictures import name_of
from pipeline.lab.truncation.study import QUICK, Moment, Plan, TruncationStudy, study
from pipeline.models.settings import CELL_NAMES
from pipeline.report.document import document

NEAR = 0.99
"""A cosine from which on two gradients are called nearly the same."""

_PARTS = {
    "recurrent": "Weights of the recurrent layer",
    "all": "All weights; the gradient of the softmax's does not depend on the window",
}


def page(text: StudyText, *, quick: bool, seed: int, progress: Callable[[float], None]) -> Page:
    """Measures, and writes down what was found.

    Raises:
        UserError: the text is too short.
    """
    return page_of(study(text, QUICK if quick else Plan(), seed, progress), text)


def page_of(found: TruncationStudy, text: StudyText) -> Page:
    """The page of a study that has been made."""
    content = document(
        "lab/truncation/page.md.j2",
        found=found,
        plan=found.plan,
        text=text,
        near=NEAR,
        cells=[CELL_NAMES[cell] for cell in found.plan.cells],
        moments=[shown(moment) for moment in found.moments],
        windows=[each.window for each in found.moments[0].windows],
        parts=_PARTS,
        plots={
            "by_window": pictures.by_window(found, "recurrent"),
            "directions_lost": pictures.directions_lost(found, "recurrent"),
        },
    )
    return Page("truncation", content, numbers=_numbers(found), curves=_curves(found))


def shown(moment: Moment) -> dict[str, Any]:
    """What the page shows of the gradients of a network at one moment: among others the window
    that is enough for `NEAR`, and the one that comes nearer than another text (None: none that is
    shorter than the text)."""
    window = moment.window_for(NEAR)
    between = moment.between_texts["recurrent"]
    as_near = moment.window_for(between)
    return {
        "name": name_of(moment),
        "moment": moment,
        "window": window,
        "shortest": moment.windows[0],
        "enough": moment.at(window),
        "between": between,
        "as_near": None if as_near == moment.windows[-1].window else as_near,
    }


def _curves(found: TruncationStudy) -> dict[str, tuple[list[int], list[float]]]:
    curves = {}
    for moment in found.moments:
        windows = [each.window for each in moment.windows]
        for part in _PARTS:
            tag = f"cosine, {part}, {name_of(moment)}"
            curves[tag] = (windows, [each.cosine[part] for each in moment.windows])
            tag = f"norm ratio, {part}, {name_of(moment)}"
            curves[tag] = (windows, [each.norm_ratio[part] for each in moment.windows])
    return curves


def _numbers(found: TruncationStudy) -> dict[str, object]:
    return {
        "seed": found.seed,
        "length": found.length,
        "moments": [
            {
                "cell": moment.cell,
                "updates": moment.updates,
                "loss": moment.loss,
                "between_texts": dict(moment.between_texts),
                "windows": [
                    {
                        "window": each.window,
                        "cosine": dict(each.cosine),
                        "norm_ratio": dict(each.norm_ratio),
                    }
                    for each in moment.windows
                ],
            }
            for moment in found.moments
        ],
    }
