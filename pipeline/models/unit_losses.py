"""The loss of each unit of a text under a language model that has read everything before it."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from pipeline.batches.text_streams import TextStreams
from pipeline.models.language_model import state_size
from pipeline.text.ragged import Ragged

LEAD = 256
"""Units that each stream reads before the first one that counts."""
_STREAMS = 32
_WINDOW = 128


class UnitLosses(keras.Model):
    """Computes the losses of a window of text.

    Args:
        language_model: what `pipeline.models.language_model.language_model` made; the weights are
            shared.

    Call arguments:
        What a language model reads, and "targets": int32 [batch, time], what comes next, -1 where
        nothing is asked.

    Returns:
        Nats of each target, float32 [batch, time], 0 where nothing is asked; and the state after
        the window.
    """

    def __init__(self, language_model: keras.Model, **kwargs):
        super().__init__(**kwargs)
        self.language_model = language_model
        self.jit_compile = keras.backend.backend() == "jax"
        self.built = True

    def call(self, inputs):
        read = {name: inputs[name] for name in ("ids", "reset", "state")}
        logits, state = self.language_model(read, training=False)
        targets = inputs["targets"]
        each = ops.sparse_categorical_crossentropy(
            ops.maximum(targets, 0), logits, from_logits=True
        )
        return ops.where(targets >= 0, each, 0.0), state


def unit_losses(scorer: UnitLosses, rows: Ragged) -> np.ndarray:
    """The loss of each id of some documents, given everything before it in its document.

    A long text is read as parallel streams, each of which first reads what stands before it:
    `LEAD` units, of which a state keeps nearly all it can. A text too short for two streams is
    read from its beginning.

    Args:
        scorer: of the language model.
        rows: documents, as `pipeline.text.characters.Characters.encode_documents` gives them.

    Returns:
        Nats, float32 [ids], beside `rows.ids`; 0 at [BOS], which nothing predicts.
    """
    found = np.zeros(len(rows.ids), np.float32)
    if len(rows.ids) == len(rows):
        return found
    streams, state = streams_to_read(rows, state_size(scorer.language_model))
    for index in range(len(streams)):
        inputs, targets = streams[index]
        nats, state = scorer.predict_on_batch({**inputs, "state": state, "targets": targets})
        places = streams.places(index)
        found[places[places >= 0]] = nats[places >= 0]
    return found


def streams_to_read(rows: Ragged, width: int) -> tuple[TextStreams, np.ndarray]:
    """How documents with something to predict are read by a model whose state is `width` wide.

    Returns:
        Parallel streams, each with a lead of `LEAD` units; and the states before them, zeros
        float32 [streams, width].
    """
    units = len(rows.ids) - len(rows)
    count = min(max(units // (4 * LEAD), 1), _STREAMS)
    return TextStreams(rows, count, _WINDOW, lead=LEAD), np.zeros((count, width), np.float32)
