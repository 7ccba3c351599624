"""Pooling: one vector per position to one vector per row, without the padding."""

from __future__ import annotations

import keras
from keras import ops

POOLINGS = ("last", "mean", "max", "attention")


def real_positions(sequences, lengths):
    """A mask of positions that are not padding, 1.0 or 0.0: float [batch, time, 1]."""
    step = ops.arange(ops.shape(sequences)[1], dtype="int32")[None, :]
    mask = step < ops.cast(lengths, "int32")[:, None]
    return ops.cast(mask, sequences.dtype)[:, :, None]


@keras.saving.register_keras_serializable("pipeline")
class MeanPooling(keras.layers.Layer):
    """The mean over real positions: [batch, time, width], int [batch] -> [batch, width]."""

    def call(self, sequences, lengths):
        real = real_positions(sequences, lengths)
        return ops.sum(sequences * real, axis=1) / ops.maximum(ops.sum(real, axis=1), 1.0)

    def compute_output_shape(self, sequences_shape, lengths_shape=None):
        return (sequences_shape[0], sequences_shape[-1])


@keras.saving.register_keras_serializable("pipeline")
class MaxPooling(keras.layers.Layer):
    """The maximum over real positions: [batch, time, width], int [batch] -> [batch, width]."""

    def call(self, sequences, lengths):
        real = real_positions(sequences, lengths)
        return ops.max(sequences * real - 1e4 * (1.0 - real), axis=1)

    def compute_output_shape(self, sequences_shape, lengths_shape=None):
        return (sequences_shape[0], sequences_shape[-1])


@keras.saving.register_keras_serializable("pipeline")
class LastState(keras.layers.Layer):
    """The last state of each direction.

    The forward half is read at the last real position, the backward half at the first one,
    which is where that direction ends.

    Args:
        direction: the direction of the `Recurrent` layer below.

    Call arguments:
        sequences: [batch, time, width]; lengths: int [batch].

    Returns:
        [batch, width].
    """

    def __init__(self, direction: str = "both", **kwargs):
        super().__init__(**kwargs)
        self.direction = direction

    def call(self, sequences, lengths):
        step = ops.arange(ops.shape(sequences)[1], dtype="int32")[None, :]
        is_last = ops.cast(step == ops.cast(lengths, "int32")[:, None] - 1, sequences.dtype)
        last = ops.sum(sequences * is_last[:, :, None], axis=1)
        if self.direction == "forward":
            return last
        first = sequences[:, 0]
        if self.direction == "backward":
            return first
        half = sequences.shape[-1] // 2
        return ops.concatenate([last[:, :half], first[:, half:]], axis=-1)

    def compute_output_shape(self, sequences_shape, lengths_shape=None):
        return (sequences_shape[0], sequences_shape[-1])

    def get_config(self):
        return {**super().get_config(), "direction": self.direction}


@keras.saving.register_keras_serializable("pipeline")
class AttentionPooling(keras.layers.Layer):
    """A weighted mean, with weights by additive attention against a learnt query.

    u_t = tanh(W h_t + b), a_t = softmax_t(u_t . u), s = sum_t a_t h_t: Yang et al. 2016,
    "Hierarchical Attention Networks for Document Classification", equations 5 to 7.

    Args:
        units: width of u_t.

    Call arguments:
        sequences: [batch, time, width]; lengths: int [batch].

    Returns:
        [batch, width].
    """

    def __init__(self, units: int = 128, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.hidden = keras.layers.Dense(units, activation="tanh", name="hidden")
        self.query = keras.layers.Dense(1, use_bias=False, name="query")

    def build(self, sequences_shape, lengths_shape=None):
        self.hidden.build(sequences_shape)
        self.query.build((*sequences_shape[:-1], self.units))
        self.built = True

    def call(self, sequences, lengths):
        real = real_positions(sequences, lengths)
        scores = self.query(self.hidden(sequences)) * real - 1e4 * (1.0 - real)
        return ops.sum(ops.softmax(scores, axis=1) * sequences, axis=1)

    def compute_output_shape(self, sequences_shape, lengths_shape=None):
        return (sequences_shape[0], sequences_shape[-1])

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def pooling_layer(pooling: str, *, direction: str, name: str | None = None):
    """Makes the layer for a name in `POOLINGS`."""
    match pooling:
        case "last":
            return LastState(direction, name=name)
        case "mean":
            return MeanPooling(name=name)
        case "max":
            return MaxPooling(name=name)
        case "attention":
            return AttentionPooling(name=name)
    raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}, not {pooling!r}")
