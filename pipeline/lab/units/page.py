"""The page on what single units of a character language model know, and whether it is used.

Its words are in page.md.j2.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from pipeline.lab.base import Page, Progress
from pipeline.lab.units import pictures
from pipeline.lab.units.explorer import EXPLORER, explorer
from pipeline.lab.units.numbers import curves_of, numbers_of
from pipeline.lab.units.passages import passage_of
from pipeline.lab.units.probes import FEWEST, Probe
from pipeline.lab.units.study import FULL, QUICK, Ablation, UnitStudy, study
from pipeline.report.document import document
from pipeline.report.passage import Passage
from pipeline.text.characters import Characters

CLEARLY = 0.05
"""By how much a unit's AUC has to be above that of the character alone to be spoken of."""
_PASSAGES = 6
_LENGTH, _LINES = 420, 12  # of a passage


def study_units(
    model: keras.Model,
    characters: Characters,
    texts: Sequence[str],
    ends: Sequence[bool],
    *,
    title: str,
    quick: bool = False,
    seed: int = 1,
    progress: Progress = lambda done: None,
) -> Page:
    """Finds out what the units of a trained language model know, and tells it.

    Args:
        model: what `pipeline.models.language_model.language_model` made, trained.
        characters: its alphabet.
        texts, ends: documents that it was not trained with, as
            `pipeline.corpora.running.documents.from_frame` gives them.
        title: of the corpus.
        quick: less text, fewer units held.
        seed: which random units are held to compare with.
        progress: told how much is done.

    Raises:
        UserError: there is too little text.
    """
    size = QUICK if quick else FULL
    found = study(model, characters, texts, ends, size=size, seed=seed, progress=progress)
    return page_of(found, title)


def page_of(found: UnitStudy, title: str) -> Page:
    """What was found, told.

    Args:
        found: from `pipeline.lab.units.study.study`.
        title: of the corpus.
    """
    headline = _headline(found)
    controls = len(found.ablations[0].controls)
    content = document(
        "lab/units/page.md.j2",
        found=found,
        title=title,
        headline=headline,
        probe=headline.probe,
        unit_name=_capital(found.units[headline.probe.best].name),
        cell=any(unit.part == "C" for unit in found.units),
        fewest=FEWEST,
        clearly=CLEARLY,
        luck=float(np.mean([probe.area - probe.chosen_area for probe in found.probes])),
        passages=passages(found),
        explorer=EXPLORER,
        controls=controls,
        lucky=len(found.ablations) / (controls + 1),
        nats=_nats,
        span_of=_range,
        plots={
            "areas": pictures.areas_by_predicate(found.probes),
            "effects": pictures.effects_of_holding(found.ablations),
        },
    )
    return Page(
        "units",
        content,
        numbers=numbers_of(found),
        curves=curves_of(found),
        files={EXPLORER: explorer(found, title)},
    )


def passages(found: UnitStudy) -> list[Passage]:
    """Stretches of the text, coloured by the best units for rules that the character itself does
    not show, if there are such."""
    return [passage_of(found, probe, _LENGTH, _LINES) for probe in _worth_seeing(found)]


def _headline(found: UnitStudy) -> Ablation:
    """Of the units that were held the most surprising one, if there is one that remembers
    something, and best one that is used."""
    remembers = [
        each for each in found.ablations if each.probe.predicate.needs == "what stood before"
    ]
    used = [each for each in remembers if each.used]
    return [*used, *remembers, *found.ablations][0]


def _worth_seeing(found: UnitStudy) -> Sequence[Probe]:
    """What the character itself does not show, if there is such a thing."""
    more = [probe for probe in found.probes if probe.predicate.needs != "the character itself"]
    return (more or found.probes)[:_PASSAGES]


def _nats(value: float) -> str:
    return f"{value:+.4f}" if abs(value) < 0.1 else f"{value:+.3f}"


def _range(values: Sequence[float]) -> str:
    if not len(values):
        return "–"
    return f"{_nats(float(np.mean(values)))} ({_nats(min(values))} to {_nats(max(values))})"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
