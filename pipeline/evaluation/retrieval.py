"""Evaluates text vectors by retrieval: whether the first half of a text finds its second half."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

FEWEST_WORDS = 10
MOST_TEXTS = 500


@dataclasses.dataclass(frozen=True)
class RetrievalScores:
    """How well the second half of each text is found with its first half.

    Attributes:
        recall_at_1, recall_at_10: share of texts whose other half is the nearest, or among the
            ten nearest.
        mean_reciprocal_rank: of the other half; 1 where it is always the nearest.
        texts: how many halves were searched.
    """

    recall_at_1: float
    recall_at_10: float
    mean_reciprocal_rank: float
    texts: int


def text_halves(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """First and second halves of the first 500 texts that have 10 words or more."""
    split = [text.split() for text in texts]
    chosen = [words for words in split if len(words) >= FEWEST_WORDS][:MOST_TEXTS]
    return (
        [" ".join(words[: len(words) // 2]) for words in chosen],
        [" ".join(words[len(words) // 2 :]) for words in chosen],
    )


def retrieval_scores(queries: np.ndarray, documents: np.ndarray) -> RetrievalScores:
    """Ranks `documents` for each row of `queries` by dot product; row i of `documents` is the right
    one for row i of `queries`.

    Of equal products the one that is looked for counts as the last.

    Args:
        queries, documents: float [texts, width], of length 1.

    Example:
        >>> retrieval_scores(np.eye(3), np.eye(3)).recall_at_1
        1.0
    """
    if not len(queries):
        return RetrievalScores(0.0, 0.0, 0.0, 0)
    products = np.asarray(queries, np.float64) @ np.asarray(documents, np.float64).T
    right = np.diagonal(products)[:, None]
    ranks = (products >= right).sum(axis=1)
    return RetrievalScores(
        recall_at_1=float(np.mean(ranks <= 1)),
        recall_at_10=float(np.mean(ranks <= 10)),
        mean_reciprocal_rank=float(np.mean(1 / ranks)),
        texts=len(queries),
    )


def bag_of_pieces(rows: Sequence[Sequence[int]], pieces: int) -> np.ndarray:
    """The baseline for learnt vectors: counts of pieces weighted by tf-idf over these rows, float64
    [rows, pieces] of length 1."""
    counts = np.zeros((len(rows), pieces))
    for number, row in enumerate(rows):
        np.add.at(counts[number], np.asarray(row, int), 1)
    found_in = (counts > 0).sum(axis=0)
    weighted = counts * np.log((1 + len(rows)) / (1 + found_in))
    return weighted / np.maximum(np.linalg.norm(weighted, axis=1, keepdims=True), 1e-9)
