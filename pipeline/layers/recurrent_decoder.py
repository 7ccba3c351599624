"""A recurrent decoder: all steps at once under teacher forcing, or one piece at a time."""

from __future__ import annotations

import keras
from keras import ops

from pipeline.layers.attention import attention_layer, real_mask
from pipeline.layers.recurrent import cell_layer


@keras.saving.register_keras_serializable("pipeline")
class RecurrentDecoder(keras.layers.Layer):
    """A stack of cells that starts from a given state, with or without attention over a source.

    For each target position t: h_t from the cells, c_t from attention with h_t over the memory,
    and the readout h~_t = tanh(W_c [c_t; h_t]) from which the next piece is predicted: Luong et
    al. 2015 (arXiv:1508.04025), equation 5, for every score. With input feeding h~_{t-1} stands
    beside the embedding at t (section 3.3). Without attention h~_t = tanh(W h_t), and the state
    at the start is all the decoder knows of the source (Sutskever et al. 2014; Cho et al. 2014).

    Without input feeding the cells run as whole Keras layers and attention takes all queries at
    once; with it, time has to be walked step by step.

    Args:
        cell: one of `pipeline.layers.recurrent.CELLS`.
        units: width of h.
        layers: how many are stacked; from the second on each adds its input to its output.
        readout_size: width of h~.
        attention: "none" or one of `pipeline.layers.attention.SCORES`.
        input_feeding: needs attention.
        dropout: share of features dropped between layers.
        even_attention: weight of a loss that is added in training: attention over time is to come
            to one at every source position. Needs attention without input feeding, and
            `target_lengths`.

    Call arguments:
        vectors: float [batch, time, features], embeddings of what the decoder reads.
        state: float [batch, `state_size`].
        memory: float [batch, source, memory width], right-padded, and lengths: int [batch] of its
            rows; none without attention.
        target_lengths: int [batch], positions of `vectors` that are real; only `even_attention`
            looks at them.

    Returns:
        readouts float [batch, time, readout_size].
    """

    def __init__(
        self,
        cell: str,
        units: int,
        layers: int,
        readout_size: int,
        attention: str = "none",
        input_feeding: bool = False,
        dropout: float = 0.0,
        even_attention: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if input_feeding and attention == "none":
            raise ValueError("input feeding needs attention")
        if even_attention and (input_feeding or attention == "none"):
            raise ValueError("even attention needs attention, and no input feeding")
        self.cell, self.units, self.layers = cell, units, layers
        self.readout_size, self.score = readout_size, attention
        self.input_feeding, self.dropout = input_feeding, dropout
        self.even_attention = even_attention
        self.stack = [cell_layer(cell, units, name=f"layer_{n + 1}") for n in range(layers)]
        self.drop = keras.layers.Dropout(dropout, name="drop")
        self.readout = keras.layers.Dense(readout_size, activation="tanh", name="readout")
        self.attention = None
        if attention != "none":
            self.attention = attention_layer(attention, units, name="attention")

    @property
    def parts(self) -> int:
        """The number of vectors of `units` in the state of one layer."""
        return 2 if self.cell == "lstm" else 1

    @property
    def state_size(self) -> int:
        return self.layers * self.parts * self.units

    def build(
        self,
        vectors_shape,
        state_shape,
        memory_shape=None,
        lengths_shape=None,
        target_lengths_shape=None,
    ):
        fed = self.readout_size if self.input_feeding else 0
        width = vectors_shape[-1] + fed
        for layer in self.stack:
            layer.build((None, None, width))
            width = self.units
        if self.attention is not None:
            self.attention.build((None, None, self.units), memory_shape)
            width += memory_shape[-1]
        self.readout.build((None, None, width))
        self.built = True

    def call(self, vectors, state, memory=None, lengths=None, target_lengths=None, training=None):
        if self.input_feeding:
            return self._walk(vectors, state, memory, lengths)
        h = vectors
        for number, (layer, parts) in enumerate(zip(self.stack, self._split(state), strict=True)):
            below = self.drop(h) if number else h
            h = layer(below, initial_state=parts)
            h = h + below if number else h
        if self.attention is None:
            return self.readout(h)
        context, weights = self.attention(h, memory, lengths)
        if self.even_attention and training:
            self.add_loss(self.even_attention * unevenness(weights, lengths, target_lengths))
        return self.readout(ops.concatenate([context, h], axis=-1))

    def start(self, state, memory=None, lengths=None):
        """The state of one-step decoding before the first step.

        Returns:
            A flat dict whose first axes are the rows: "cells" (and "readout" with input feeding),
            which steps change; "memory", "keys", "lengths" with attention, which none changes.
        """
        kept = {"cells": state}
        if self.input_feeding:
            kept["readout"] = ops.zeros((ops.shape(state)[0], self.readout_size), state.dtype)
        if self.attention is not None:
            keys = {} if self.score == "dot" else {"keys": self.attention.keys(memory)}
            kept |= {"memory": memory, "lengths": lengths, **keys}
        return kept

    def step(self, vector, kept, masks=()):
        """Computes one position from the state after the previous ones.

        Args:
            vector: float [rows, features], the embedding of the last piece.
            kept: what `start` or the step before gave.
            masks: what multiplies the input of each layer but the first, float [rows, units]
                each; none outside training.

        Returns:
            readout float [rows, readout_size]; what to keep; the weights over the memory, float
            [rows, source], or None.
        """
        h = ops.concatenate([vector, kept["readout"]], axis=-1) if self.input_feeding else vector
        states = []
        for number, (layer, parts) in enumerate(
            zip(self.stack, self._split(kept["cells"]), strict=True)
        ):
            below = h * masks[number - 1] if number and masks else h
            h, parts = layer.cell(below, parts)
            h = h + below if number else h
            states += keras.tree.flatten(parts)
        kept = {**kept, "cells": ops.concatenate(states, axis=-1)}
        weights = None
        if self.attention is not None:
            memory = kept["memory"]
            context, weights = self.attention.attend(
                h[:, None], kept.get("keys", memory), memory, kept["lengths"]
            )
            h, weights = ops.concatenate([context[:, 0], h], axis=-1), weights[:, 0]
        readout = self.readout(h)
        if self.input_feeding:
            kept["readout"] = readout
        return readout, kept, weights

    def _walk(self, vectors, state, memory, lengths):
        """Computes teacher forcing one step after the other."""
        kept = self.start(state, memory, lengths)
        width = vectors.shape[-1]
        between = (*ops.shape(vectors)[:2], self.units * (self.layers - 1))
        # Dropout is drawn before the loop and travels with the embeddings: one tensor, because
        # on TensorFlow Keras's scan takes several only where their length is known beforehand.
        masks = self.drop(ops.ones(between, vectors.dtype))
        columns = ops.transpose(ops.concatenate([vectors, masks], axis=-1), (1, 0, 2))

        def one(carry, column):
            cells, readout = carry
            masks = [
                column[:, width + n * self.units : width + (n + 1) * self.units]
                for n in range(self.layers - 1)
            ]
            before = {**kept, "cells": cells, "readout": readout}
            readout, after, _ = self.step(column[:, :width], before, masks)
            carry = (after["cells"], readout)
            return carry, carry

        _, (_, readouts) = ops.scan(one, (kept["cells"], kept["readout"]), columns)
        return ops.transpose(readouts, (1, 0, 2))

    def _split(self, state):
        """The state of each layer in the form of Keras's cells."""
        vectors = [
            state[:, n * self.units : (n + 1) * self.units] for n in range(self.layers * self.parts)
        ]
        return [vectors[n : n + self.parts] for n in range(0, len(vectors), self.parts)]

    def compute_output_shape(
        self,
        vectors_shape,
        state_shape,
        memory_shape=None,
        lengths_shape=None,
        target_lengths_shape=None,
    ):
        return (*vectors_shape[:-1], self.readout_size)

    def get_config(self):
        return {
            **super().get_config(),
            "cell": self.cell,
            "units": self.units,
            "layers": self.layers,
            "readout_size": self.readout_size,
            "attention": self.score,
            "input_feeding": self.input_feeding,
            "dropout": self.dropout,
            "even_attention": self.even_attention,
        }


def unevenness(weights, lengths, target_lengths):
    """The loss of doubly stochastic attention: sum_i (1 - sum_t a_ti)^2, per target position as the
    cross entropy is.

    Xu et al. 2015 (arXiv:1502.03044), equation 14, "doubly stochastic attention".

    Args:
        weights: float [batch, time, source], where each target position looks.
        lengths: int [batch], source positions; target_lengths: int [batch], target positions.

    Returns:
        float scalar, the mean over rows divided by the mean length of targets.
    """
    time, source = ops.shape(weights)[1], ops.shape(weights)[2]
    real = ops.cast(real_mask(target_lengths, time), weights.dtype)
    there = ops.cast(real_mask(lengths, source), weights.dtype)
    paid = ops.sum(weights * real[:, :, None], axis=1)
    missing = ops.sum(there * (1.0 - paid) ** 2, axis=1)
    return ops.mean(missing) / ops.maximum(ops.mean(ops.sum(real, axis=1)), 1.0)
