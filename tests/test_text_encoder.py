"""An encoder that learns from raw text: what it may see, and what it guesses."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from pipeline.batches.language_model import MaskedBuckets, TwoWayBuckets
from pipeline.models.fill_in import FillIn
from pipeline.models.settings import EncoderSettings
from pipeline.models.text_encoder import encode, pretraining_model, text_encoder
from pipeline.models.text_vectors import mean_vectors, text_vectors
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS
from pipeline.training.losses import MeanNats
from random_weights import randomized
from tests.rounding import FLOAT32

PIECES = 20
SHAPES = {
    "recurrent": EncoderSettings(units=6, embedding_size=5),
    "transformer": EncoderSettings(
        architecture="transformer", units=8, heads=2, layers=2, feed_forward=9
    ),
}


def rows_of(*rows: list[int]) -> Ragged:
    return Ragged.from_lists(rows).framed(BOS, EOS)


def models(kind: str, samples: int = 0) -> tuple[keras.Model, keras.Model]:
    encoder = text_encoder(SHAPES[kind], vocabulary_size=PIECES)
    model = pretraining_model(encoder, SHAPES[kind], vocabulary_size=PIECES, samples=samples)
    randomized(model, scale=0.7)
    model.get_layer("softmax").set_counts(np.arange(PIECES))
    return encoder, model


def batch_of(kind: str, rows: Ragged) -> dict[str, np.ndarray]:
    buckets = TwoWayBuckets(rows, 8) if kind == "recurrent" else MaskedBuckets(rows, 8, PIECES)
    return buckets[0][0]


def test_each_direction_sees_its_own_side_alone():
    """What stands behind a piece changes nothing of what it costs from the left, and the same the
    other way round: otherwise the next piece could be read instead of guessed."""
    _, model = models("recurrent")
    ids = [5, 6, 7, 8, 9, 10]
    whole = model.predict_on_batch(batch_of("recurrent", rows_of(ids)))[0]
    changed = model.predict_on_batch(batch_of("recurrent", rows_of([5, 6, 7, 8, 11, 12])))[0]
    # Position t guesses piece t + 1: up to piece 4 (position 3) all is as it was.
    np.testing.assert_allclose(whole[:4, 0], changed[:4, 0], **FLOAT32)
    assert np.abs(whole[4:7, 0] - changed[4:7, 0]).max() > 1e-3
    changed = model.predict_on_batch(batch_of("recurrent", rows_of([13, 14, 7, 8, 9, 10])))[0]
    np.testing.assert_allclose(whole[4:8, 1], changed[4:8, 1], **FLOAT32)
    assert np.abs(whole[1:4, 1] - changed[1:4, 1]).max() > 1e-3


def test_costs_are_those_of_the_softmax_over_what_follows():
    encoder, model = models("recurrent")
    rows = rows_of([5, 6, 7])
    nats = model.predict_on_batch(batch_of("recurrent", rows))[0]
    forward = keras.Model(encoder.input, model.get_layer("forward").output)
    logits = np.asarray(
        model.get_layer("softmax").logits(forward.predict_on_batch(batch_of("recurrent", rows)))
    )[0]
    log_p = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    following = rows.row(0)[1:]
    np.testing.assert_allclose(nats[:4, 0], -log_p[np.arange(4), following], atol=1e-5)


@pytest.mark.parametrize("kind", SHAPES)
def test_padding_changes_nothing(kind):
    encoder, _ = models(kind)
    short, long = [5, 6], [7, 8, 9, 10, 11, 12, 13]
    alone, beside = encode(encoder, rows_of(short))[0], encode(encoder, rows_of(short, long))[0]
    np.testing.assert_allclose(alone, beside, atol=1e-5)


@pytest.mark.parametrize(("kind", "samples"), [("recurrent", 6), ("transformer", 0)])
def test_it_learns_what_follows_what(kind, samples):
    """Texts in which each piece decides the next one, from both sides."""
    keras.utils.set_random_seed(1)
    settings = dataclasses.replace(SHAPES[kind], units=32, embedding_size=16, layers=1)
    encoder = text_encoder(settings, vocabulary_size=PIECES)
    model = pretraining_model(encoder, settings, vocabulary_size=PIECES, samples=samples)
    rows = rows_of(*([4 + (start + step) % 16 for step in range(8)] for start in range(16)))
    counts = np.bincount(rows.ids, minlength=PIECES)
    model.get_layer("softmax").set_counts(counts)
    model.compile(keras.optimizers.Adam(0.01), MeanNats(), jit_compile=False)
    for epoch in range(100):
        if kind == "recurrent":
            (batch,) = TwoWayBuckets(rows, 16, seed=1, epoch=epoch)
        else:
            (batch,) = MaskedBuckets(rows, 16, PIECES, seed=1, epoch=epoch)
        model.train_on_batch(*batch)
    log_p = FillIn(model, settings, counts)(rows, [4] * 16)
    right = rows.ids[rows.row_splits[:-1] + 4]
    assert np.mean(log_p.argmax(axis=1) == right) > 0.3  # 1/16 by chance
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1, atol=1e-9)


def test_a_text_vector_has_length_one_and_of_nothing_it_is_what_is_left_without_the_centre():
    encoder, _ = models("recurrent")
    rows = rows_of([5, 6, 7], [8])
    means = mean_vectors(encoder, rows)
    np.testing.assert_allclose(means[1], encode(encoder, rows)[1][1], **FLOAT32)
    vectors = text_vectors(encoder, rows, means.mean(axis=0))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[0], -vectors[1], atol=1e-5)
    assert not mean_vectors(encoder, rows_of([])).any()
