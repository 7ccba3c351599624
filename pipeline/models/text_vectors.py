"""One vector for a text, computed from the vectors of its pieces."""

from __future__ import annotations

import keras
import numpy as np

from pipeline.models.text_encoder import encode
from pipeline.text.ragged import Ragged


def mean_vectors(encoder: keras.Model, rows: Ragged) -> np.ndarray:
    """The mean over the pieces of each row, without [BOS] and [EOS]: float32 [rows, width]; 0 for a
    row without pieces.

    Args:
        encoder: what `pipeline.models.text_encoder.text_encoder` made.
        rows: framed ids.
    """
    width = encoder.output_shape[-1]
    means = [
        row[1:-1].mean(axis=0) if len(row) > 2 else np.zeros(width) for row in encode(encoder, rows)
    ]
    return np.asarray(means, np.float32).reshape(len(rows), width)


def text_vectors(encoder: keras.Model, rows: Ragged, centre: np.ndarray) -> np.ndarray:
    """A vector of length 1 for each row, so that the dot product of two is their cosine similarity.

    From the mean over the pieces `centre`, the mean of many texts, is taken away: what all texts
    have in common says nothing about any of them (Mu and Viswanath 2018, arXiv:1702.01417).

    Args:
        encoder, rows: as of `mean_vectors`.
        centre: float32 [width].

    Returns:
        float32 [rows, width].
    """
    return to_unit_length(mean_vectors(encoder, rows) - centre)


def to_unit_length(vectors: np.ndarray) -> np.ndarray:
    """Divides rows by their length; a row of zeros stays as it is."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
