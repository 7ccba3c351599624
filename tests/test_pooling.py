from __future__ import annotations

import numpy as np
import pytest

from pipeline.layers.pooling import POOLINGS, AttentionPooling, LastState, pooling_layer
from tests.rounding import FLOAT32


@pytest.fixture
def rows():
    generator = np.random.default_rng(5)
    return generator.normal(size=(3, 6, 4)).astype("float32"), np.array([6, 1, 3], dtype=np.int32)


def test_mean_and_max_against_numpy(rows):
    sequences, lengths = rows
    for name, reduce in (("mean", np.mean), ("max", np.max)):
        pooled = np.asarray(pooling_layer(name, direction="both")(sequences, lengths))
        expected = [
            reduce(row[:length], axis=0) for row, length in zip(sequences, lengths, strict=True)
        ]
        np.testing.assert_allclose(pooled, expected, **FLOAT32)


def test_last_reads_each_direction_where_it_ends(rows):
    sequences, lengths = rows
    both = np.asarray(LastState("both")(sequences, lengths))
    for row, length in enumerate(lengths):
        np.testing.assert_allclose(both[row, :2], sequences[row, length - 1, :2], atol=1e-6)
        np.testing.assert_allclose(both[row, 2:], sequences[row, 0, 2:], atol=1e-6)


def test_attention_against_numpy(rows):
    sequences, lengths = rows
    layer = AttentionPooling(5)
    pooled = np.asarray(layer(sequences, lengths))
    kernel, bias, query = layer.get_weights()
    for row, length in enumerate(lengths):
        states = sequences[row, :length]
        scores = np.tanh(states @ kernel + bias) @ query
        weights = np.exp(scores - scores.max())
        expected = (weights / weights.sum() * states).sum(axis=0)
        np.testing.assert_allclose(pooled[row], expected, atol=1e-5)


@pytest.mark.parametrize("name", POOLINGS)
def test_padding_changes_nothing(name, rows):
    sequences, lengths = rows
    layer = pooling_layer(name, direction="both")
    noise = np.full((3, 4, 4), 77.0, dtype="float32")
    short = np.asarray(layer(sequences, lengths))
    padded = np.asarray(layer(np.concatenate([sequences, noise], axis=1), lengths))
    np.testing.assert_allclose(padded, short, atol=1e-5)


def test_unknown_pooling_names_the_valid_ones():
    with pytest.raises(ValueError, match="last, mean, max, attention"):
        pooling_layer("median", direction="both")
