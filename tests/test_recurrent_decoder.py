"""The recurrent decoder by itself; whole translators are in test_seq2seq.py."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from pipeline.layers.recurrent_decoder import RecurrentDecoder
from tests.rounding import FLOAT32

UNITS, ROWS, TIME = 4, 3, 5
LENGTHS = np.array([4, 1, 2], dtype=np.int32)


def numbers(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def inputs(decoder: RecurrentDecoder) -> tuple:
    source = () if decoder.attention is None else (numbers(3, ROWS, 4, UNITS), LENGTHS)
    return (numbers(1, ROWS, TIME, 6), numbers(2, ROWS, decoder.state_size), *source)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "irnn"])
@pytest.mark.parametrize("attention", ["none", "general"])
def test_steps_equal_the_whole(cell, attention):
    keras.utils.set_random_seed(1)
    decoder = RecurrentDecoder(cell, UNITS, 2, 7, attention)
    vectors, *rest = inputs(decoder)
    whole = np.asarray(decoder(vectors, *rest))
    kept = decoder.start(*rest)
    for t in range(TIME):
        readout, kept, _ = decoder.step(vectors[:, t], kept)
        np.testing.assert_allclose(readout, whole[:, t], **FLOAT32)


@pytest.mark.parametrize("input_feeding", [False, True])
def test_dropout_stands_between_layers(input_feeding):
    """Also where time is walked: what is dropped there differs from step to step."""
    one, two = (
        RecurrentDecoder("gru", UNITS, layers, 7, "dot", input_feeding, dropout=0.5)
        for layers in (1, 2)
    )
    np.testing.assert_array_equal(one(*inputs(one)), one(*inputs(one), training=True))
    still = np.asarray(two(*inputs(two)))
    np.testing.assert_array_equal(still, two(*inputs(two), training=False))
    moved = np.abs(still - two(*inputs(two), training=True)).max(axis=(0, 2))
    assert (moved > 1e-4).all()


def test_feeds_its_readout_back():
    """What was read out at one step reaches the next through the cells, and only with feeding."""
    for input_feeding in (True, False):
        keras.utils.set_random_seed(1)
        decoder = RecurrentDecoder("gru", UNITS, 1, 7, "dot", input_feeding)
        vectors, *rest = inputs(decoder)
        before = np.asarray(decoder(vectors, *rest))
        kernel, bias = decoder.readout.get_weights()
        decoder.readout.set_weights([kernel, bias + 1.0])
        after = np.asarray(decoder(vectors, *rest))
        # The readout moves by its bias alone unless the cells have seen the one before.
        shift = np.arctanh(after.astype("float64")) - np.arctanh(before.astype("float64"))
        np.testing.assert_allclose(shift[:, 0], 1.0, atol=1e-3)
        assert (np.abs(shift[:, 1:] - 1.0).max() > 1e-2) == input_feeding


def test_input_feeding_needs_attention():
    with pytest.raises(ValueError, match="needs attention"):
        RecurrentDecoder("gru", UNITS, 1, 7, input_feeding=True)
