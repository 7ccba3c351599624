"""What single units know, drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from pipeline.lab.units.probes import Probe
from pipeline.lab.units.study import Ablation
from pipeline.report.figures import BLUE, INK, ORANGE, QUIET, drawn

_WIDTH = 6.4  # inches
_ROW = 0.44
_DRAWN = 400  # units of which a dot is drawn, so that the file stays small


@drawn
def areas_by_predicate(probes: Sequence[Probe]) -> Figure:
    """AUC of all units for each predicate, in the half that did not choose.

    Units whose sign was turned are drawn with it turned. The best unit is that of the half that
    chose.
    """
    figure = Figure(figsize=(_WIDTH, 1.5 + _ROW * len(probes)), layout="constrained")
    axes = figure.subplots()
    generator = np.random.default_rng(0)
    for row, probe in enumerate(reversed(probes)):
        areas = np.sort(probe.oriented)
        kept = areas[np.unique(np.linspace(0, len(areas) - 1, _DRAWN).astype(int))]
        height = row + generator.uniform(-0.22, 0.22, len(kept))
        label = {"label": "a unit · 유닛"} if row == 0 else {}
        axes.plot(kept, height, ".", color=BLUE, alpha=0.22, markersize=4, **label)
        label = {"label": "character alone · 글자만"} if row == 0 else {}
        axes.plot(
            [probe.character], [row], "|", color=INK, markersize=17, markeredgewidth=2, **label
        )
        label = {"label": "chosen unit · 뽑힌 유닛"} if row == 0 else {}
        axes.plot([probe.area], [row], "o", color=ORANGE, markersize=7.5, **label)
    _name_rows(axes, [probe.predicate for probe in probes])
    axes.set_xlim(min(0.4, *(probe.oriented.min() - 0.02 for probe in probes)), 1.02)
    axes.axvline(0.5, color=QUIET, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    axes.set_xlabel("AUC in the half that did not choose (0.5 is chance)")
    axes.set_title("Which units tell it · 유닛마다 AUC")
    legend = figure.legend(loc="outside lower center", ncols=3, columnspacing=1.2)
    for handle in legend.legend_handles:
        handle.set_alpha(1)
    return figure


@drawn
def effects_of_holding(ablations: Sequence[Ablation]) -> Figure:
    """Nats a character that holding the best unit costs, where the predicate holds and elsewhere;
    beside it what holding random units costs."""
    figure = Figure(figsize=(_WIDTH, 1.5 + 0.62 * len(ablations)), layout="constrained")
    axes = figure.subplots()
    for row, found in enumerate(reversed(ablations)):
        for of, shift, colour, name in (
            ("on", 0.19, ORANGE, "best unit held, where the rule holds · 성질이 있는 자리"),
            ("off", -0.19, QUIET, "best unit held, elsewhere · 그 밖의 자리"),
        ):
            label = {"label": name} if row == 0 else {}
            axes.barh(row + shift, getattr(found.best, of), 0.34, color=colour, **label)
            others = np.array([getattr(control, of) for control in found.controls])
            if not len(others):
                continue
            label = {"label": "random units: mean, least to most · 무작위 유닛"} if row == 0 else {}
            if of == "off":
                label = {}
            axes.errorbar(
                [others.mean()], [row + shift],
                xerr=[[others.mean() - others.min()], [others.max() - others.mean()]],
                fmt="o", color=INK, markersize=3.5, elinewidth=1.4, capsize=3, **label,
            )  # fmt: skip
    _name_rows(axes, [found.probe.predicate for found in ablations])
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_xlabel("nats a character more than with nothing held")
    axes.set_title("What holding a unit costs · 유닛 절제")
    figure.legend(loc="outside lower center", ncols=1)
    return figure


def _name_rows(axes, predicates) -> None:
    names = [f"{predicate.name}\n{predicate.korean}" for predicate in reversed(predicates)]
    axes.set_yticks(range(len(names)), names, color=INK, size=8.5, linespacing=1.25)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.grid(axis="y", visible=False)
