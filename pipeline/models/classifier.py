"""Classifiers (many to one): a recurrent one, and a bag of embeddings as baseline."""

from __future__ import annotations

import keras
import numpy as np

from pipeline.batches.length_buckets import LengthBuckets
from pipeline.layers.piece_embedding import embedded_pieces
from pipeline.layers.pooling import pooling_layer
from pipeline.layers.recurrent import Recurrent
from pipeline.models.one_graph import predict_batch
from pipeline.models.settings import ClassifierSettings
from pipeline.text.ragged import Ragged


def recurrent_classifier(
    settings: ClassifierSettings,
    *,
    vocabulary_size: int,
    classes: int,
    ngram_table: np.ndarray | None = None,
    ngrams: int = 0,
    start_even: bool = False,
) -> keras.Model:
    """Builds the classifier.

    Args:
        settings: its shape.
        vocabulary_size: pieces, the four special ones included.
        classes: labels to tell apart, at least 2.
        ngram_table: int32 [vocabulary_size, most], the n-grams of each piece
            (`pipeline.text.ngrams.ngram_table`), or None for plain embeddings.
        ngrams: how many n-grams there are, the one called none included.
        start_even: whether all labels are equally probable before the training, so that the mean
            of several trainings has nothing of a random start in it.

    Returns:
        A model from {"ids": int32 [batch, time], "lengths": int32 [batch]} to logits
        float32 [batch, classes]. Rows are right-padded; padding changes nothing.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    lengths = keras.Input((), dtype="int32", name="lengths")
    x = embedded_pieces(
        ids, vocabulary_size, settings.embedding_size, ngram_table, ngrams, name="embedding"
    )
    x = keras.layers.Dropout(settings.embedding_dropout, name="embedding_dropout")(x)
    # A whole position is dropped at once: the model must not hang on a single telling word.
    x = keras.layers.Dropout(
        settings.piece_dropout, noise_shape=(None, None, 1), name="piece_dropout"
    )(x)
    if settings.cell != "bag":
        for number in range(1, settings.layers + 1):
            below = x
            if number > 1:
                below = keras.layers.Dropout(
                    settings.state_dropout, name=f"state_dropout_{number - 1}"
                )(below)
            x = Recurrent(
                settings.cell, settings.units, settings.direction, name=f"recurrent_{number}"
            )(below, lengths)
            if number > 1:
                x = keras.layers.Add(name=f"residual_{number}")([x, below])
    pooled = [
        pooling_layer(pooling, direction=settings.direction, name=f"{pooling}_pooling")(x, lengths)
        for pooling in settings.pooling.split("+")
    ]
    x = pooled[0] if len(pooled) == 1 else keras.layers.Concatenate(name="pooled")(pooled)
    x = keras.layers.Dropout(settings.state_dropout, name="pooled_dropout")(x)
    start = "zeros" if start_even else "glorot_uniform"
    logits = keras.layers.Dense(classes, kernel_initializer=start, name="logits")(x)
    return keras.Model({"ids": ids, "lengths": lengths}, logits, name="classifier")


def predict_logits(model: keras.Model, rows: Ragged, batch_size: int = 128) -> np.ndarray:
    """The logits of every row, in the given order: float32 [rows, classes]."""
    batches = LengthBuckets(rows, None, batch_size)
    logits = np.zeros((len(rows), model.output_shape[-1]), dtype=np.float32)
    for indices, (inputs, _) in zip(batches.batch_rows, batches, strict=True):
        logits[indices] = predict_batch(model, inputs)
    return logits
