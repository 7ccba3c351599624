"""What all reports on a run have in common: how they begin and how they end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pipeline.report import run_sections
from pipeline.report.page import Card, ReportContent, Section

if TYPE_CHECKING:
    import pandas as pd


def run_report(
    run_info: dict,
    *,
    title: str,
    about: Sequence[str | None],
    measured: str,
    cards: Sequence[Card],
    body: Iterable[Section | None],
    history: pd.DataFrame,
    steps: pd.DataFrame | None,
    score: tuple[str, str],
    warnings: Sequence[str] = (),
) -> ReportContent:
    """A report: what the run learnt from and how it went, `body`, and how to get it again.

    Args:
        run_info: facts about the run, each optional:
            run, model: str, for the title and the line below it;
            parameters: int;
            corpus: {name, source, licence, train, dev, test (counts), any other fact};
            measured_on: the title of another corpus than that, if it was another;
            best_step: int, the step whose weights were measured;
            clip_norm: float, what gradients were clipped to, None or 0 if they were not;
            settings: nested dict; commands: lines to type; versions: package -> version.
        title: without the name of the run.
        about: what to say below it after the model; None is left out.
        measured: what the numbers are from, as `5,000 test sentences`.
        body: the sections of this kind of report; None is left out.
        history, steps: a run's history.csv (may be empty) and steps.csv (None: no gradients).
        score: the column of the history in which more is better, and its name.
        warnings: sentences that must not be missed.
    """
    corpus = run_info.get("measured_on") or (run_info.get("corpus") or {}).get("name")
    line = [
        run_info.get("model"),
        *about,
        f"measured on {measured}" + (f" of {corpus}" if corpus else ""),
    ]
    sections = [
        run_sections.learnt_from(run_info),
        run_sections.learning(history, run_info.get("best_step"), *score),
        run_sections.gradients(history, steps, run_info.get("clip_norm")),
        *body,
        run_sections.settings(run_info.get("settings") or {}),
        run_sections.reproduce(run_info.get("commands") or ()),
        run_sections.environment(run_info.get("versions") or {}),
    ]
    return ReportContent(
        title=title + (f" — {run_info['run']}" if run_info.get("run") else ""),
        subtitle="; ".join(filter(None, line)) + ".",
        warnings=tuple(warnings),
        cards=tuple(cards),
        sections=tuple(section for section in sections if section is not None),
    )
