"""What any report says about a run: data, training, settings, commands, versions.

Each function gives a section, or None where there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.report import figures
from pipeline.report.page import Picture, Section, Table

if TYPE_CHECKING:
    import pandas as pd


def learnt_from(corpus: Mapping[str, object], parameters: int | None) -> Section | None:
    """The corpus's facts (numbers as counts) and the model's size."""
    facts = dict(corpus)
    if parameters:
        facts["model parameters"] = parameters
    if not facts:
        return None
    return Section(
        "What it learnt from · 학습 자료",
        ["Trained on train, the best moment chosen by dev, measured once on test."],
        tables=[_facts(facts, number="{:,}")],
    )


def learning(
    history: pd.DataFrame,
    best_step: int | None = None,
    score: str = "dev_accuracy",
    score_name: str = "accuracy · 정확도",
) -> Section | None:
    """Learning curves.

    Args:
        history: a run's history.csv; columns epoch, loss, dev_loss and `score`.
        best_step: the step whose weights the rest of the report is about.
        score, score_name: the column in which more is better, and its name.
    """
    if history.empty:
        return None
    explanation = [
        "Each point is one look at the dev set. Where the dev loss turns up while the train loss "
        "keeps falling, the model has begun to learn its training texts by heart."
    ]
    said = []
    name = score_name.split(" · ")[0]
    if history[score].notna().any():
        best = history.loc[history[score].idxmax()]
        said.append(
            f"The best dev {name} was {best[score]:.4f}, at epoch {best['epoch']:g} of "
            f"{history['epoch'].max():g}."
        )
    if best_step:
        said.append(f"Everything else here is about the weights of step {best_step:,}.")
    picture = Picture(
        figures.to_png(figures.learning_curves(history, score, score_name)),
        f"Loss on train and dev and {name} on dev over {len(history)} evaluations.",
    )
    paragraphs = explanation + ([" ".join(said)] if said else [])
    return Section("Learning curves · 학습 곡선", paragraphs, [picture])


def gradients(
    history: pd.DataFrame, steps: pd.DataFrame | None, clip_norm: float | None
) -> Section | None:
    """Gradient norms from a run's steps.csv; the share of clipped steps from its history.csv."""
    if steps is None or steps.empty:
        return None
    share = _clipped_share(history) if clip_norm else None
    explanation = [
        "How large the gradient was before anything was done to it. Recurrent networks now and "
        "then produce a huge one; clipping shortens it and keeps its direction, so that a single "
        "odd batch cannot throw the weights far away."
    ]
    if share is not None:
        explanation.append(
            f"Longer than {clip_norm:g} were {share:.1%} of all steps; those were clipped."
        )
    picture = Picture(
        figures.to_png(figures.gradient_norms(steps, clip_norm, share)),
        f"Gradient norm before clipping at {len(steps)} steps.",
    )
    return Section("Gradients · 기울기", explanation, [picture])


def _clipped_share(history: pd.DataFrame) -> float | None:
    """The rows' shares, weighted by the steps that each row covers."""
    if history.empty or history["clipped_share"].isna().any():
        return None
    covered = np.diff(history["step"].to_numpy(float), prepend=0)
    return float(np.average(history["clipped_share"].to_numpy(float), weights=covered))


def settings(nested: Mapping) -> Section | None:
    """Every setting as `group.name`."""
    flat = _flat(nested)
    return Section("Settings · 설정", tables=[_facts(flat)]) if flat else None


def reproduce(commands: Sequence[str]) -> Section | None:
    """What to type to get this run again."""
    return Section("How to reproduce · 재현 방법", commands=commands) if commands else None


def environment(versions: Mapping) -> Section | None:
    """Versions of what it ran with."""
    return Section("Environment · 실행 환경", tables=[_facts(versions)]) if versions else None


def listed(names: Sequence[str], most: int) -> str:
    """The names with commas between them, the rest as a number."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" * (len(names) > most))


def _facts(facts: Mapping, number: str = "{}") -> Table:
    rows = [(str(name), _written(value, number)) for name, value in facts.items()]
    return Table(("", ""), rows, compact=True)


def _flat(nested: Mapping, prefix: str = "") -> dict:
    flat = {}
    for name, value in nested.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _written(value: object, number: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "—"
    if isinstance(value, int):
        return number.format(value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return listed([f"{k}: {_written(v, number)}" for k, v in value.items()], 20)
    if isinstance(value, list | tuple):
        return listed([_written(v, number) for v in value], 20)
    return str(value)
