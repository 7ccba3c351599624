"""A recurrent layer that takes its state as input and returns it, with resets inside a window."""

from __future__ import annotations

import keras
from keras import ops

from pipeline.layers.recurrent import Recurrent, cell_layer


@keras.saving.register_keras_serializable("pipeline")
class CarriedRecurrent(keras.layers.Layer):
    """Runs a cell over a window of a longer text, starting from the state after the previous
    window.

    h_t = cell(x_t, h_{t-1}), with zeros in the place of h_{t-1} where `reset` is true, whatever
    was there: in the middle of a window as well as at its beginning, and for each row by itself.
    So a text that is read in windows gives what it gives when it is read at once, and a document
    gives what it gives when it stands alone. No gradient goes through a reset.

    The equations are those of Keras's cells; only the loop is another, since Keras's layers
    cannot forget in the middle of a row.

    Args:
        cell: one of `pipeline.layers.recurrent.CELLS`.
        units: width of h.
        seed: start of the weights; None draws from Keras's global generator.

    Call arguments:
        sequences: float [batch, time, features], time at least 1.
        reset: bool [batch, time].
        state: float [batch, `state_size`].

    Returns:
        h of every step, float [batch, time, units], and the state after the last one, float
        [batch, `state_size`]: h, and for an LSTM C behind it.
    """

    def __init__(self, cell: str = "lstm", units: int = 128, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.cell, self.units, self.seed = cell, units, seed
        self.layer = cell_layer(cell, units, name="layer", seed=seed)

    @classmethod
    def sharing(cls, recurrent: Recurrent, name: str) -> CarriedRecurrent:
        """A layer that shares the weights of a built layer and computes its forward direction.

        Args:
            recurrent: of the direction "forward".
            name: of the new layer.
        """
        if recurrent.direction != "forward":
            raise ValueError(f"no state can be carried in the direction {recurrent.direction!r}")
        carried = cls(recurrent.cell, recurrent.units, name=name)
        carried.layer, carried.built = recurrent.forward, True
        return carried

    @property
    def state_size(self) -> int:
        return self.units * (2 if self.cell == "lstm" else 1)

    def build(self, sequences_shape, reset_shape=None, state_shape=None):
        self.layer.build((None, None, sequences_shape[-1]))
        self.built = True

    def call(self, sequences, reset, state):
        every, last = self.states(sequences, reset, state)
        return ops.transpose(every[0], (1, 0, 2)), ops.concatenate(last, axis=-1)

    def states(self, sequences, reset, state):
        """The state after every step.

        Returns:
            Its parts (h, and for an LSTM C) after every step, float [time, batch, units] each, and
            after the last one, float [batch, units] each.
        """
        # One tensor: on TensorFlow Keras's scan takes several only where their length is known
        # beforehand.
        told = ops.cast(reset, sequences.dtype)[:, :, None]
        columns = ops.transpose(ops.concatenate([sequences, told], axis=-1), (1, 0, 2))
        features = sequences.shape[-1]

        def one(before, column):
            # Chosen, not multiplied: a state that overflowed is forgotten too.
            before = [ops.where(column[:, features:] > 0, 0.0, part) for part in before]
            after = self.step(column[:, :features], before)
            return after, after

        parts = tuple(ops.split(state, self.state_size // self.units, axis=-1))
        last, every = ops.scan(one, parts, columns)
        return every, last

    def step(self, column, before):
        """Computes one step; returns the parts of the state: float [batch, units] each.

        Args:
            column: what is read, float [batch, features].
            before: the parts of the state before it.
        """
        _, after = self.layer.cell(column, before)
        return tuple(keras.tree.flatten(after))

    def compute_output_shape(self, sequences_shape, reset_shape=None, state_shape=None):
        batch, time = sequences_shape[:2]
        return (batch, time, self.units), (batch, self.state_size)

    def get_config(self):
        return {
            **super().get_config(),
            "cell": self.cell,
            "units": self.units,
            "seed": self.seed,
        }
