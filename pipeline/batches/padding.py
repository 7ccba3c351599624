"""Rows of ids of different lengths as one right-padded matrix."""

from __future__ import annotations

import keras
import numpy as np

from pipeline.array_file import forget_pages
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import PAD

_ROWS_AT_ONCE = 32
"""Rows that are read before pages are let go of; with one page the system may map two megabytes."""


def shape_multiple() -> int:
    """The multiple to which widths of batches are rounded up: 1 where a new shape costs nothing
    (TensorFlow), 8 where each new shape is compiled (JAX)."""
    return 8 if keras.backend.backend() == "jax" else 1


def pad(
    rows: Ragged, indices: np.ndarray, multiple: int = 1, fill: int = PAD
) -> tuple[np.ndarray, np.ndarray]:
    """Pads some rows on the right to a matrix; of a mapped file nothing stays in memory.

    Args:
        rows: framed ids.
        indices: int [batch], which rows.
        multiple: the width is rounded up to a multiple of this.
        fill: what padding is.

    Returns:
        ids int32 [batch, time] padded with `fill`, and lengths int32 [batch].
    """
    starts, lengths = rows.row_splits[indices], rows.lengths_of(indices).astype(np.int32)
    forget_pages(rows.row_splits)
    width = int(-(-int(lengths.max(initial=1)) // multiple) * multiple)
    ids = np.full((len(indices), width), fill, np.int32)
    for number, (start, length) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True)):
        ids[number, :length] = rows.ids[start : start + length]
        if number % _ROWS_AT_ONCE == 0:
            forget_pages(rows.ids)
    forget_pages(rows.ids)
    return ids, lengths
