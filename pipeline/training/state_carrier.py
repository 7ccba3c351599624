"""Truncated backpropagation through time, for a training loop that knows no states."""

from __future__ import annotations

import keras
from keras import ops

from pipeline.models.language_model import state_size


class StateCarrier(keras.Model):
    """A language model that carries its state from one training step to the next.

    Truncated BPTT (Williams and Peng 1990) reads a text window by window, each from the state that
    the one before left, and sends no gradient back into that.
    The state is a variable here that trains nothing, as the moving means of a batch normalisation
    are: a training step reads it and assigns it, nothing else does. So the loop needs to know
    nothing of it, and a checkpoint, which holds all variables of the model, holds it to the bit:
    a training that was killed goes on in the middle of the text.

    It is no weight, though: what `save_weights` writes and `load_weights` reads, and what
    `count_params` counts, is the language model alone, whatever the number of rows.

    Args:
        language_model: what `pipeline.models.language_model.language_model` made.
        rows: of every training batch, which `pipeline.batches.text_streams.TextStreams` makes.

    Call arguments:
        {"ids": int32 [rows, time], "reset": bool [rows, time]}.

    Returns:
        logits, float32 [rows, time, vocabulary].
    """

    def __init__(self, language_model: keras.Model, rows: int, **kwargs):
        super().__init__(**kwargs)
        self.language_model = language_model
        self.carried = self.add_weight(
            shape=(rows, state_size(language_model)),
            initializer="zeros",
            trainable=False,
            name="carried",
        )
        self.built = True

    @property
    def input(self):
        """The inputs, as a functional model describes them."""
        rows = self.carried.shape[0]
        read = {name: self.language_model.input[name] for name in ("ids", "reset")}
        return {
            name: keras.KerasTensor((rows, *of.shape[1:]), of.dtype) for name, of in read.items()
        }

    def call(self, inputs, training=False):
        state = ops.convert_to_tensor(self.carried)
        logits, after = self.language_model({**inputs, "state": state}, training=training)
        if training:
            self.carried.assign(ops.stop_gradient(after))
        return logits

    def save_weights(self, *args, **kwargs):
        self.language_model.save_weights(*args, **kwargs)

    def load_weights(self, *args, **kwargs):
        self.language_model.load_weights(*args, **kwargs)

    def count_params(self):
        return self.language_model.count_params()
