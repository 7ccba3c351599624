"""What was found out about units, as numbers for programs and for TensorBoard."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.lab.units.study import UnitStudy

_CURVE = 100  # units of a curve


def numbers_of(found: UnitStudy) -> dict[str, object]:
    """What was measured, as JSON has it."""
    held = {each.probe.predicate.name: each for each in found.ablations}
    told = {}
    for probe in found.probes:
        unit = found.units[probe.best]
        told[probe.predicate.name] = {
            "needs": probe.predicate.needs,
            "share": probe.shares[1],
            "layer": unit.layer,
            "unit": unit.index,
            "part": unit.part,
            "sign": int(probe.signs[probe.best]),
            "auc_chosen": probe.chosen_area,
            "auc": probe.area,
            "auc_character": probe.character,
        }
        if probe.predicate.name in held:
            each = held[probe.predicate.name]
            told[probe.predicate.name] |= {
                "loss": {"on": each.cost.on, "off": each.cost.off},
                "held": {"on": each.best.on, "off": each.best.off},
                "controls": [{"on": c.on, "off": c.off} for c in each.controls],
                "used": each.used,
            }
    return {
        "characters": {"choosing": found.chosen, "measuring": len(found.text)},
        "state": len(found.units),
        "predicates": told,
        "not_asked": {p.name: [before, behind] for p, before, behind in found.unasked},
    }


def curves_of(found: UnitStudy) -> dict[str, tuple[Sequence[int], Sequence[float]]]:
    """AUC in the other half of the units, in the order of the half that chose."""
    curves = {}
    for probe in found.probes:
        ranked = probe.oriented[probe.ranking[:_CURVE]]
        tag = probe.predicate.name.replace(" ", "_").replace("'", "")
        curves[f"auc_by_rank/{tag}"] = (range(1, len(ranked) + 1), ranked.tolist())
    return curves
