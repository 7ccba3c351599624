"""The recurrent layer by itself; whole language models are in test_language_model.py."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from pipeline.layers.carried_recurrent import CarriedRecurrent
from pipeline.layers.recurrent import CELLS, cell_layer
from tests.rounding import FLOAT32

ROWS, TIME, FEATURES, UNITS = 4, 9, 5, 3
RESET = np.zeros((ROWS, TIME), bool)
RESET[[0, 1, 1, 3], [4, 0, 7, 8]] = True


def numbers(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.fixture(params=CELLS)
def layer(request) -> CarriedRecurrent:
    layer = CarriedRecurrent(request.param, UNITS, seed=1)
    layer.build((None, None, FEATURES))
    generator = np.random.default_rng(2)
    # Biases too: forgetting must not depend on their being zero.
    layer.set_weights([0.5 * generator.normal(size=w.shape) for w in layer.get_weights()])
    return layer


@pytest.fixture
def given(layer) -> tuple[np.ndarray, np.ndarray]:
    return numbers(3, ROWS, TIME, FEATURES), numbers(4, ROWS, layer.state_size)


def of_keras(layer: CarriedRecurrent, sequences, state=None) -> tuple[np.ndarray, np.ndarray]:
    """Keras's own layer with the same weights."""
    config = cell_layer(layer.cell, UNITS).get_config()
    reference = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}.get(
        layer.cell, keras.layers.SimpleRNN
    ).from_config({**config, "return_state": True})
    reference.build(sequences.shape)
    reference.set_weights(layer.get_weights())
    parts = None
    if state is not None:
        parts = np.split(state, state.shape[1] // UNITS, axis=1)
        parts = parts if len(parts) > 1 else parts[0]
    outputs, *states = reference(sequences, initial_state=parts)
    return np.asarray(outputs), np.concatenate([np.asarray(s) for s in states], axis=1)


def test_without_resets_it_is_keras_layer(layer, given):
    sequences, state = given
    ours = layer(sequences, np.zeros_like(RESET), state)
    for one, other in zip(ours, of_keras(layer, sequences, state), strict=True):
        np.testing.assert_allclose(one, other, **FLOAT32)


def test_a_reset_equals_starting_anew(layer, given):
    """Each stretch between resets is what Keras's layer makes of it alone; the state is too."""
    sequences, state = given
    outputs, last = map(np.asarray, layer(sequences, RESET, state))
    for row in range(ROWS):
        borders = sorted({0, *np.flatnonzero(RESET[row]), TIME})
        for begin, end in zip(borders, borders[1:], strict=False):
            start = None if RESET[row, begin] else state[row : row + 1]
            alone, after = of_keras(layer, sequences[row : row + 1, begin:end], start)
            np.testing.assert_allclose(outputs[row, begin:end], alone[0], **FLOAT32)
        np.testing.assert_allclose(last[row], after[0], **FLOAT32)
    assert np.abs(outputs - layer(sequences, np.zeros_like(RESET), state)[0]).max() > 1e-2


def test_what_overflowed_is_forgotten_too(layer, given):
    sequences, state = given
    reset = RESET.copy()
    reset[:, 0] = True
    sane, _ = layer(sequences, reset, state)
    np.testing.assert_array_equal(layer(sequences, reset, np.full_like(state, np.inf))[0], sane)


@pytest.mark.parametrize("width", [1, 4])
def test_windows_equal_the_whole(width, layer, given):
    sequences, state = given
    outputs, last = layer(sequences, RESET, state)
    found = []
    for begin in range(0, TIME, width):
        window = slice(begin, begin + width)
        part, state = layer(sequences[:, window], RESET[:, window], state)
        found.append(np.asarray(part))
    np.testing.assert_allclose(np.concatenate(found, axis=1), outputs, **FLOAT32)
    np.testing.assert_allclose(state, last, **FLOAT32)


def test_gradients_equal_those_of_keras_and_none_goes_through_a_reset(layer, given):
    tf = pytest.importorskip("tensorflow", reason="autodiff through the TensorFlow backend")
    sequences, state = map(tf.constant, given)
    weight = numbers(5, ROWS, TIME, UNITS)

    def gradients(reset):
        with tf.GradientTape() as tape:
            tape.watch([sequences, state])
            total = tf.reduce_sum(layer(sequences, reset, state)[0] * weight)
        return tape.gradient(total, [sequences, state, *(v.value for v in layer.weights)])

    reference = cell_layer(layer.cell, UNITS)
    reference.build(sequences.shape)
    reference.set_weights(layer.get_weights())
    with tf.GradientTape() as tape:
        tape.watch(sequences)
        parts = tf.split(state, layer.state_size // UNITS, axis=1)
        total = tf.reduce_sum(reference(sequences, initial_state=parts) * weight)
    theirs = tape.gradient(total, [sequences, *(v.value for v in reference.weights)])
    ours = gradients(np.zeros_like(RESET))
    for one, other in zip([ours[0], *ours[2:]], theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)

    reset = np.zeros_like(RESET)
    reset[1, 0] = True
    _, to_state, *_ = gradients(reset)
    assert not np.asarray(to_state)[1].any()
    assert np.asarray(to_state)[0].any()
