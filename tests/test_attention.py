"""Attention of a decoder over a source, against its equations computed one number at a time."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from pipeline.layers.attention import (
    SCORES,
    MultiplicativeAttention,
    attention_layer,
    masked_softmax,
)
from tests.rounding import FLOAT32

WIDTH = 4
LENGTHS = np.array([5, 1, 3], dtype=np.int32)


@pytest.fixture
def query() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(3, 2, WIDTH)).astype("float32")


@pytest.fixture
def memory() -> np.ndarray:
    return np.random.default_rng(2).normal(size=(3, 5, WIDTH)).astype("float32")


def seeded(score: str):
    keras.utils.set_random_seed(3)
    return attention_layer(score, 6)


def directly(score: str, weights, s, h) -> float:
    """The score of one query s and one memory vector h, as the papers write it."""
    if score == "additive":
        w, u, v = weights
        return float(np.tanh(s @ w + h @ u) @ v[:, 0])
    return float(s @ h) if score == "dot" else float(s @ (h @ weights[0]))


@pytest.mark.parametrize("score", SCORES)
def test_equals_the_equations(score, query, memory):
    layer = seeded(score)
    context, weights = map(np.asarray, layer(query, memory, LENGTHS))
    kernels = layer.get_weights()
    for row, length in enumerate(LENGTHS):
        for q, s in enumerate(query[row]):
            scores = [directly(score, kernels, s, h) for h in memory[row, :length]]
            expected = np.exp(scores) / np.exp(scores).sum()
            np.testing.assert_allclose(weights[row, q, :length], expected, **FLOAT32)
            assert not weights[row, q, length:].any()
            np.testing.assert_allclose(context[row, q], expected @ memory[row, :length], atol=1e-5)


def test_dot_equals_the_layer_of_keras(query, memory):
    mask = np.arange(5)[None, :] < LENGTHS[:, None]
    theirs = keras.layers.Attention()([query, memory], mask=[None, mask])
    ours, _ = seeded("dot")(query, memory, LENGTHS)
    np.testing.assert_allclose(ours, theirs, **FLOAT32)


@pytest.mark.parametrize("score", SCORES)
def test_padding_changes_nothing_and_has_no_gradient(score, query, memory):
    layer = seeded(score)
    short, _ = layer(query, memory, LENGTHS)
    noise = np.full((3, 4, WIDTH), 1e3, dtype="float32")
    padded = tf.Variable(np.concatenate([memory, noise], axis=1))
    with tf.GradientTape() as tape:
        context, weights = layer(query, padded, LENGTHS)
        total = tf.reduce_sum(context**2)
    np.testing.assert_allclose(context, short, atol=1e-5)
    assert not np.asarray(weights)[:, :, 5:].any()
    gradient = tape.gradient(total, padded).numpy()
    for row, length in enumerate(LENGTHS):
        assert gradient[row, :length].any()
        assert not gradient[row, length:].any()


@pytest.mark.parametrize("score", SCORES)
def test_keys_computed_once_serve_every_query(score, query, memory):
    layer = seeded(score)
    together, _ = layer(query, memory, LENGTHS)
    keys = layer.keys(memory)
    for q in range(query.shape[1]):
        alone, _ = layer.attend(query[:, q : q + 1], keys, memory, LENGTHS)
        np.testing.assert_allclose(alone[:, 0], together[:, q], **FLOAT32)


@pytest.mark.parametrize("score", SCORES)
def test_a_row_of_nothing_but_padding_gives_zero(score, query, memory):
    values = tf.Variable(memory)
    layer = seeded(score)
    with tf.GradientTape() as tape:
        context, weights = layer(query, values, np.zeros(3, np.int32))
        total = tf.reduce_sum(context) + tf.reduce_sum(weights)
    assert not np.asarray(context).any()
    assert np.isfinite(tape.gradient(total, values)).all()


@given(
    scale=st.sampled_from([0.0, 1.0, 1e3, 1e6]),
    length=st.integers(1, 7),
    dtype=st.sampled_from(["float32", "float16"]),
    seed=st.integers(0, 2**16),
)
def test_masked_softmax_is_a_distribution_over_what_is_real(scale, length, dtype, seed):
    scores = np.random.default_rng(seed).normal(size=(4, 7)) * scale
    scores = np.clip(scores, -6e4, 6e4).astype(dtype)
    real = np.arange(7) < length
    weights = np.asarray(masked_softmax(keras.ops.convert_to_tensor(scores), real))
    assert weights.dtype == dtype
    assert (weights[:, length:] == 0.0).all()
    np.testing.assert_allclose(weights.astype("float64").sum(axis=1), 1.0, atol=3e-3)


def test_what_cannot_be_is_refused(query):
    with pytest.raises(ValueError, match="additive, dot, general"):
        attention_layer("scaled", 4)
    with pytest.raises(ValueError, match="dot or general"):
        MultiplicativeAttention("concat")
    with pytest.raises(ValueError, match="4 wide over a memory 6 wide"):
        MultiplicativeAttention("dot").build(query.shape, (3, 5, 6))
