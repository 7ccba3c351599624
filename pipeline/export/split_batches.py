"""Serving a batch of any lengths without paying for its longest row."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from pipeline.text.vocabulary import PAD

ROWS_AT_ONCE = 64
# Sentences differ more in length than reviews do: smaller parts pad less.
SENTENCES_AT_ONCE = 32


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
    results, _, order = _in_parts(rows, function, tf.TensorSpec([None, width]), rows_at_once)
    return tf.gather(results, tf.math.invert_permutation(order))


def map_sorted_pieces(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    rows_at_once: int = SENTENCES_AT_ONCE,
) -> tf.RaggedTensor:
    """As `map_sorted`, for a function that gives something for each id.

    Args:
        rows: int32 [n, None].
        function: (ids int32 [m, time] right-padded, lengths int32 [m]) -> int32 [m, time].
        rows_at_once: the largest m.

    Returns:
        int32 [n, None], rows as long as those given.
    """

    def flat(ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        return tf.boolean_mask(function(ids, lengths), tf.sequence_mask(lengths))

    results, lengths, order = _in_parts(
        rows, flat, tf.TensorSpec([None], tf.int32), rows_at_once, at_a_time=2
    )
    by_length = tf.RaggedTensor.from_row_lengths(results, tf.gather(lengths, order))
    return tf.gather(by_length, tf.math.invert_permutation(order))


def _in_parts(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    result: tf.TensorSpec,
    rows_at_once: int,
    at_a_time: int = 1,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Results of rows sorted by length, end to end; lengths int32 [n]; the order int32 [n].

    With two parts at a time one is decoded, which takes one core, while the other goes through
    the recurrent layers.
    """
    count = rows.nrows(tf.int32)
    lengths = tf.cast(rows.row_lengths(), tf.int32)
    order = tf.argsort(lengths, stable=True)
    parts = (count + rows_at_once - 1) // rows_at_once
    results = tf.TensorArray(result.dtype, parts, infer_shape=False, element_shape=result.shape)

    def body(part, results):
        chosen = order[part * rows_at_once : (part + 1) * rows_at_once]
        ids = tf.gather(rows, chosen).to_tensor(default_value=PAD)
        return part + 1, results.write(part, function(ids, tf.gather(lengths, chosen)))

    _, results = tf.while_loop(
        lambda part, _: part < parts, body, (0, results), parallel_iterations=at_a_time
    )
    nothing = tf.zeros([0, *result.shape[1:]], result.dtype)
    return tf.cond(parts > 0, results.concat, lambda: nothing), lengths, order
