"""Content of the report of an encoder; the text is in report.md.j2."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.report.page import MarkedSpan, ReportContent
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_document

if TYPE_CHECKING:
    from pipeline.evaluation.retrieval import RetrievalScores


@dataclasses.dataclass(frozen=True)
class FillInExample:
    """A passage with a hidden piece.

    Attributes:
        before, after: text before and after it.
        piece: the hidden piece.
        guesses: (piece, probability), the most probable first.
    """

    before: str
    piece: str
    after: str
    guesses: Sequence[tuple[str, float]]

    @property
    def passage(self) -> list[MarkedSpan]:
        """The whole passage with the piece marked."""
        return [
            MarkedSpan(self.before),
            MarkedSpan(f" {self.piece} ", tone=1),
            MarkedSpan(self.after),
        ]


def encoder_content(
    metrics: Mapping[str, Any],
    ways: Sequence[float],
    examples: Sequence[FillInExample],
    neighbours: Sequence[tuple[str, Sequence[tuple[str, float]]]],
    found: RetrievalScores,
    bag: RetrievalScores,
    run: RunFacts,
    *,
    seconds: float,
    tokens: int,
) -> ReportContent:
    """Makes the report of an encoder.

    Args:
        metrics: as in metrics.json.
        ways: nats per piece, from the left and from the right; for a Transformer one number.
        examples: of hidden pieces.
        neighbours: word -> (word, cosine similarity).
        found, bag: retrieval of the other half of a text by vectors of the encoder, and by bags
            of pieces.
        run: facts about the run; its history has a column dev_log_probability.
        seconds: duration of the training.
        tokens: number of pieces read in it.
    """
    return run_document(
        "tasks/encoder/report.md.j2",
        run,
        score=("dev_log_probability", "log probability (nats per piece)"),
        metrics=metrics,
        costs=[(nats, float(np.exp(nats))) for nats in ways],
        examples=examples,
        neighbours=neighbours,
        found=found,
        bag=bag,
        seconds=seconds,
        tokens=tokens,
    )
