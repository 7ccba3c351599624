"""A language model: predicts the next unit, with a state that is carried from call to call."""

from __future__ import annotations

import keras
from keras import ops

from pipeline.layers.carried_recurrent import CarriedRecurrent
from pipeline.models.recurrent_stack import carried_stack
from pipeline.models.settings import LanguageModelSettings
from pipeline.text.vocabulary import BOS, EOS, PAD

WINDOW = 128
"""Units of a prompt that are read at a time: a longer prompt takes more time, not more memory."""


def language_model(settings: LanguageModelSettings, *, vocabulary_size: int) -> keras.Model:
    """Builds the language model. It has no internal state: the state is an input and an output.

    Args:
        settings: its shape.
        vocabulary_size: units, the four special ones included.

    Returns:
        A model from {"ids": int32 [batch, time], "reset": bool [batch, time], "state": float32
        [batch, state_size]} to (logits float32 [batch, time, vocabulary], state float32
        [batch, state_size]). The logits at a position are of the id after it. Where `reset` is
        true the state before that position is zeros, whatever was carried; a text begins with
        zeros, too. The state holds the layers one behind the other, of an LSTM h and then C.
        Layer n is called `recurrent_<n>`; its first output is h of every step.
    """
    layers = [
        CarriedRecurrent(settings.cell, settings.units, name=f"recurrent_{number}")
        for number in range(1, settings.layers + 1)
    ]
    ids = keras.Input((None,), dtype="int32", name="ids")
    reset = keras.Input((None,), dtype="bool", name="reset")
    state = keras.Input((sum(layer.state_size for layer in layers),), name="state")
    width = settings.embedding_size
    embedding = keras.layers.ReversibleEmbedding(
        vocabulary_size,
        width,
        # A tied softmax wants embeddings of about unit norm.
        embeddings_initializer=keras.initializers.RandomNormal(stddev=width**-0.5),
        name="embedding",
    )
    x = keras.layers.Dropout(settings.embedding_dropout, name="embedding_dropout")(embedding(ids))
    x, after = carried_stack(layers, x, reset, state, settings.state_dropout)
    if settings.tied_softmax:
        if width != settings.units:
            x = keras.layers.Dense(width, name="readout")(x)
        logits = embedding(x, reverse=True)
    else:
        logits = keras.layers.Dense(vocabulary_size, name="logits")(x)
    inputs = {"ids": ids, "reset": reset, "state": state}
    return keras.Model(inputs, (logits, after), name="language_model")


def state_size(model: keras.Model) -> int:
    """The number of values in the state of a row."""
    return model.input["state"].shape[-1]


class LanguageModelSteps:
    """One decoding step of a language model, for the loops in pipeline/decoding/.

        steps = LanguageModelSteps(model)
        state, last_ids = steps.start(ids, lengths)
        found = sample(steps.step, state, rows, SpecialIds(bos=last_ids, eos=-1), options, ...)

    All of it is plain `keras.ops`, so that a loop over it can go into an exported graph. The
    weights are the model's.

    Args:
        model: what `language_model` made.
    """

    def __init__(self, model: keras.Model):
        self.model = model
        self._reader = keras.Model(model.input, model.output[1], name="reader")

    def start(self, ids, lengths) -> tuple[dict, object]:
        """Reads all but the last unit of each prompt, `WINDOW` units at a time.

        Args:
            ids: int32 [rows, time], prompts, each opened by [BOS] and closed by nothing,
                right-padded.
            lengths: int32 [rows], [BOS] counted, so at least 1.

        Returns:
            The state before the first step, {"state": float32 [rows, state_size]}; and the units
            that the first step reads, int32 [rows].
        """
        rows, time = ops.shape(ids)[0], ops.shape(ids)[1]
        lengths = ops.cast(lengths, "int32")
        flat = ops.reshape(ids, (-1,))
        first = ops.arange(rows, dtype="int32") * time
        last_ids = ops.take(flat, first + lengths - 1, axis=0)
        known = isinstance(time, int)
        width = min(time, WINDOW) if known else ops.minimum(time, WINDOW)
        windows = -(-time // max(width, 1)) if known else -(-time // ops.maximum(width, 1))
        size = state_size(self.model)

        def read(window, state):
            # Right-aligned, so that each row ends with what it has read; what stands before its
            # [BOS] is forgotten there.
            place = ops.arange(width, dtype="int32") + (window - windows) * width
            source = place[None, :] + lengths[:, None] - 1
            aligned = ops.take(flat, first[:, None] + ops.maximum(source, 0), axis=0)
            aligned = ops.where(source >= 0, aligned, PAD)
            inputs = {"ids": aligned, "reset": source <= 0, "state": state}
            return window + 1, ops.reshape(self._reader(inputs, training=False), (rows, size))

        start = ops.convert_to_tensor(0, dtype="int32"), ops.zeros((rows, size))
        _, state = ops.while_loop(lambda window, _: window < windows, read, start)
        state = ops.where((lengths > 1)[:, None], state, 0.0)
        return {"state": state}, last_ids

    def step(self, last_ids, state: dict, position) -> tuple:
        """As `pipeline.decoding.step.Step`: reads a unit and predicts the next one.

        After [EOS] another document begins: in its place [BOS] is read, with nothing remembered.

        Args:
            last_ids: int32 [rows].
            state: as `start` or the step before gave it.
            position: not looked at; a recurrent model does not count.
        """
        begins = ops.logical_or(last_ids == EOS, last_ids == BOS)
        ids = ops.where(begins, BOS, last_ids)
        inputs = {"ids": ids[:, None], "reset": begins[:, None], "state": state["state"]}
        logits, after = self.model(inputs, training=False)
        return ops.log_softmax(logits[:, 0], axis=-1), {"state": after}, None
