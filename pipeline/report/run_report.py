"""Makes the report on a run from the template of its task."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipeline.report import figures
from pipeline.report.document import document
from pipeline.report.page import ReportContent
from pipeline.report.run_facts import RunFacts


def run_document(
    template: str, run: RunFacts, *, score: tuple[str, str], **facts: Any
) -> ReportContent:
    """The report on a run, from a template that extends `report/run.md.j2`.

    Args:
        template: its name.
        run: facts about the run; unknown ones are left out.
        score: the column of the history in which higher is better, and its name.
        **facts: further values for the template.
    """
    column, name = score
    known, steps = run.history, run.steps
    has_scores = not known.empty and bool(known[column].notna().any())
    has_steps = steps is not None and not steps.empty
    kept = len(known) - 1 if run.trainings > 1 else None
    share = _clipped_share(known) if has_steps and run.clip_norm else None
    content = document(
        template,
        run=run,
        corpus_name=run.measured_on or run.corpus.get("name"),
        learnt_from={
            **run.corpus,
            **({"model parameters": run.parameters} if run.parameters else {}),
        },
        curves=None if known.empty else figures.learning_curves(known, column, name, kept),
        score=name.split(" · ")[0],
        score_column=column,
        best=known.loc[known[column].idxmax()] if has_scores else None,
        norms=figures.gradient_norms(steps, run.clip_norm, share) if has_steps else None,
        clipped_share=share,
        settings=_flat(run.settings),
        **facts,
    )
    return dataclasses.replace(content, warnings=tuple(run.warnings))


def _clipped_share(history: pd.DataFrame) -> float | None:
    """The share of clipped steps over all rows, weighted by the number of steps of each row."""
    if history.empty or history["clipped_share"].isna().any():
        return None
    covered = np.diff(history["step"].to_numpy(float), prepend=0)
    return float(np.average(history["clipped_share"].to_numpy(float), weights=covered))


def _flat(nested: Mapping, prefix: str = "") -> dict:
    """Flattens nested settings: `group.name` -> value."""
    flat = {}
    for name, value in nested.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
