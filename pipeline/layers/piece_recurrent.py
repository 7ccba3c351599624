"""An embedding and a recurrent layer over it as one layer, for serving."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from pipeline.layers.lstm_loop import lstm_states, projected_pieces
from pipeline.layers.recurrent import Recurrent, reverse_by_length


class PieceRecurrent(keras.layers.Layer):
    """The states of an LSTM over the vectors of pieces, each distinct piece multiplied once.

    The pieces of a batch repeat themselves: of 64 sentences in syllables nine of ten do. What the
    LSTM makes of a vector, x_t W + b, depends on the piece alone. TensorFlow alone.

    Args:
        table: float32 [pieces, size], the vectors of all pieces.
        recurrent: the layer over them, with its weights; its cell is an LSTM.

    Call arguments:
        ids: int32 [batch, time].
        lengths: int32 [batch].

    Returns:
        As `Recurrent`, of the vectors of these ids.
    """

    def __init__(self, table: np.ndarray, recurrent: Recurrent, **kwargs):
        super().__init__(**kwargs)
        self.recurrent = recurrent
        self.embeddings = self.add_weight(shape=table.shape, trainable=False, name="embeddings")
        self.embeddings.assign(table)

    def build(self, ids_shape, lengths_shape=None):
        self.built = True

    def call(self, ids, lengths):
        table = ops.convert_to_tensor(self.embeddings)
        given = {}
        if self.recurrent.forward is not None:
            given[self.recurrent.forward] = ids
        if self.recurrent.backward is not None:
            given[self.recurrent.backward] = reverse_by_length(ids[..., None], lengths)[..., 0]
        inputs = [projected_pieces(layer, table, of) for layer, of in given.items()]
        states = lstm_states(list(given), inputs, ops.shape(ids))
        return self.recurrent.joined(states, lengths)

    def compute_output_shape(self, ids_shape, lengths_shape=None):
        return self.recurrent.compute_output_shape((*ids_shape, 1))
