"""An embedding and a recurrent layer over it as one layer, for serving."""

from __future__ import annotations

import keras
from keras import ops

from pipeline.layers.lstm_loop import lstm_states, projected_pieces
from pipeline.layers.recurrent import Recurrent


@keras.saving.register_keras_serializable("pipeline")
class PieceRecurrent(keras.layers.Layer):
    """The states of an LSTM over the vectors of pieces, each distinct piece multiplied once.

    The pieces of a batch repeat themselves: of 64 sentences in syllables nine of ten do. What the
    LSTM makes of a vector, x_t W + b, depends on the piece alone. TensorFlow alone.

    Args:
        pieces: size of the vocabulary.
        size: width of the vectors.
        units, direction: as of `Recurrent`.

    Call arguments:
        ids: int32 [batch, time].
        lengths: int32 [batch].

    Returns:
        As `Recurrent`, of the vectors of these ids. Its weights are the table of vectors, float32
        [pieces, size], and behind it those of `Recurrent`.
    """

    def __init__(self, pieces: int, size: int, units: int, direction: str = "both", **kwargs):
        super().__init__(**kwargs)
        self.pieces, self.size, self.units, self.direction = pieces, size, units, direction
        self.recurrent = Recurrent("lstm", units, direction, name="recurrent")

    def build(self, ids_shape, lengths_shape=None):
        self.embeddings = self.add_weight(shape=(self.pieces, self.size), name="embeddings")
        self.recurrent.build((*ids_shape, self.size))
        self.built = True

    def call(self, ids, lengths):
        table = ops.convert_to_tensor(self.embeddings)
        given = self.recurrent.directed(ids[..., None], lengths)
        inputs = [projected_pieces(layer, table, of[..., 0]) for layer, of in given.items()]
        states = lstm_states(list(given), inputs, ops.shape(ids))
        return self.recurrent.joined(states, lengths)

    def compute_output_shape(self, ids_shape, lengths_shape=None):
        return self.recurrent.compute_output_shape((*ids_shape, self.size))

    def get_config(self):
        return {
            **super().get_config(),
            "pieces": self.pieces,
            "size": self.size,
            "units": self.units,
            "direction": self.direction,
        }
