"""Runs a batch of rows of any length through a model in parts of similar length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from pipeline.export.parts import in_parts
from pipeline.text.vocabulary import PAD


class PartSize(NamedTuple):
    """The maximum size of one call of a model.

    Attributes:
        rows: maximum number of rows.
        positions: maximum number of positions, padding included, so that parts of long rows have
            fewer rows; a single row that is longer is a part of its own. None: no limit.
    """

    rows: int
    positions: int | None

    def for_rows(self, longest: int) -> PartSize:
        """The size for rows of at most `longest` ids; without a limit of positions if they cannot
        reach it."""
        never = self.positions is not None and self.rows * longest <= self.positions
        return PartSize(self.rows, None) if never else self


REVIEWS_AT_ONCE = PartSize(64, 2**14)
# Sentences differ more in length than reviews: smaller parts have less padding.
SENTENCES_AT_ONCE = PartSize(32, 2**13)
# For each translation the memory holds a beam of hypotheses.
TRANSLATIONS_AT_ONCE = PartSize(32, 2**12)
# For each prompt the memory holds little more than its ids and those of the continuation.
PROMPTS_AT_ONCE = PartSize(256, 2**22)


def map_sorted(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    width: int,
    part_size: PartSize = REVIEWS_AT_ONCE,
) -> tf.Tensor:
    """Applies `function` to parts of rows of similar length, and restores the order.

    Args:
        rows: int32 [n, None].
        function: (ids int32 [m, time] right-padded, lengths int32 [m]) -> float32 [m, width].
        width: of the result.
        part_size: the maximum size of a part.

    Returns:
        float32 [n, width].
    """
    (results,), order = _in_parts(
        rows,
        lambda ids, lengths, _: [function(ids, lengths)],
        [tf.TensorSpec([None, width])],
        part_size,
    )
    return tf.gather(results, tf.math.invert_permutation(order))


def map_sorted_pieces(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    part_size: PartSize = SENTENCES_AT_ONCE,
) -> tf.RaggedTensor:
    """As `map_sorted`, for a function that gives one value for each id.

    Args:
        rows: int32 [n, None].
        function: (ids int32 [m, time] right-padded, lengths int32 [m]) -> int32 [m, time].
        part_size: the maximum size of a part.

    Returns:
        int32 [n, None], rows as long as those given.
    """
    return _for_each_id(rows, function, tf.TensorSpec([None], tf.int32), part_size)


def map_sorted_vectors(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    width: int,
    part_size: PartSize = REVIEWS_AT_ONCE,
) -> tf.RaggedTensor:
    """As `map_sorted_pieces`, for a function that gives a vector for each id: float32 [m, time,
    width]; the result is [n, None, width]."""
    return _for_each_id(rows, function, tf.TensorSpec([None, width], tf.float32), part_size)


def _for_each_id(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    result: tf.TensorSpec,
    part_size: PartSize,
) -> tf.RaggedTensor:
    def flat(ids: tf.Tensor, lengths: tf.Tensor, _: tf.Tensor) -> list[tf.Tensor]:
        return [tf.boolean_mask(function(ids, lengths), tf.sequence_mask(lengths))]

    (results,), order = _in_parts(rows, flat, [result], part_size, parts_at_a_time=2)
    lengths = tf.cast(rows.row_lengths(), tf.int32)
    by_length = tf.RaggedTensor.from_row_lengths(results, tf.gather(lengths, order))
    return tf.gather(by_length, tf.math.invert_permutation(order))


def map_sorted_texts(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor],
    extra_positions: tf.Tensor,
    part_size: PartSize = PROMPTS_AT_ONCE,
) -> tf.Tensor:
    """As `map_sorted`, for a function that writes a text for each row.

    Args:
        rows: int32 [n, None].
        function: (ids int32 [m, time] right-padded, lengths int32 [m], int32 [m], which rows they
            are) -> string [m].
        extra_positions: int32 scalar, further positions of each row, for the ids that are written.
        part_size: the maximum size of a part.

    Returns:
        string [n].
    """
    (results,), order = _in_parts(
        rows,
        lambda *given: [function(*given)],
        [tf.TensorSpec([None], tf.string)],
        part_size,
        extra_positions=extra_positions,
    )
    return tf.gather(results, tf.math.invert_permutation(order))


def map_sorted_ragged(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor], Sequence[tf.RaggedTensor]],
    dtypes: Sequence[tf.DType],
    part_size: PartSize,
) -> tuple[tf.RaggedTensor, ...]:
    """As `map_sorted`, for a function that gives several rows of any length for each row.

    Args:
        rows: int32 [n, None].
        function: (ids int32 [m, time] right-padded, lengths int32 [m]) -> of each dtype [m, None].
        dtypes: of the results.
        part_size: the maximum size of a part.

    Returns:
        Of each dtype [n, None].
    """

    def flat(ids: tf.Tensor, lengths: tf.Tensor, _: tf.Tensor) -> list[tf.Tensor]:
        results = function(ids, lengths)
        sizes = (tf.cast(result.row_lengths(), tf.int64) for result in results)
        return [*(result.flat_values for result in results), *sizes]

    specs = [tf.TensorSpec([None], dtype) for dtype in (*dtypes, *[tf.int64] * len(dtypes))]
    results, order = _in_parts(rows, flat, specs, part_size)
    own = tf.math.invert_permutation(order)
    count = len(dtypes)
    return tuple(
        tf.gather(tf.RaggedTensor.from_row_lengths(values, sizes), own)
        for values, sizes in zip(results[:count], results[count:], strict=True)
    )


def _in_parts(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], Sequence[tf.Tensor]],
    specs: Sequence[tf.TensorSpec],
    part_size: PartSize,
    *,
    parts_at_a_time: int = 1,
    extra_positions: int | tf.Tensor = 0,
) -> tuple[tuple[tf.Tensor, ...], tf.Tensor]:
    """The results of rows sorted by length, concatenated, and the order, int32 [n].

    With two parts at a time one is decoded, which takes one core, while the other goes through
    the recurrent layers.
    """
    lengths = tf.cast(rows.row_lengths(), tf.int32)
    order = tf.argsort(lengths, stable=True)

    def part(first: tf.Tensor) -> tuple[tf.Tensor, Sequence[tf.Tensor]]:
        chosen = order[first : first + part_size.rows]
        if part_size.positions is not None:
            chosen = chosen[
                : _fitting(tf.gather(lengths, chosen) + extra_positions, part_size.positions)
            ]
        ids = tf.gather(rows, chosen).to_tensor(default_value=PAD)
        return tf.size(chosen), function(ids, tf.gather(lengths, chosen), chosen)

    return in_parts(rows.nrows(tf.int32), part, specs, parts_at_a_time), order


def _fitting(lengths: tf.Tensor, positions: int) -> tf.Tensor:
    """The number of rows, the shortest first, that fit into a part: int32 scalar, at least 1."""
    number = tf.range(1, tf.size(lengths) + 1)
    # Cut off above, for the product of large numbers would begin again below zero.
    padded = number * tf.minimum(lengths, positions + 1)
    return tf.maximum(tf.reduce_sum(tf.cast(padded <= positions, tf.int32)), 1)
