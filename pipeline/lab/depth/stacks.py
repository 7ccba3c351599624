"""Stacks of recurrent layers, with and without skip connections, for a character model."""

from __future__ import annotations

import dataclasses

import keras

from pipeline.lab.starts import draw_weights
from pipeline.layers.recurrent import cell_layer


@keras.saving.register_keras_serializable("pipeline.lab")
class SkipCell(keras.layers.Layer):
    """A recurrent cell whose input is added to its output: y_t = x_t + h_t.

    He et al. 2016 (arXiv:1512.03385), equation 1, where h_t is the residual. What the cell carries
    to the next step is what it would carry by itself.

    Args:
        cell: of Keras, as wide as its input.
    """

    def __init__(self, cell: keras.layers.Layer, **kwargs):
        super().__init__(**kwargs)
        self.cell = cell
        self.state_size, self.output_size = cell.state_size, cell.output_size

    def build(self, input_shape):
        if not self.cell.built:
            self.cell.build(input_shape)
        self.built = True

    def call(self, inputs, states, training=False):
        h_t, states = self.cell(inputs, states)
        return inputs + h_t, states

    def get_initial_state(self, batch_size=None):
        return self.cell.get_initial_state(batch_size)

    def get_config(self):
        cell = keras.saving.serialize_keras_object(self.cell)
        return {**super().get_config(), "cell": cell}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config.pop("cell")), **config)


@dataclasses.dataclass(frozen=True)
class Stack:
    """A character model: embeddings, recurrent layers one above the other, a softmax.

    Attributes:
        model: from {"ids": int32 [batch, time]} to logits float32 [batch, time, vocabulary]. Every
            window is read from a state of zeros.
        embedding, readout: its first and its last layer.
        layers: the recurrent layers, lowest first; they hold the weights, and the model runs their
            cells in a single loop over time, which is cheaper than a loop for each.
        skip: whether each layer but the first adds its input to its output.
    """

    model: keras.Model
    embedding: keras.layers.Embedding
    layers: tuple[keras.layers.RNN, ...]
    readout: keras.layers.Dense
    skip: bool

    @property
    def depth(self) -> int:
        return len(self.layers)


def build_stack(cell: str, depth: int, *, skip: bool, units: int, vocabulary_size: int) -> Stack:
    """Builds a stack; `start` draws its weights.

    The first layer has no skip connection, as in `pipeline.models.language_model`, so that a stack
    of one layer is the same with and without.

    Args:
        cell: of `pipeline.layers.recurrent.CELLS`.
        depth: how many layers.
        skip: see `Stack`.
        units: width of everything.
        vocabulary_size: of ids and logits.
    """
    embedding = keras.layers.Embedding(vocabulary_size, units, name="embedding")
    readout = keras.layers.Dense(vocabulary_size, name="logits")
    layers = [cell_layer(cell, units, name=f"layer_{number}") for number in range(1, depth + 1)]
    for layer in layers:
        layer.build((None, None, units))
    cells = [
        SkipCell(layer.cell) if skip and number > 0 else layer.cell
        for number, layer in enumerate(layers)
    ]
    ids = keras.Input((None,), dtype="int32", name="ids")
    states = keras.layers.RNN(cells, return_sequences=True, name="stack")(embedding(ids))
    model = keras.Model({"ids": ids}, readout(states), name="stack")
    return Stack(model, embedding, tuple(layers), readout, skip)


def start(stack: Stack, seed: int) -> None:
    """Draws all weights anew.

    Layer n starts alike in every stack of its cell with this seed, whatever its depth, with and
    without skip connections.
    """
    draw_weights([stack.embedding, stack.readout], (seed, 0))
    for number, layer in enumerate(stack.layers, 1):
        draw_weights([layer], (seed, number))
