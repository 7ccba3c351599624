"""Ragged rows in a TensorFlow graph, in memory proportional to their values.

TensorFlow's own `value_rowids` and `tf.ragged.boolean_mask` lay out a table of [rows, longest] on
the way: one text of 300,000 characters beside 5,000 short ones takes 12 GB.
"""

from __future__ import annotations

import tensorflow as tf


def row_numbers(rows: tf.RaggedTensor) -> tf.Tensor:
    """The row in which each flat value stands: int32 [values]."""
    splits = tf.cast(rows.row_splits, tf.int32)
    return tf.searchsorted(splits, tf.range(splits[-1]), side="right") - 1


def filter_rows(rows: tf.RaggedTensor, wanted: tf.Tensor) -> tf.RaggedTensor:
    """The rows without the values that are not wanted.

    Args:
        rows: [n, None].
        wanted: bool, one for each flat value.
    """
    before = tf.pad(tf.cumsum(tf.cast(wanted, rows.row_splits.dtype)), [[1, 0]])
    splits = tf.gather(before, rows.row_splits)
    flat = tf.boolean_mask(rows.flat_values, wanted)
    return tf.RaggedTensor.from_row_splits(flat, splits, validate=False)
