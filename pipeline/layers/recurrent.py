"""Recurrent layers that are exact on right-padded rows without a Keras mask."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras
from keras import ops

from pipeline.layers.dealt_rows import row_by_row

if keras.backend.backend() == "tensorflow":  # nothing else of a training on JAX imports it
    from pipeline.layers.lstm_loop import is_quicker, lstm_states, projected

_own_loop = keras.backend.backend() == "tensorflow"

CELLS = ("lstm", "gru", "rnn", "irnn")
DIRECTIONS = ("forward", "backward", "both")


def reverse_by_length(sequences, lengths):
    """Reverses the first `lengths[b]` steps of every row and leaves the padding where it is.

    Args:
        sequences: [batch, time, features].
        lengths: int [batch], each between 0 and time.

    Returns:
        [batch, time, features]. Applying it twice gives `sequences` back.
    """
    batch, time = ops.shape(sequences)[0], ops.shape(sequences)[1]
    features = sequences.shape[-1]
    step = ops.arange(time, dtype="int32")[None, :]
    last = ops.cast(lengths, "int32")[:, None] - 1
    source = ops.where(step <= last, last - step, step)
    row = ops.arange(batch, dtype="int32")[:, None] * time
    place = ops.reshape(row + source, (-1,))

    def reversed_rows(values):
        # Whole rows of one flat table are gathered: several times faster on a CPU than a
        # take_along_axis, whose index would be as large as the data.
        flat = ops.reshape(values, (-1, features))
        return ops.reshape(ops.take(flat, place, axis=0), (-1, time, features))

    @ops.custom_gradient
    def reverse(values):
        # A reversal is its own inverse and so its own gradient; autodiff would scatter instead,
        # one row after the other.
        def gradient(*args, upstream=None):
            return reversed_rows(args[0] if upstream is None else upstream)

        return reversed_rows(values), gradient

    return reverse(sequences)


@contextlib.contextmanager
def loops_of_keras() -> Iterator[None]:
    """Layers that are traced meanwhile run in Keras's own loops, which other programs know:
    tf2onnx makes one operation of each."""
    global _own_loop
    before, _own_loop = _own_loop, False
    try:
        yield
    finally:
        _own_loop = before


def cell_layer(cell: str, units: int, *, name: str | None = None, seed: int | None = None):
    """The Keras layer that runs one cell over time in one direction.

    Args:
        cell: "lstm" (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000
            and its bias started at 1), "gru" (Cho et al. 2014, `reset_after` as cuDNN has it),
            "rnn" (Elman 1990, tanh), "irnn" (ReLU with the recurrent weights started at the
            identity, Le et al. 2015).
        units: width of the hidden state.
        seed: start of the weights; None draws from Keras's global generator.
    """
    kernel = keras.initializers.GlorotUniform(seed=seed)
    recurrent = keras.initializers.Orthogonal(seed=None if seed is None else seed + 1)
    common = {"return_sequences": True, "kernel_initializer": kernel, "name": name}
    match cell:
        case "lstm":
            return keras.layers.LSTM(units, recurrent_initializer=recurrent, **common)
        case "gru":
            return keras.layers.GRU(units, recurrent_initializer=recurrent, **common)
        case "rnn":
            return keras.layers.SimpleRNN(units, recurrent_initializer=recurrent, **common)
        case "irnn":
            return keras.layers.SimpleRNN(
                units,
                activation="relu",
                recurrent_initializer=keras.initializers.Identity(),
                **common,
            )
    raise ValueError(f"cell must be one of {', '.join(CELLS)}, not {cell!r}")


@keras.saving.register_keras_serializable("pipeline")
class Recurrent(keras.layers.Layer):
    """Runs a cell over right-padded rows, forward, backward or both, with no mask.

    A recurrent cell is causal: what stands right of a position cannot change it, so padding on
    the right needs no mask in the forward direction. The backward direction first reverses each
    row by its own length, which leaves the padding on the right again. Both are then plain
    unmasked Keras layers, which on a GPU take the cuDNN path; outside of training an LSTM on
    TensorFlow runs in a loop that is quicker on a CPU (`lstm_loop`). At real positions the result
    equals Keras's `Bidirectional(..., merge_mode="concat")` under a mask; at padded positions it is
    finite and means nothing: pool with the lengths.

    Args:
        cell: one of `CELLS`.
        units: width of the state in one direction.
        direction: "forward", "backward" or "both" (forward and backward concatenated).
        seed: start of the weights; None draws from Keras's global generator.

    Call arguments:
        sequences: float [batch, time, features].
        lengths: int [batch].

    Returns:
        float [batch, time, units], or [batch, time, 2 * units] for "both".
    """

    def __init__(
        self,
        cell: str = "lstm",
        units: int = 128,
        direction: str = "both",
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if direction not in DIRECTIONS:
            raise ValueError(f"direction must be one of {', '.join(DIRECTIONS)}, not {direction!r}")
        self.cell, self.units, self.direction, self.seed = cell, units, direction, seed
        self.forward = self.backward = None
        if direction != "backward":
            self.forward = cell_layer(cell, units, name="forward", seed=seed)
        if direction != "forward":
            self.backward = cell_layer(
                cell, units, name="backward", seed=None if seed is None else seed + 2
            )

    def build(self, sequences_shape, lengths_shape=None):
        for layer in (self.forward, self.backward):
            if layer is not None:
                layer.build((sequences_shape[0], sequences_shape[1], sequences_shape[2]))
        self.built = True

    def call(self, sequences, lengths, training=False):
        def read(sequences, lengths):
            return self._read(sequences, lengths, training)

        return row_by_row(self, read, sequences, lengths)

    def _read(self, sequences, lengths, training: bool):
        given = self.directed(sequences, lengths)
        if self.cell == "lstm" and not training and _own_loop and is_quicker():
            inputs = [projected(layer, of) for layer, of in given.items()]
            return self.joined(lstm_states(list(given), inputs, ops.shape(sequences)[:2]), lengths)
        return self.joined([layer(of) for layer, of in given.items()], lengths)

    def directed(self, sequences, lengths) -> dict:
        """The Keras layer of each direction -> the sequences in the order it reads them."""
        given = {}
        if self.forward is not None:
            given[self.forward] = sequences
        if self.backward is not None:
            given[self.backward] = reverse_by_length(sequences, lengths)
        return given

    def joined(self, states: list, lengths):
        """What the layer returns, from what its forward and its backward layer give for their
        inputs, whichever of both it has."""
        if self.backward is not None:
            states = [*states[:-1], reverse_by_length(states[-1], lengths)]
        return states[0] if len(states) == 1 else ops.concatenate(states, axis=-1)

    def compute_output_shape(self, sequences_shape, lengths_shape=None):
        width = self.units * (2 if self.direction == "both" else 1)
        return (*sequences_shape[:-1], width)

    def get_config(self):
        return {
            **super().get_config(),
            "cell": self.cell,
            "units": self.units,
            "direction": self.direction,
            "seed": self.seed,
        }
