"""What the report of an encoder shows; its words are in report.md.j2."""

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
    """A passage with a piece that was hidden.

    Attributes:
        before, after: the passage on both sides of it.
        piece: what stood there.
        guesses: (piece, probability), the most probable first.
    """

    before: str
    piece: str
    after: str
    guesses: Sequence[tuple[str, float]]

    @property
    def passage(self) -> list[MarkedSpan]:
        """The whole passage, in which the piece is marked."""
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
    """Puts an encoder's report together.

    Args:
        metrics: what metrics.json holds.
        ways: nats a piece, from the left and from the right; one number of a Transformer.
        examples: of hidden pieces.
        neighbours: word -> (word, cosine similarity).
        found, bag: how well the vectors of the encoder, and bags of pieces, find the other half
            of a text.
        run: what is known of the run; its history has a column dev_log_probability.
        seconds: of training.
        tokens: pieces that were read in it.
    """
    return run_document(
        "tasks/encoder/report.md.j2",
        run,
        score=("dev_log_probability", "log probability of a piece, nats"),
        metrics=metrics,
        costs=[(nats, float(np.exp(nats))) for nats in ways],
        examples=examples,
        neighbours=neighbours,
        found=found,
        bag=bag,
        seconds=seconds,
        tokens=tokens,
    )
