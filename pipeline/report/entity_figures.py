"""Plots of a report about entities, in the style of figures.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from pipeline.evaluation.entity_pairs import Outcome
from pipeline.report.figures import BLUE, GREEN, INK, ORANGE, QUIET, drawn
from pipeline.report.fonts import drawable

if TYPE_CHECKING:
    from pipeline.evaluation.entity_scores import EntityScores

_WIDTH = 6.4  # inches
_BARS = {
    Outcome.RIGHT: ("right · 정답", BLUE),
    Outcome.WRONG_BOUNDARY: ("boundary · 경계", "#8fc1de"),
    Outcome.WRONG_TYPE: ("type · 유형", "#E69F00"),
    Outcome.WRONG_BOTH: ("both · 둘 다", ORANGE),
    Outcome.MISSED: ("missed · 누락", "#b8bdc4"),
}


@drawn
def label_scores(per_label: Sequence[EntityScores], overall: float) -> Figure:
    """Draws the F1 of each label with its 95 % interval, between precision and recall.

    Args:
        per_label: one row per label, drawn from top to bottom.
        overall: F1 over all entities, drawn as a line.
    """
    figure = Figure(figsize=(_WIDTH, 1.5 + 0.42 * len(per_label)), layout="constrained")
    axes = figure.subplots()
    at = np.arange(len(per_label))
    value = np.array([s.f1 for s in per_label])
    low = np.array([s.f1 if s.low is None else s.low for s in per_label])
    high = np.array([s.f1 if s.high is None else s.high for s in per_label])
    axes.axvline(overall, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    axes.errorbar(
        value, at, xerr=[np.maximum(value - low, 0), np.maximum(high - value, 0)],
        fmt="o", color=BLUE, markersize=8, elinewidth=2, capsize=4, capthick=2,
        label="F1, 95% interval", zorder=3,
    )  # fmt: skip
    small = {"linestyle": "", "markersize": 6, "alpha": 0.9, "zorder": 4}
    precision, recall = [s.precision for s in per_label], [s.recall for s in per_label]
    axes.plot(precision, at, marker="<", color=ORANGE, label="precision · 정밀도", **small)
    axes.plot(recall, at, marker=">", color=GREEN, label="recall · 재현율", **small)
    axes.set_yticks(at, [f"{drawable(s.name, 14)}  {s.gold:,}" for s in per_label], color=INK)
    axes.set_ylim(len(per_label) - 0.5, -0.5)
    axes.set_xlim(right=1.02)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y", visible=False)
    axes.set_title(f"By label · 유형별 — dashed: all entities, {overall:.1%}")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


@drawn
def outcomes_by_label(outcomes: Mapping[str, Sequence[int]]) -> Figure:
    """Draws the outcomes of the gold entities of each label, as shares of 100 %.

    Args:
        outcomes: label -> counts in the order of `Outcome`; spurious ones are not drawn. A label
            without a gold entity leaves an empty row.
    """
    figure = Figure(figsize=(_WIDTH, 1.5 + 0.42 * len(outcomes)), layout="constrained")
    axes = figure.subplots()
    at = np.arange(len(outcomes))
    order = list(Outcome)
    counts = np.array([[row[order.index(kind)] for kind in _BARS] for row in outcomes.values()])
    gold = counts.sum(axis=1)
    share = counts / np.maximum(gold, 1)[:, None]
    left = np.zeros(len(outcomes))
    for column, (name, colour) in zip(share.T, _BARS.values(), strict=True):
        axes.barh(at, column, 0.72, left=left, color=colour, label=name)
        left += column
    names = [f"{drawable(label, 14)}  {n:,}" for label, n in zip(outcomes, gold, strict=True)]
    axes.set_yticks(at, names, color=INK)
    axes.set_ylim(len(outcomes) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y", visible=False)
    axes.set_title("What became of the gold entities · 정답 개체명의 결과")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


@drawn
def scores_by_length(
    by_sentence: Sequence[EntityScores], by_entity: Sequence[EntityScores], overall: float
) -> Figure:
    """Draws F1 in buckets of sentence length and of entity length, both in characters.

    Args:
        by_sentence, by_entity: one for each bucket, shortest first.
        overall: F1 over all entities, drawn as a line.
    """
    figure = Figure(figsize=(_WIDTH, 5.2), layout="constrained")
    panels = figure.subplots(2, 1, sharey=True)
    titles = (
        f"F1 by length of the sentence · 문장 길이 — dashed: {overall:.1%}",
        "F1 by length of the entity · 개체명 길이",
    )
    for axes, rows, title in zip(panels, (by_sentence, by_entity), titles, strict=True):
        at = np.arange(len(rows))
        axes.axhline(overall, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
        axes.plot(at, [s.f1 for s in rows], "o-", color=BLUE, markersize=7)
        axes.set_xticks(at, [f"{s.name}\n{s.gold:,}" for s in rows])
        axes.set_xlim(-0.5, len(rows) - 0.5)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.margins(y=0.15)
        axes.grid(axis="x", visible=False)
        axes.set_title(title)
    panels[1].set_xlabel("characters (and how many gold entities) · 글자 수")
    return figure
