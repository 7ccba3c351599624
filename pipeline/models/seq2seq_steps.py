"""One decoding step of a translator, for the loops in pipeline/decoding/.

    steps = translation_steps(model, max_length=100)
    state = steps.start(ids, lengths)
    log_probs, state, weights = steps.step(last_ids, state, position=0)

All of it is plain `keras.ops`, so that a loop over it can go into an exported graph.
"""

from __future__ import annotations

import typing

import keras
from keras import ops

from pipeline.layers.recurrent_decoder import RecurrentDecoder

CACHED = ("keys", "values", "source_keys", "source_values")
"""What a `DecoderBlock` keeps; in a state the number of the block follows each name."""


class TranslationSteps(typing.Protocol):
    """The steps of any architecture of `pipeline.models.seq2seq.translator`."""

    constant: frozenset[str]
    """What in a state no step changes (some names may not be there): the source, as the decoder
    sees it. All rows of one source have the same there: a beam repeats it once and need not
    gather it."""

    def start(self, ids, lengths, max_length=None) -> dict:
        """Encodes the sources; returns the state before the first step.

        Args:
            ids: int32 [rows, source], right-padded; lengths: int32 [rows].
            max_length: int scalar, how many steps there will be at the most; None: as the steps
                were made with.

        Returns:
            The state before the first step: a flat dict of tensors whose first axis is rows, to
            be repeated and gathered along it.
        """

    def step(self, last_ids, state: dict, position) -> tuple:
        """Reads one piece and predicts the next.

        Args:
            last_ids: int32 [rows], [BOS] at the first step.
            state: as `start` or the step before gave it, rows repeated or gathered.
            position: int scalar, 0 at the first step, the same for all rows.

        Returns:
            log_probs float32 [rows, vocabulary] of the next piece, in nats; the state for the
            next step, of the same names, shapes and dtypes; weights float32 [rows, source] over
            the source, exactly 0 at padding, or None without attention. The Transformer's are
            the mean of the heads of its last block.
        """


def translation_steps(model: keras.Model, max_length: int = 256) -> TranslationSteps:
    """Makes the steps of a translator, built or loaded from a file; they share its weights.

    Args:
        model: what `translator` made.
        max_length: target pieces there is room for, unless `start` is told otherwise. It sizes the
            Transformer's caches and costs the recurrent ones nothing.
    """
    names = {layer.name for layer in model.layers}
    return _RecurrentSteps(model) if "decoder" in names else _TransformerSteps(model, max_length)


class _Ends:
    """The parts that all architectures share: the encoder, the target embedding and the softmax."""

    def __init__(self, model: keras.Model, *outputs: str):
        sources = {name: model.input[name] for name in ("ids", "lengths")}
        layers = {layer.name: layer for layer in model.layers}
        encoded = {name: layers[name].output for name in outputs if name in layers}
        self.encoder = keras.Model(sources, encoded, name="encoder")
        self.embedding = layers.get("embedding") or layers["target_embedding"]

    def log_probs(self, readouts):
        return ops.log_softmax(self.embedding(readouts, reverse=True), axis=-1)


class _RecurrentSteps:
    def __init__(self, model: keras.Model):
        self.ends = _Ends(model, "bridge", "memory")
        self.decoder: RecurrentDecoder = model.get_layer("decoder")
        self.constant = frozenset(("memory", "keys", "lengths"))

    def start(self, ids, lengths, max_length=None) -> dict:
        encoded = self.ends.encoder({"ids": ids, "lengths": lengths}, training=False)
        lengths = ops.cast(lengths, "int32")
        return self.decoder.start(encoded["bridge"], encoded.get("memory"), lengths)

    def step(self, last_ids, state, position):
        vector = self.ends.embedding(last_ids)
        readout, state, weights = self.decoder.step(vector, state)
        return self.ends.log_probs(readout), state, weights


class _TransformerSteps:
    def __init__(self, model: keras.Model, max_length: int):
        self.ends, self.max_length = _Ends(model, "memory"), max_length
        self.positions, self.norm = model.get_layer("positions"), model.get_layer("readouts")
        count = sum(layer.name.startswith("decoder_") for layer in model.layers)
        self.blocks = {n: model.get_layer(f"decoder_{n}") for n in range(1, count + 1)}
        self.constant = frozenset(
            ["lengths", *(f"source_{kind}_{n}" for kind in ("keys", "values") for n in self.blocks)]
        )

    def start(self, ids, lengths, max_length=None) -> dict:
        encoded = self.ends.encoder({"ids": ids, "lengths": lengths}, training=False)
        state = {"lengths": ops.cast(lengths, "int32")}
        places = self.max_length if max_length is None else max_length
        for number, block in self.blocks.items():
            cache = block.start(encoded["memory"], places)
            state |= {f"{name}_{number}": values for name, values in cache.items()}
        return state

    def step(self, last_ids, state, position):
        x = self.positions(self.ends.embedding(last_ids[:, None]), first=position)
        weights = None
        state = dict(state)
        for number, block in self.blocks.items():
            names = {name: f"{name}_{number}" for name in CACHED}
            cache = {name: state[key] for name, key in names.items()}
            x, cache, weights = block.step(x, state["lengths"], cache, position)
            state |= {names[name]: values for name, values in cache.items()}
        return self.ends.log_probs(self.norm(x)[:, 0]), state, weights
