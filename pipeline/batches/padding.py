"""Rows of ids of different lengths as one right-padded matrix."""

from __future__ import annotations

import keras
import numpy as np

from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import PAD


def shape_multiple() -> int:
    """The multiple to which widths of batches are rounded up: 1 where a new shape costs nothing
    (TensorFlow), 8 where each new shape is compiled (JAX)."""
    return 8 if keras.backend.backend() == "jax" else 1


def pad(
    rows: Ragged, indices: np.ndarray, multiple: int = 1, fill: int = PAD
) -> tuple[np.ndarray, np.ndarray]:
    """Pads some rows on the right to a matrix.

    Args:
        rows: framed ids.
        indices: int [batch], which rows.
        multiple: the width is rounded up to a multiple of this.
        fill: what padding is.

    Returns:
        ids int32 [batch, time] padded with `fill`, and lengths int32 [batch].
    """
    lengths = rows.lengths_of(indices).astype(np.int32)
    width = int(-(-int(lengths.max(initial=1)) // multiple) * multiple)
    position = np.arange(width, dtype=np.int64)[None, :]
    real = position < lengths[:, None]
    source = np.where(real, rows.row_splits[indices][:, None] + position, 0)
    ids = np.where(real, rows.ids[source] if len(rows.ids) else fill, fill).astype(np.int32)
    return ids, lengths
