"""What all reports on a run have in common: how they begin and how they end."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.report import figures, run_sections
from pipeline.report.document import document
from pipeline.report.page import Card, ReportContent, Section
from pipeline.report.run_facts import RunFacts


def run_document(
    template: str, run: RunFacts, *, score: tuple[str, str], **facts: Any
) -> ReportContent:
    """The report on a run, from a template that extends `report/run.md.j2`.

    Args:
        template: its name.
        run: what is known of the run; what is not known is left out.
        score: the column of the history in which more is better, and its name.
        **facts: what else the template may put in.
    """
    column, name = score
    known, steps = run.history, run.steps
    has_scores = not known.empty and bool(known[column].notna().any())
    has_steps = steps is not None and not steps.empty
    share = _clipped_share(known) if has_steps and run.clip_norm else None
    content = document(
        template,
        run=run,
        corpus_name=run.measured_on or run.corpus.get("name"),
        learnt_from={
            **run.corpus,
            **({"model parameters": run.parameters} if run.parameters else {}),
        },
        curves=None if known.empty else figures.learning_curves(known, column, name),
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
    """The rows' shares of clipped steps, weighted by the steps that each row covers."""
    if history.empty or history["clipped_share"].isna().any():
        return None
    covered = np.diff(history["step"].to_numpy(float), prepend=0)
    return float(np.average(history["clipped_share"].to_numpy(float), weights=covered))


def _flat(nested: Mapping, prefix: str = "") -> dict:
    """Nested settings as `group.name`."""
    flat = {}
    for name, value in nested.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def run_report(
    run: RunFacts,
    *,
    title: str,
    about: Sequence[str | None],
    measured: str,
    cards: Sequence[Card],
    body: Iterable[Section | None],
    score: tuple[str, str],
) -> ReportContent:
    """A report: what the run learnt from and how it went, `body`, and how to get it again.

    Args:
        run: what is known of the run; what is not known is left out.
        title: without the name of the run.
        about: what to say below it after the model; None is left out.
        measured: what the numbers are from, as `5,000 test sentences`.
        body: the sections of this kind of report; None is left out.
        score: the column of the history in which more is better, and its name.
    """
    corpus = run.measured_on or run.corpus.get("name")
    line = [run.model, *about, f"measured on {measured}" + (f" of {corpus}" if corpus else "")]
    sections = [
        run_sections.learnt_from(run.corpus, run.parameters),
        run_sections.learning(run.history, run.best_step, *score),
        run_sections.gradients(run.history, run.steps, run.clip_norm),
        *body,
        run_sections.settings(run.settings),
        run_sections.reproduce(run.commands),
        run_sections.environment(run.versions),
    ]
    return ReportContent(
        title=title + (f" — {run.run}" if run.run else ""),
        subtitle="; ".join(filter(None, line)) + ".",
        warnings=tuple(run.warnings),
        cards=tuple(cards),
        sections=tuple(section for section in sections if section is not None),
    )
