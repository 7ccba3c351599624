"""What all reports on a run have in common: how they begin and how they end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.report import run_sections
from pipeline.report.page import Card, ReportContent, Section
from pipeline.report.run_facts import RunFacts


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
