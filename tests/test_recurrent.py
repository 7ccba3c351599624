from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.layers.recurrent import CELLS, Recurrent, cell_layer, reverse_by_length
from tests.rounding import FLOAT32

BATCH, TIME, FEATURES, UNITS = 5, 9, 4, 3


@pytest.fixture
def rows():
    generator = np.random.default_rng(7)
    lengths = np.array([9, 1, 4, 2, 7], dtype=np.int32)
    return generator.normal(size=(BATCH, TIME, FEATURES)).astype("float32"), lengths


def masked_reference(layer: Recurrent, sequences, lengths):
    """Keras's own masked Bidirectional with the same weights: the independent implementation."""
    reference = keras.layers.Bidirectional(cell_layer(layer.cell, layer.units))
    mask = np.arange(sequences.shape[1])[None, :] < lengths[:, None]
    reference.build(sequences.shape)
    reference.set_weights(layer.get_weights())
    return np.asarray(reference(sequences, mask=mask)), mask


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_equals_keras_masked_bidirectional(cell, training, rows):
    sequences, lengths = rows
    layer = Recurrent(cell, UNITS, seed=1)
    ours = np.asarray(layer(sequences, lengths, training=training))
    theirs, mask = masked_reference(layer, sequences, lengths)
    np.testing.assert_allclose(ours[mask], theirs[mask], **FLOAT32)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_equal_those_of_the_masked_layer(cell, training, rows):
    tf = pytest.importorskip("tensorflow", reason="autodiff through the TensorFlow backend")
    sequences, lengths = rows
    layer = Recurrent(cell, UNITS, seed=1)
    layer.build(sequences.shape, lengths.shape)
    reference = keras.layers.Bidirectional(cell_layer(cell, UNITS))
    reference.build(sequences.shape)
    reference.set_weights(layer.get_weights())
    mask = np.arange(TIME)[None, :] < lengths[:, None]
    weight = np.random.default_rng(3).normal(size=(BATCH, TIME, 2 * UNITS)).astype("float32")
    weight *= mask[:, :, None]

    def gradients(call, variables):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(call() * weight)
        return [np.asarray(g) for g in tape.gradient(total, [v.value for v in variables])]

    ours = gradients(
        lambda: layer(sequences, lengths, training=training), layer.trainable_variables
    )
    theirs = gradients(lambda: reference(sequences, mask=mask), reference.trainable_variables)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, atol=2e-5)


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
def test_padding_changes_nothing(direction, rows):
    sequences, lengths = rows
    layer = Recurrent("gru", UNITS, direction, seed=1)
    short = np.asarray(layer(sequences, lengths))
    noise = np.full((BATCH, 6, FEATURES), 1e3, dtype="float32")
    padded = np.asarray(layer(np.concatenate([sequences, noise], axis=1), lengths))
    for row, length in enumerate(lengths):
        np.testing.assert_allclose(padded[row, :length], short[row, :length], **FLOAT32)


def test_a_row_alone_equals_the_row_in_a_batch(rows):
    sequences, lengths = rows
    layer = Recurrent("lstm", UNITS, seed=1)
    together = np.asarray(layer(sequences, lengths))
    for row, length in enumerate(lengths):
        alone = np.asarray(layer(sequences[row : row + 1, :length], lengths[row : row + 1]))
        np.testing.assert_allclose(together[row, :length], alone[0], **FLOAT32)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=5), st.integers(0, 3))
def test_reversing_twice_gives_the_rows_back(lengths, extra):
    time = max(lengths) + extra + 1
    rows = np.arange(len(lengths) * time * 2, dtype="float32").reshape(len(lengths), time, 2)
    lengths = np.array(lengths, dtype=np.int32)
    once = np.asarray(reverse_by_length(rows, lengths))
    for row, length in enumerate(lengths):
        np.testing.assert_array_equal(once[row, :length], rows[row, :length][::-1])
        np.testing.assert_array_equal(once[row, length:], rows[row, length:])
    np.testing.assert_array_equal(np.asarray(reverse_by_length(once, lengths)), rows)


def test_identity_start_and_unknown_names():
    layer = Recurrent("irnn", UNITS, "forward")
    layer.build((None, None, FEATURES))
    np.testing.assert_array_equal(layer.forward.get_weights()[1], np.eye(UNITS))
    with pytest.raises(ValueError, match="lstm, gru, rnn, irnn"):
        Recurrent("lstn", UNITS)
    with pytest.raises(ValueError, match="forward, backward, both"):
        Recurrent("lstm", UNITS, "sideways")
