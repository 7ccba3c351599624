"""A GRU over segments of each channel that forecasts all segments at once."""

from __future__ import annotations

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable("pipeline")
class SegmentGRU(keras.layers.Layer):
    """SegRNN (Lin et al. 2023, arXiv:2308.11200), with parallel multi-step forecasting.

    Each channel by itself, with the same weights: its segments are embedded (a dense layer, ReLU)
    and read by a GRU. Its last state h meets, in one more step of the same GRU, each position of
    the horizon at once: an input made of a vector of the position and one of the channel. A dense
    layer makes a segment of each of these states. A window that is no multiple of the segment is
    filled up on the left with its first value.

    The step behind h is written out: its products with the input depend on position and channel
    alone, those with h on the row alone, so that neither is taken once for each pair.

    Args:
        segment: steps of a segment.
        units: width of the state, at least 2.
        horizon: steps that are forecast.
        dropout: share of state features dropped before the last dense layer in training.
        seed: start of the weights; None draws from Keras's global generator.

    Call arguments:
        series: float [batch, time, channels], the last value of each channel subtracted.

    Returns:
        float [batch, horizon, channels].
    """

    def __init__(
        self,
        segment: int,
        units: int,
        horizon: int,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.segment, self.units, self.horizon = segment, units, horizon
        self.dropout, self.seed = dropout, seed
        seeds = [None if seed is None else seed + i for i in range(6)]
        glorot = keras.initializers.GlorotUniform
        self.embed = keras.layers.Dense(
            units, activation="relu", kernel_initializer=glorot(seeds[0]), name="embed"
        )
        self.gru = keras.layers.GRU(
            units,
            kernel_initializer=glorot(seeds[1]),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seeds[2]),
            name="gru",
        )
        self.drop = keras.layers.Dropout(dropout, seed=seeds[3], name="drop")
        self.head = keras.layers.Dense(segment, kernel_initializer=glorot(seeds[4]), name="head")
        self._places = keras.initializers.RandomNormal(stddev=1.0, seed=seeds[5])

    def build(self, series_shape):
        half, positions = self.units // 2, math.ceil(self.horizon / self.segment)
        self.embed.build((None, None, self.segment))
        self.gru.build((None, None, self.units))
        self.head.build((None, None, None, self.units))
        self.positions = self.add_weight(
            (positions, half), initializer=self._places, name="positions"
        )
        self.channels = self.add_weight(
            (series_shape[-1], self.units - half), initializer=self._places, name="channels"
        )
        self.built = True

    def call(self, series, training=None):
        time, channels = ops.shape(series)[1], series.shape[2]
        segments = (time + self.segment - 1) // self.segment
        steps = ops.arange(segments * self.segment, dtype="int32")
        steps = ops.maximum(steps - (segments * self.segment - time), 0)
        filled = ops.transpose(ops.take(series, steps, axis=1), (0, 2, 1))
        rows = ops.reshape(filled, (-1, segments, self.segment))
        state = ops.reshape(self.gru(self.embed(rows)), (-1, channels, 1, self.units))
        states = self.drop(self._step(self._place_inputs(), state), training=training)
        steps = ops.reshape(
            self.head(states), (-1, channels, self.positions.shape[0] * self.segment)
        )
        return ops.transpose(steps[:, :, : self.horizon], (0, 2, 1))

    def _place_inputs(self):
        """The inputs of the decoding step after the last state, [channels, positions, units]."""
        positions, channels = self.positions.shape[0], self.channels.shape[0]
        at = ops.repeat(ops.expand_dims(self.positions, 0), channels, axis=0)
        of = ops.repeat(ops.expand_dims(self.channels, 1), positions, axis=1)
        return ops.concatenate([at, of], axis=-1)

    def _step(self, inputs, state):
        """One step of the GRU (Cho et al. 2014; `reset_after`, as cuDNN has it).

        Args:
            inputs: [channels, positions, units].
            state: [batch, channels, 1, units].

        Returns:
            [batch, channels, positions, units].
        """
        cell = self.gru.cell
        of_input = ops.matmul(inputs, cell.kernel) + cell.bias[0]
        of_state = ops.matmul(state, cell.recurrent_kernel) + cell.bias[1]
        x_z, x_r, x_h = ops.split(of_input, 3, axis=-1)
        h_z, h_r, h_h = ops.split(of_state, 3, axis=-1)
        z, r = ops.sigmoid(x_z + h_z), ops.sigmoid(x_r + h_r)
        return z * state + (1 - z) * ops.tanh(x_h + r * h_h)

    def compute_output_shape(self, series_shape):
        return (series_shape[0], self.horizon, series_shape[2])

    def get_config(self):
        return {
            **super().get_config(),
            "segment": self.segment,
            "units": self.units,
            "horizon": self.horizon,
            "dropout": self.dropout,
            "seed": self.seed,
        }
