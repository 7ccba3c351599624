"""A decoder of numeric vectors that reads its own output of the step before."""

from __future__ import annotations

import keras
from keras import ops

CELLS = {"lstm": (keras.layers.LSTMCell, 2), "gru": (keras.layers.GRUCell, 1)}
"""Name -> class, and how many vectors make its state."""


@keras.saving.register_keras_serializable("pipeline")
class FeedbackDecoder(keras.layers.Layer):
    """A recurrent cell that outputs a vector at each step and reads it at the next step.

    Where a step is given something to read (teacher forcing), it reads that instead.

    Args:
        cell: "lstm" or "gru".
        units: width of the state.
        size: numbers a step.
        seed: start of the weights; None draws from Keras's global generator.

    Call arguments:
        given: float [batch, steps, size + 1]: what is to be read at each step, and 1 where it is,
            0 where the step reads what was said before (at the first step: zeros).
        state: float [batch, units], of an LSTM [batch, 2 * units] (h, then c).

    Returns:
        float [batch, steps, size].
    """

    def __init__(self, cell: str, units: int, size: int, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        if cell not in CELLS:
            raise ValueError(f"cell must be one of {', '.join(CELLS)}, not {cell!r}")
        self.cell, self.units, self.size, self.seed = cell, units, size, seed
        seeds = [None if seed is None else seed + i for i in range(3)]
        kind, self.parts = CELLS[cell]
        self.recurrent = kind(
            units,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seeds[0]),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seeds[1]),
            name="recurrent",
        )
        self.head = keras.layers.Dense(
            size, kernel_initializer=keras.initializers.GlorotUniform(seed=seeds[2]), name="head"
        )

    def build(self, given_shape, state_shape=None):
        self.recurrent.build((None, self.size))
        self.head.build((None, self.units))
        self.built = True

    def call(self, given, state):
        nothing = ops.zeros_like(given[:, 0, : self.size])

        def step(carried, read):
            said, before = carried[:, : self.size], carried[:, self.size :]
            known = read[:, self.size :]
            x = known * read[:, : self.size] + (1 - known) * said
            output, after = self.recurrent(x, ops.split(before, self.parts, axis=-1))
            said = self.head(output)
            carried = ops.concatenate([said, *keras.tree.flatten(after)], axis=-1)
            return carried, carried

        # With TensorFlow, Keras's scan wants results of the shapes that are carried.
        first = ops.concatenate([nothing, state], axis=-1)
        _, steps = ops.scan(step, first, ops.transpose(given, (1, 0, 2)))
        return ops.transpose(steps[:, :, : self.size], (1, 0, 2))

    def compute_output_shape(self, given_shape, state_shape=None):
        return (*given_shape[:2], self.size)

    def get_config(self):
        return {
            **super().get_config(),
            "cell": self.cell,
            "units": self.units,
            "size": self.size,
            "seed": self.seed,
        }
