"""The Transformer's parts: against formulas and Keras's own layer, and one step at a time."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from pipeline.layers.multi_head import MultiHeadAttention
from pipeline.layers.positions import SinusoidalPositions, sinusoidal_positions
from pipeline.layers.transformer import DecoderBlock, EncoderBlock
from tests.rounding import FLOAT32

WIDTH, HEADS, TIME, SOURCE = 8, 2, 6, 5
LENGTHS = np.array([5, 1, 3], dtype=np.int32)


def numbers(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.fixture
def x() -> np.ndarray:
    return numbers(1, 3, TIME, WIDTH)


@pytest.fixture
def memory() -> np.ndarray:
    return numbers(2, 3, SOURCE, WIDTH)


def shaken(layer, *inputs):
    """Built, with every weight at random, so that no bias or scale hides at 0 or 1."""
    layer(*inputs)
    for number, weight in enumerate(layer.weights):
        if "seed" not in weight.name:
            weight.assign(0.4 * numbers(100 + number, *weight.shape))
    return layer


@pytest.fixture
def block(x, memory) -> DecoderBlock:
    return shaken(DecoderBlock(WIDTH, HEADS, 11), x, memory, LENGTHS)


@pytest.mark.parametrize("width", [8, 7, 1])
def test_positions_against_their_formula(width):
    found = np.asarray(sinusoidal_positions(np.arange(300), width))
    for position in (0, 1, 2, 17, 299):
        for column in range(width):
            angle = position / 10000 ** (column // 2 * 2 / width)
            expected = math.cos(angle) if column % 2 else math.sin(angle)
            assert found[position, column] == pytest.approx(expected, abs=1e-4)


def test_positions_are_added_to_scaled_embeddings(x):
    layer = SinusoidalPositions()
    whole = np.asarray(layer(x))
    expected = x * math.sqrt(WIDTH) + np.asarray(sinusoidal_positions(np.arange(TIME), WIDTH))
    np.testing.assert_allclose(whole, expected, **FLOAT32)
    for position in range(TIME):
        one = np.asarray(layer(x[:, position : position + 1], first=position))
        np.testing.assert_allclose(one[:, 0], whole[:, position], **FLOAT32)


def test_multi_head_attention_equals_the_layer_of_keras(x, memory):
    ours = shaken(MultiHeadAttention(WIDTH, HEADS), x, memory)
    theirs = keras.layers.MultiHeadAttention(HEADS, WIDTH // HEADS)
    theirs.build(x.shape, memory.shape)
    theirs.set_weights(
        [
            value.reshape(weight.shape)
            for value, weight in zip(ours.get_weights(), theirs.weights, strict=True)
        ]
    )
    mask = np.arange(SOURCE)[None, :] < LENGTHS[:, None]
    expected = theirs(x, memory, attention_mask=mask[:, None, :])
    np.testing.assert_allclose(ours(x, memory, LENGTHS), expected, atol=1e-5)
    both = theirs(x, x, use_causal_mask=True)
    np.testing.assert_allclose(ours(x, x, causal=True), both, atol=1e-5)


def test_multi_head_weights_against_numpy(x, memory):
    layer = shaken(MultiHeadAttention(WIDTH, HEADS), x, memory)
    real = np.arange(SOURCE)[None, :] < LENGTHS[:, None]
    _, weights = layer.attend(x, *layer.project(memory), real[:, None, None, :])
    query, query_bias, key, key_bias, *_ = layer.get_weights()
    for head in range(HEADS):
        part = slice(head * WIDTH // HEADS, (head + 1) * WIDTH // HEADS)
        q = (x @ query + query_bias)[:, :, part]
        for row, length in enumerate(LENGTHS):
            k = (memory[row, :length] @ key + key_bias)[:, part]
            scores = q[row] @ k.T / math.sqrt(WIDTH // HEADS)
            expected = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
            found = np.asarray(weights)[row, head]
            np.testing.assert_allclose(found[:, :length], expected, atol=1e-5)
            assert not found[:, length:].any()


def test_the_future_changes_nothing_in_the_past(block, x, memory):
    before = np.asarray(block(x, memory, LENGTHS))
    for t in range(1, TIME):
        changed = x.copy()
        changed[:, t:] = numbers(7, 3, TIME - t, WIDTH) * 10
        after = np.asarray(block(changed, memory, LENGTHS))
        np.testing.assert_array_equal(after[:, :t], before[:, :t])
        assert (np.abs(after[:, t:] - before[:, t:]).max(axis=-1) > 1e-3).all()


def test_without_the_causal_mask_the_future_would_show(x):
    """The test above could see a mask that is not there."""
    layer = shaken(MultiHeadAttention(WIDTH, HEADS), x, x)
    changed = x.copy()
    changed[:, -1] += 1.0
    for causal in (True, False):
        first, second = (np.asarray(layer(v, v, causal=causal))[:, 0] for v in (x, changed))
        assert np.array_equal(first, second) == causal


@pytest.mark.parametrize("kind", [EncoderBlock, DecoderBlock])
def test_padding_of_the_source_changes_nothing(kind, x, memory):
    noise = np.full((3, 4, WIDTH), 50.0, dtype="float32")
    wide = np.concatenate([memory, noise], axis=1)
    if kind is DecoderBlock:
        layer = shaken(kind(WIDTH, HEADS, 11), x, memory, LENGTHS)
        np.testing.assert_allclose(layer(x, wide, LENGTHS), layer(x, memory, LENGTHS), atol=1e-5)
        return
    layer = shaken(kind(WIDTH, HEADS, 11), memory, LENGTHS)
    together = np.asarray(layer(wide, LENGTHS))
    for row, length in enumerate(LENGTHS):
        alone = np.asarray(layer(memory[row : row + 1, :length], LENGTHS[row : row + 1]))
        np.testing.assert_allclose(together[row, :length], alone[0], atol=1e-5)


def test_one_step_equals_the_teacher_forced_pass(block, x, memory):
    """Also inside a graph, with a position that is not known when it is traced."""
    expected = np.asarray(block(x, memory, LENGTHS))

    @tf.function
    def step(x, cache, position):
        return block.step(x, LENGTHS, cache, position)

    cache = block.start(memory, max_length=TIME + 3)
    for position in range(TIME):
        column = x[:, position : position + 1]
        found, cache, weights = step(column, cache, tf.constant(position))
        np.testing.assert_allclose(found[:, 0], expected[:, position], atol=1e-5)
        np.testing.assert_allclose(ops.sum(weights, axis=-1), 1.0, atol=1e-6)
        for row, length in enumerate(LENGTHS):
            assert not weights[row, length:].numpy().any()


def test_a_block_whose_parts_give_nothing_is_the_identity(x, memory):
    """Pre-norm: nothing stands between one end of a stack and the other."""
    block = shaken(DecoderBlock(WIDTH, HEADS, 11), x, memory, LENGTHS)
    for part in (block.self_attention.mix, block.source_attention.mix, block.outer):
        part.set_weights([np.zeros_like(value) for value in part.get_weights()])
    np.testing.assert_array_equal(block(x, memory, LENGTHS), x)


def test_dropout_is_for_training_alone(x):
    for arguments in ({"dropout": 0.5}, {"attention_dropout": 0.5}):
        layer = EncoderBlock(WIDTH, HEADS, 11, **arguments)
        lengths = np.full(3, TIME, np.int32)
        quiet = np.asarray(layer(x, lengths))
        np.testing.assert_array_equal(quiet, layer(x, lengths, training=False))
        assert np.abs(quiet - layer(x, lengths, training=True)).max() > 1e-3


def test_heads_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="9 cannot be shared by 2 heads"):
        MultiHeadAttention(9, 2)
