"""What the report of an encoder says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.report.page import Card, ReportContent, Section, Span, Table
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_report

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


def encoder_content(
    metrics: Mapping[str, Any],
    ways: Sequence[float],
    examples: Sequence[FillInExample],
    neighbours: Sequence[tuple[str, Sequence[tuple[str, float]]]],
    retrieval: Mapping[str, RetrievalScores],
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
        retrieval: name of a kind of vector -> how well it finds the other half of a text.
        run: what is known of the run; its history has a column dev_log_probability.
        seconds: of training.
        tokens: pieces that were read in it.
    """
    return run_report(
        run,
        title="Pretrained encoder (encoder) · 사전 학습 인코더",
        about=[f"{tokens:,} pieces read in {_time(seconds)}"],
        measured=f"{run.corpus.get('test', 0):,} test texts",
        cards=_cards(metrics),
        body=(_costs(ways), _fill_in(metrics, examples), _words(neighbours), _halves(retrieval)),
        score=("dev_log_probability", "log probability of a piece, nats"),
    )


def _time(seconds: float) -> str:
    return f"{seconds:,.0f} seconds" if seconds < 120 else f"{seconds / 60:,.0f} minutes"


def _cards(metrics: Mapping[str, Any]) -> list[Card]:
    return [
        Card(
            "Perplexity · 혼란도",
            f"{metrics['perplexity']:.1f}",
            "As uncertain about a piece as between so many equally likely ones.",
        ),
        Card(
            "Hidden pieces guessed · 빈칸 맞히기",
            f"{metrics['fill_in_accuracy']:.1%}",
            f"The right one is among the first five guesses for "
            f"{metrics['fill_in_accuracy_of_5']:.1%}; the most frequent piece would be right for "
            f"{metrics['most_frequent']:.1%}.",
        ),
        Card(
            "Other halves found · 나머지 반쪽 찾기",
            f"{metrics['recall_at_1']:.1%}",
            f"The second half of a text is the nearest to its first half, of "
            f"{metrics['texts']:,}; common pieces find "
            f"{metrics['bag_of_pieces']['recall_at_1']:.1%}.",
        ),
    ]


def _costs(ways: Sequence[float]) -> Section:
    names = ("left to right", "right to left") if len(ways) == 2 else ("hidden pieces",)
    return Section(
        "What a piece costs · 교차 엔트로피",
        [
            "−log p(piece | what the model has read), the mean over the test split, with the "
            "softmax over the whole vocabulary. Perplexity is its exponential. Figures compare "
            "only between models with the same pieces.",
        ],
        tables=[
            Table(
                ("", "nats a piece", "perplexity"),
                [
                    (name, f"{nats:.4f}", f"{np.exp(nats):.1f}")
                    for name, nats in zip(names, ways, strict=True)
                ],
                numeric=(1, 2),
            )
        ],
    )


def _fill_in(metrics: Mapping[str, Any], examples: Sequence[FillInExample]) -> Section | None:
    if not examples:
        return None
    rows = []
    for example in examples:
        passage = [Span(example.before), Span(f" {example.piece} ", tone=1), Span(example.after)]
        guesses = ", ".join(f"{piece} {p:.0%}" for piece, p in example.guesses)
        rows.append((passage, guesses))
    return Section(
        "Fill in · 빈칸 채우기",
        [
            "The marked piece was hidden. A two-way language model multiplies what it expects from "
            "the left with what it expects from the right and divides by how frequent the piece "
            "is; a Transformer guesses from all around.",
        ],
        tables=[Table(("text · 글", "guesses · 추측"), rows, prose=True)],
    )


def _words(
    neighbours: Sequence[tuple[str, Sequence[tuple[str, float]]]],
) -> Section | None:
    if not neighbours:
        return None
    rows = [
        (word, ", ".join(f"{near} {similarity:.2f}" for near, similarity in nearest))
        for word, nearest in neighbours
    ]
    return Section(
        "Nearest words · 가까운 낱말",
        [
            "Among the most frequent words of the training text those whose vectors point in the "
            "most similar direction (cosine). Nobody told the model what any of them means.",
        ],
        tables=[Table(("word · 낱말", "nearest · 가까운 말"), rows, prose=True)],
    )


def _halves(retrieval: Mapping[str, RetrievalScores]) -> Section:
    rows = [
        (
            name,
            f"{found.recall_at_1:.1%}",
            f"{found.recall_at_10:.1%}",
            f"{found.mean_reciprocal_rank:.3f}",
        )
        for name, found in retrieval.items()
    ]
    texts = next(iter(retrieval.values())).texts
    return Section(
        "Search with text vectors · 글 벡터로 찾기",
        [
            f"{texts:,} test texts of ten words or more were cut in half. For each first half, all "
            "second halves are ranked by cosine similarity; the right one should come first. The "
            "halves of a text share a subject, often without sharing a word.",
        ],
        tables=[
            Table(
                ("vectors", "first · 1위", "among ten · 10위 안", "mean reciprocal rank"),
                rows,
                numeric=(1, 2, 3),
            )
        ],
    )
