"""Sinusoidal encodings of positions, for layers without recurrence."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops


def sinusoidal_positions(positions, width: int):
    """PE(pos, 2i) = sin(pos / 10000^(2i/width)), PE(pos, 2i+1) = cos(pos / 10000^(2i/width)).

    Vaswani et al. 2017 (arXiv:1706.03762), section 3.5.

    Args:
        positions: int [time].
        width: of the vectors.

    Returns:
        float32 [time, width].
    """
    column = np.arange(width)
    rate = (10000.0 ** (-(column // 2 * 2) / width)).astype("float32")
    quarter = (column % 2 * np.pi / 2).astype("float32")  # cos x = sin(x + pi/2)
    return ops.sin(ops.cast(positions, "float32")[:, None] * rate + quarter)


@keras.saving.register_keras_serializable("pipeline")
class SinusoidalPositions(keras.layers.Layer):
    """Embeddings times sqrt(width), plus the sinusoids of their positions.

    Vaswani et al. 2017, sections 3.4 and 3.5. Nothing is learnt and no length is too long.

    Call arguments:
        vectors: float [batch, time, width].
        first: int scalar, the position of the first column; a decoder's step is at its own.

    Returns:
        float [batch, time, width].
    """

    def call(self, vectors, first=0):
        time, width = ops.shape(vectors)[1], vectors.shape[-1]
        positions = sinusoidal_positions(ops.arange(time, dtype="int32") + first, width)
        return vectors * width**0.5 + ops.cast(positions, vectors.dtype)

    def compute_output_shape(self, vectors_shape):
        return vectors_shape
