"""Ragged rows in a graph, without the table of [rows, longest] that TensorFlow lays out."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.export.graph_rows import filter_rows, row_numbers

ROWS = st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=8)


def ragged(rows: list[list[int]]) -> tf.RaggedTensor:
    flat = tf.constant([value for row in rows for value in row], tf.int32)
    return tf.RaggedTensor.from_row_lengths(flat, np.array([len(row) for row in rows], np.int64))


@settings(max_examples=25)
@given(ROWS)
def test_each_value_is_told_its_row(rows):
    expected = [number for number, row in enumerate(rows) for _ in row]
    assert row_numbers(ragged(rows)).numpy().tolist() == expected


@settings(max_examples=25)
@given(ROWS, st.integers(0, 9))
def test_what_is_not_wanted_is_left_out(rows, limit):
    given_rows = ragged(rows)
    found = filter_rows(given_rows, given_rows.flat_values > limit)
    assert found.to_list() == [[value for value in row if value > limit] for row in rows]


def test_a_very_long_row_beside_many_short_ones_is_laid_out_nowhere():
    """A table of them would take 48 GB."""
    lengths = [3] * 20_000 + [300_000]
    rows = tf.RaggedTensor.from_row_lengths(tf.range(sum(lengths)), lengths)
    numbers = row_numbers(rows).numpy()
    assert np.bincount(numbers).tolist() == lengths
    found = filter_rows(rows, rows.flat_values % 3 == 0)
    assert found.row_lengths().numpy().tolist() == [1] * 20_000 + [100_000]
