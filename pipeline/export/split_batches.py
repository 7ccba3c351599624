"""Serving a batch of any lengths without paying for its longest row."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from pipeline.text.vocabulary import PAD

ROWS_AT_ONCE = 64


def map_sorted(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    width: int,
    rows_at_once: int = ROWS_AT_ONCE,
) -> tf.Tensor:
    """Applies `function` to rows of near-equal length together, and restores the order.

    Args:
        rows: int32 [n, None].
        function: (ids int32 [m, time] right-padded, lengths int32 [m]) -> float32 [m, width].
        width: of the result.
        rows_at_once: the largest m.

    Returns:
        float32 [n, width].
    """
    count = rows.nrows(tf.int32)
    lengths = tf.cast(rows.row_lengths(), tf.int32)
    order = tf.argsort(lengths, stable=True)
    parts = (count + rows_at_once - 1) // rows_at_once
    results = tf.TensorArray(
        tf.float32, parts, infer_shape=False, element_shape=tf.TensorShape([None, width])
    )

    def body(part, results):
        chosen = order[part * rows_at_once : (part + 1) * rows_at_once]
        ids = tf.gather(rows, chosen).to_tensor(default_value=PAD)
        return part + 1, results.write(part, function(ids, tf.gather(lengths, chosen)))

    _, results = tf.while_loop(
        lambda part, _: part < parts, body, (0, results), parallel_iterations=1
    )
    together = tf.cond(parts > 0, results.concat, lambda: tf.zeros([0, width], tf.float32))
    return tf.gather(together, tf.math.invert_permutation(order))
