"""The page on what single units of a character language model know, and whether it is used.

Its words are in page.md.j2.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np

from pipeline.lab.base import Curves, OnProgress, Page, no_progress
from pipeline.lab.units import pictures
from pipeline.lab.units.explorer import EXPLORER, explorer
from pipeline.lab.units.passages import passage_of
from pipeline.lab.units.predicates import CHARACTER, PAST
from pipeline.lab.units.probes import MIN_POSITIONS, Probe
from pipeline.lab.units.study import (
    QUICK,
    Ablation,
    UnitResults,
    UnitStudySettings,
    measure_units,
)
from pipeline.report.document import document
from pipeline.report.passage import Passage
from pipeline.text.characters import Characters

CLEARLY = 0.05
"""By how much a unit's AUC has to be above that of the character alone to be spoken of."""
_PASSAGES = 6
_LENGTH, _LINES = 420, 12  # of a passage
_CURVE = 100  # units of a curve


def page(
    model: keras.Model,
    characters: Characters,
    texts: Sequence[str],
    ends: Sequence[bool],
    *,
    title: str,
    quick: bool = False,
    seed: int = 1,
    progress: OnProgress = no_progress,
) -> Page:
    """Measures what the units of a trained language model know, and writes the page.

    Args:
        model, characters, texts, ends, seed, progress: as `measure_units` takes them.
        title: of the corpus.
        quick: less text, fewer units held.

    Raises:
        UserError: there is too little text.
    """
    settings = QUICK if quick else UnitStudySettings()
    return page_of(measure_units(model, characters, texts, ends, settings, seed, progress), title)


def page_of(results: UnitResults, title: str) -> Page:
    """The page of results. `title` is that of the corpus."""
    headline = _headline(results)
    controls = len(results.ablations[0].controls)
    content = document(
        "lab/units/page.md.j2",
        results=results,
        title=title,
        headline=headline,
        probe=headline.probe,
        unit_name=_capital(results.units[headline.probe.best].name),
        min_positions=MIN_POSITIONS,
        clearly=CLEARLY,
        luck=float(np.mean([probe.area - probe.chosen_area for probe in results.probes])),
        passages=passages(results),
        explorer=EXPLORER,
        controls=controls,
        lucky=len(results.ablations) / (controls + 1),
        nats=_nats,
        span_of=_range,
        plots={
            "areas": pictures.areas_by_predicate(results.probes),
            "effects": pictures.effects_of_holding(results.ablations),
        },
    )
    return Page(
        "units",
        content,
        numbers=_numbers(results),
        curves=_curves(results),
        files={EXPLORER: explorer(results, title)},
    )


def passages(results: UnitResults) -> list[Passage]:
    """Stretches of the text, coloured by the best units for rules that the character itself does
    not show, if there are such."""
    return [passage_of(results, probe, _LENGTH, _LINES) for probe in _worth_seeing(results)]


def _headline(results: UnitResults) -> Ablation:
    """Of the units that were held the most surprising one, if there is one that remembers
    something, and best one that is used."""
    remembers = [each for each in results.ablations if each.probe.predicate.needs == PAST]
    used = [each for each in remembers if each.used]
    return [*used, *remembers, *results.ablations][0]


def _worth_seeing(results: UnitResults) -> Sequence[Probe]:
    """What the character itself does not show, if there is such a thing."""
    more = [probe for probe in results.probes if probe.predicate.needs != CHARACTER]
    return (more or results.probes)[:_PASSAGES]


def _nats(value: float) -> str:
    shown = f"{value:+.4f}" if abs(value) < 0.1 else f"{value:+.3f}"
    return shown if float(shown) else "0"


def _range(values: Sequence[float]) -> str:
    if not len(values):
        return "–"
    return f"{_nats(float(np.mean(values)))} ({_nats(min(values))} to {_nats(max(values))})"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _numbers(results: UnitResults) -> dict[str, object]:
    """What was measured, as JSON has it."""
    held = {each.probe.predicate.name: each for each in results.ablations}
    predicates: dict[str, dict[str, object]] = {}
    for probe in results.probes:
        unit, name = results.units[probe.best], probe.predicate.name
        predicates[name] = {
            "needs": probe.predicate.needs,
            "share": probe.shares[1],
            "layer": unit.layer,
            "unit": unit.index,
            "part": unit.part,
            "sign": probe.signs[probe.best],
            "auc_chosen": probe.chosen_area,
            "auc": probe.area,
            "auc_character": probe.character,
        }
        if name in held:
            each = held[name]
            predicates[name] |= {
                "loss": dataclasses.asdict(each.cost),
                "held": dataclasses.asdict(each.best),
                "controls": [dataclasses.asdict(control) for control in each.controls],
                "used": each.used,
            }
    return {
        "characters": {"choosing": results.chosen, "measuring": len(results.text)},
        "state": len(results.units),
        "predicates": predicates,
        "not_asked": {p.name: [before, behind] for p, before, behind in results.unasked},
    }


def _curves(results: UnitResults) -> Curves:
    """AUC in the other half of the units, in the order of the half that chose."""
    curves = {}
    for probe in results.probes:
        ranked = probe.oriented[probe.ranking[:_CURVE]]
        tag = probe.predicate.name.replace(" ", "_").replace("'", "")
        curves[f"auc_by_rank/{tag}"] = (range(1, len(ranked) + 1), ranked)
    return curves
