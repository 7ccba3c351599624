"""An encoder that gives a vector for each piece, and learns from raw text."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from pipeline.batches.length_buckets import LengthBuckets
from pipeline.layers.piece_embedding import embedded_pieces
from pipeline.layers.positions import SinusoidalPositions
from pipeline.layers.recurrent import Recurrent
from pipeline.layers.sampled_softmax import SampledSoftmax
from pipeline.layers.transformer import EncoderBlock
from pipeline.models.one_graph import predict_batch
from pipeline.models.settings import EncoderSettings
from pipeline.text.ragged import Ragged


def text_encoder(
    settings: EncoderSettings,
    *,
    vocabulary_size: int,
    ngram_table: np.ndarray | None = None,
    ngrams: int = 0,
) -> keras.Model:
    """Builds the encoder. Its layers have the same names as in the models that start from it.

    Args:
        settings: its shape.
        vocabulary_size: pieces, the four special ones included.
        ngram_table, ngrams: as of `pipeline.models.classifier.recurrent_classifier`.

    Returns:
        A model from {"ids": int32 [batch, time], "lengths": int32 [batch]} to vectors float32
        [batch, time, width]: of the recurrent one the state from the left beside that from the
        right, 2 * units; of the Transformer `units`. Rows are right-padded; padding changes
        nothing.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    lengths = keras.Input((), dtype="int32", name="lengths")
    recurrent = settings.architecture == "recurrent"
    size = settings.embedding_size if recurrent else settings.units
    x = embedded_pieces(ids, vocabulary_size, size, ngram_table, ngrams, name="embedding")
    if recurrent:
        x = keras.layers.Dropout(settings.embedding_dropout, name="embedding_dropout")(x)
        x = Recurrent("lstm", settings.units, "both", name="recurrent_1")(x, lengths)
    else:
        x = SinusoidalPositions(name="positions")(x)
        x = keras.layers.Dropout(settings.embedding_dropout, name="embedding_dropout")(x)
        for number in range(1, settings.layers + 1):
            x = EncoderBlock(
                settings.units,
                settings.heads,
                settings.feed_forward,
                dropout=settings.state_dropout,
                attention_dropout=settings.state_dropout,
                name=f"block_{number}",
            )(x, lengths)
        x = keras.layers.LayerNormalization(epsilon=1e-6, name="norm")(x)
    return keras.Model({"ids": ids, "lengths": lengths}, x, name="encoder")


def pretraining_model(
    encoder: keras.Model, settings: EncoderSettings, *, vocabulary_size: int, samples: int
) -> keras.Model:
    """The model for pretraining: the encoder with the loss of its predictions.

    Recurrent: at each position the state from the left guesses the piece after it, that from the
    right the piece before it, both with the same softmax. Transformer: the vectors at given places
    guess what stands there.

    Args:
        encoder: what `text_encoder` made.
        settings: its shape.
        vocabulary_size: pieces to guess among.
        samples: of these, how many an answer is compared with in training; 0: all.

    Returns:
        A model from what `pipeline.batches.language_model` makes to nats: float32 [batch, time,
        2], left to right and right to left; of the Transformer float32 [batch, guesses, 1].
    """
    inputs, vectors = dict(encoder.input), encoder.output
    size = settings.embedding_size if settings.architecture == "recurrent" else settings.units
    softmax = SampledSoftmax(vocabulary_size, size, samples, name="softmax")
    vectors = keras.layers.Dropout(settings.state_dropout, name="state_dropout")(vectors)
    if settings.architecture == "recurrent":
        ids = inputs["ids"]
        after = ops.pad(ids[:, 1:], ((0, 0), (0, 1)))
        before = ops.pad(ids[:, :-1], ((0, 0), (1, 0)))
        forward = keras.layers.Dense(size, name="forward")(vectors[:, :, : settings.units])
        backward = keras.layers.Dense(size, name="backward")(vectors[:, :, settings.units :])
        nats = ops.stack([softmax(forward, after), softmax(backward, before)], axis=-1)
    else:
        inputs["places"] = keras.Input((None,), dtype="int32", name="places")
        inputs["answers"] = keras.Input((None,), dtype="int32", name="answers")
        there = ops.take_along_axis(vectors, inputs["places"][:, :, None], axis=1)
        there = keras.layers.Dense(size, activation="gelu", name="guess")(there)
        there = keras.layers.LayerNormalization(epsilon=1e-6, name="guess_norm")(there)
        nats = softmax(there, inputs["answers"])[..., None]
    return keras.Model(inputs, nats, name="pretraining")


def encode(encoder: keras.Model, rows: Ragged, batch_size: int = 256) -> list[np.ndarray]:
    """The vectors of every row, in the given order: float32 [length, width] each."""
    batches = LengthBuckets(rows, None, batch_size)
    vectors: list[np.ndarray] = [np.zeros(0)] * len(rows)
    for indices, (inputs, _) in zip(batches.batch_rows, batches, strict=True):
        found = predict_batch(encoder, inputs)
        for index, row, length in zip(indices, found, inputs["lengths"], strict=True):
            vectors[index] = row[:length]
    return vectors
