"""LSTM states for inference: several layers in one loop over time, products of inputs outside it.

Keras multiplies the input of each step inside of its loop, where a product has as few rows as the
batch. TensorFlow alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf
from keras import ops


def is_quicker() -> bool:
    """Whether this loop is; on a GPU Keras's layers are, which take the kernels of cuDNN there."""
    return not tf.config.list_logical_devices("GPU")


Projected = Callable[[tf.Tensor], tf.Tensor]
"""From a step, int32 scalar, to what a layer makes of its input there, x_t W + b: float32
[batch, 4 * units]."""


def projected(layer: keras.layers.LSTM, sequences: tf.Tensor) -> Projected:
    """What a layer makes of its inputs, all steps in one product.

    They are in memory all at once: 16 * units bytes for each row and step.

    Args:
        sequences: float32 [batch, time, features].
    """
    cell = layer.cell
    by_step = tf.transpose(sequences, [1, 0, 2])
    flat = tf.matmul(tf.reshape(by_step, [-1, sequences.shape[-1]]), _value(cell.kernel))
    shape = tf.concat([tf.shape(by_step)[:2], [4 * layer.units]], 0)
    inputs = tf.reshape(tf.nn.bias_add(flat, _value(cell.bias)), shape)
    return lambda step: inputs[step]


def projected_pieces(layer: keras.layers.LSTM, table: tf.Tensor, ids: tf.Tensor) -> Projected:
    """The same where the inputs are rows of a table: each distinct row is multiplied once.

    Args:
        table: float32 [pieces, features].
        ids: int32 [batch, time].
    """
    cell = layer.cell
    by_step = tf.transpose(ids)
    distinct, place = tf.unique(tf.reshape(by_step, [-1]))
    rows = tf.matmul(tf.gather(table, distinct), _value(cell.kernel))
    rows = tf.nn.bias_add(rows, _value(cell.bias))
    place = tf.reshape(place, tf.shape(by_step))
    return lambda step: tf.gather(rows, place[step])


def lstm_states(
    layers: Sequence[keras.layers.LSTM], inputs: Sequence[Projected], shape: tf.Tensor
) -> list[tf.Tensor]:
    """The states of LSTM layers that run over the same number of steps, beside each other.

    Args:
        layers: with the activations that are Keras's default, tanh and sigmoid.
        inputs: of each layer.
        shape: int32 [2], batch and time.

    Returns:
        Of each layer float32 [batch, time, units], equal to what it gives itself up to rounding.
    """
    batch, time = shape[0], shape[1]
    starts = [tf.zeros([batch, layer.units]) for layer in layers]
    arrays = [
        tf.TensorArray(tf.float32, time, element_shape=[None, layer.units]) for layer in layers
    ]

    def one_step(step, states, memories, arrays):
        advanced = [
            _advance(layer, given(step), state, memory)
            for layer, given, state, memory in zip(layers, inputs, states, memories, strict=True)
        ]
        states, memories = ([pair[i] for pair in advanced] for i in (0, 1))
        arrays = [array.write(step, state) for array, state in zip(arrays, states, strict=True)]
        return step + 1, states, memories, arrays

    *_, arrays = tf.while_loop(
        lambda step, *_: step < time, one_step, (0, starts, starts, arrays), maximum_iterations=time
    )
    return [tf.transpose(array.stack(), [1, 0, 2]) for array in arrays]


def _advance(layer: keras.layers.LSTM, given: tf.Tensor, state: tf.Tensor, memory: tf.Tensor):
    """h_t and c_t from x_t W + b, h_(t-1) and c_(t-1) (Hochreiter and Schmidhuber 1997, with the
    forget gate of Gers et al. 2000); i, f, c, o is Keras's order of the gates."""
    gates = given + tf.matmul(state, _value(layer.cell.recurrent_kernel))
    gates.set_shape([state.shape[0], None])  # where the number of rows is known, it stays so
    i, f, c, o = tf.split(gates, 4, axis=1)
    memory = tf.sigmoid(f) * memory + tf.sigmoid(i) * tf.tanh(c)
    return tf.sigmoid(o) * tf.tanh(memory), memory


def _value(variable: keras.Variable) -> tf.Tensor:
    return ops.convert_to_tensor(variable)
