"""The first page of the laboratory's report: the smallest character model, from end to end.

Its words are in page.md.j2.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
from keras import ops

from pipeline.lab.base import OnProgress, Page, StudyText
from pipeline.lab.hello import pictures
from pipeline.lab.hello.study import DUE, LETTERS, READ, SURE, HelloNetwork, HelloRun, train_by_hand
from pipeline.report.document import document


@dataclasses.dataclass(frozen=True)
class TermRow:
    """A row of the table of terms: its name, and numbers as they are shown, "" for none."""

    name: str
    terms: list[str]


def page(text: StudyText, *, quick: bool, seed: int, progress: OnProgress) -> Page:
    """The page; the same whatever the text, and never long."""
    run = train_by_hand()
    progress(0.5)
    return page_of(run)


def page_of(run: HelloRun) -> Page:
    """The page of a training; every number is from `run`."""
    place = largest_entry(run.before)
    content = document(
        "lab/hello/page.md.j2",
        run=run,
        units=run.before.network.cell.units,
        READ=READ,
        DUE=DUE,
        LETTERS=LETTERS,
        SURE=SURE,
        place=place,
        columns=[f"k = {k} (reads {letter})" for k, letter in enumerate(READ, 1)],
        terms=term_rows(run.before, place),
        gradient={
            "summed": _entry(run.before.terms.sums()["W_hh"], place),
            "one_way": _entry(run.before.gradients["W_hh"], place),
            "slope": run.before.slope("W_hh", place),
        },
        answers=[answer for answer, _ in itertools.groupby(run.answers)],
        even_loss=len(DUE) * np.log(len(LETTERS)),
        plots={
            "untrained": pictures.unrolled(run.before, "Untrained · 학습 전"),
            "trained": pictures.unrolled(run.after, "Trained · 학습 후"),
            "sizes_of_terms": pictures.sizes_of_terms(run),
            "loss_curve": pictures.loss_curve(run),
            "norms_by_lag": pictures.norms_by_lag(run),
        },
    )
    numbers = {
        "updates": run.updates,
        "said_before": run.before.said,
        "said_after": run.after.said,
        "norms_by_lag_after": run.after.norms_by_lag,
    }
    return Page("hello", content, numbers=numbers)


def largest_entry(network: HelloNetwork) -> tuple[int, int]:
    """Where the gradient of W_hh is largest."""
    gradient = np.abs(ops.convert_to_numpy(network.gradients["W_hh"]))
    row, column = np.unravel_index(gradient.argmax(), gradient.shape)
    return int(row), int(column)


def term_rows(network: HelloNetwork, place: tuple[int, int]) -> list[TermRow]:
    """The terms of ∂L/∂W_hh for one weight: t in rows, k in columns, sums at the edges."""
    each = ops.convert_to_numpy(network.terms.W_hh)[:, :, place[0], place[1]]
    rows = []
    for t, terms in enumerate(each):
        shown = [_signed(term) if k <= t else "" for k, term in enumerate(terms)]
        rows.append(TermRow(f"t = {t + 1} ({DUE[t]} due)", [*shown, _signed(terms.sum())]))
    sums = [*map(_signed, each.sum(axis=0)), _signed(each.sum())]
    return [*rows, TermRow("Σ over t", sums)]


def _entry(matrix: Any, place: tuple[int, int]) -> float:
    return float(ops.convert_to_numpy(matrix)[place])


def _signed(value: float) -> str:
    return f"{value:+.6f}" if value else "0"
