"""Plots of what single units know."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.lab.plots import DASHES, legend_below, named_rows, one_panel
from pipeline.lab.units.predicates import Predicate
from pipeline.lab.units.probes import Probe
from pipeline.lab.units.study import Ablation
from pipeline.report.figures import BLUE, INK, ORANGE, QUIET, drawn

_DRAWN = 400  # units of which a dot is drawn, so that the file stays small


@drawn
def areas_by_predicate(probes: Sequence[Probe]) -> Figure:
    """AUC of all units for each predicate, in the half that did not choose.

    Units whose sign was turned are drawn with it turned. The best unit is that of the half that
    chose.
    """
    figure, axes = one_panel("Which units tell it · 유닛마다 AUC", 1.5 + 0.44 * len(probes))
    generator = np.random.default_rng(0)
    below_first = list(reversed(probes))
    rows = range(len(probes))
    for row, probe in enumerate(below_first):
        areas = np.sort(probe.oriented)
        kept = areas[np.unique(np.linspace(0, len(areas) - 1, _DRAWN).astype(int))]
        height = row + generator.uniform(-0.22, 0.22, len(kept))
        axes.plot(kept, height, ".", color=BLUE, alpha=0.22, markersize=4)
    axes.plot([], [], ".", color=BLUE, markersize=4, label="a unit · 유닛")
    axes.plot([probe.character for probe in below_first], rows, "|", color=INK, markersize=17,
              markeredgewidth=2, label="character alone · 글자만")  # fmt: skip
    axes.plot([probe.area for probe in below_first], rows, "o", color=ORANGE, markersize=7.5,
              label="chosen unit · 뽑힌 유닛")  # fmt: skip
    _name_predicates(axes, [probe.predicate for probe in probes])
    axes.set_xlim(min(0.4, *(probe.oriented.min() - 0.02 for probe in probes)), 1.02)
    axes.axvline(0.5, color=QUIET, linewidth=1, linestyle=DASHES, zorder=0)
    axes.set_xlabel("AUC in the half that did not choose (0.5 is chance)")
    legend_below(figure, 3, columnspacing=1.2)
    return figure


@drawn
def effects_of_holding(ablations: Sequence[Ablation]) -> Figure:
    """Nats a character that holding the best unit costs, where the predicate holds and elsewhere;
    beside it what holding random units costs."""
    figure, axes = one_panel("What holding a unit costs · 유닛 절제", 1.5 + 0.62 * len(ablations))
    below_first = list(reversed(ablations))
    for where, shift, colour, name, random_units in (
        ("on", 0.19, ORANGE, "best unit held, where the rule holds · 성질이 있는 자리",
         "random units: mean, least to most · 무작위 유닛"),
        ("off", -0.19, QUIET, "best unit held, elsewhere · 그 밖의 자리", None),
    ):  # fmt: skip
        heights = np.arange(len(ablations)) + shift
        best = [getattr(each.best, where) for each in below_first]
        axes.barh(heights, best, 0.34, color=colour, label=name)
        others = np.array([[getattr(c, where) for c in each.controls] for each in below_first])
        if others.size:
            mean, low, high = others.mean(axis=1), others.min(axis=1), others.max(axis=1)
            axes.errorbar(
                mean, heights, xerr=[mean - low, high - mean], fmt="o", color=INK, markersize=3.5,
                elinewidth=1.4, capsize=3, label=random_units,
            )  # fmt: skip
    _name_predicates(axes, [each.probe.predicate for each in ablations])
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_xlabel("nats a character more than with nothing held")
    legend_below(figure, 1)
    return figure


def _name_predicates(axes: Axes, predicates: Sequence[Predicate]) -> None:
    named_rows(axes, [f"{predicate.name}\n{predicate.korean}" for predicate in predicates])
