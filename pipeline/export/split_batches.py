"""Serving a batch of any lengths without paying for its longest row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from pipeline.export.parts import in_parts
from pipeline.text.vocabulary import PAD


class PartSize(NamedTuple):
    """How much goes through a model at once.

    Attributes:
        rows: at most.
        positions: at most, padding counted, so that long rows share a part with fewer others; a
            row that is longer by itself makes a part alone. None: the rows are never so long.
    """

    rows: int
    positions: int | None

    def for_rows(self, longest: int) -> PartSize:
        """The same for rows of at most `longest` ids, which spares counting where it can."""
        never = self.positions is not None and self.rows * longest <= self.positions
        return PartSize(self.rows, None) if never else self


REVIEWS_AT_ONCE = PartSize(64, 2**14)
# Sentences differ more in length than reviews do: smaller parts pad less.
SENTENCES_AT_ONCE = PartSize(32, 2**13)
# Of a translation a beam of hypotheses is kept.
TRANSLATIONS_AT_ONCE = PartSize(32, 2**12)
# Of a prompt and what is written behind it little more than the ids are kept.
PROMPTS_AT_ONCE = PartSize(256, 2**22)


def map_sorted(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    width: int,
    at_once: PartSize = REVIEWS_AT_ONCE,
) -> tf.Tensor:
    """Applies `function` to rows of near-equal length together, and restores the order.

    Args:
        rows: int32 [n, None].
        function: (ids int32 [m, time] right-padded, lengths int32 [m]) -> float32 [m, width].
        width: of the result.
        at_once: the size of a part.

    Returns:
        float32 [n, width].
    """
    (results,), order = _in_parts(
        rows,
        lambda ids, lengths, _: [function(ids, lengths)],
        [tf.TensorSpec([None, width])],
        at_once,
    )
    return tf.gather(results, tf.math.invert_permutation(order))


def map_sorted_pieces(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    at_once: PartSize = SENTENCES_AT_ONCE,
) -> tf.RaggedTensor:
    """As `map_sorted`, for a function that gives something for each id.

    Args:
        rows: int32 [n, None].
        function: (ids int32 [m, time] right-padded, lengths int32 [m]) -> int32 [m, time].
        at_once: the size of a part.

    Returns:
        int32 [n, None], rows as long as those given.
    """
    return _for_each_id(rows, function, tf.TensorSpec([None], tf.int32), at_once)


def map_sorted_vectors(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    width: int,
    at_once: PartSize = REVIEWS_AT_ONCE,
) -> tf.RaggedTensor:
    """As `map_sorted_pieces`, for a function that gives a vector for each id: float32
    [m, time, width], and so [n, None, width]."""
    return _for_each_id(rows, function, tf.TensorSpec([None, width], tf.float32), at_once)


def _for_each_id(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    result: tf.TensorSpec,
    at_once: PartSize,
) -> tf.RaggedTensor:
    def flat(ids: tf.Tensor, lengths: tf.Tensor, _: tf.Tensor) -> list[tf.Tensor]:
        return [tf.boolean_mask(function(ids, lengths), tf.sequence_mask(lengths))]

    (results,), order = _in_parts(rows, flat, [result], at_once, parts_at_a_time=2)
    lengths = tf.cast(rows.row_lengths(), tf.int32)
    by_length = tf.RaggedTensor.from_row_lengths(results, tf.gather(lengths, order))
    return tf.gather(by_length, tf.math.invert_permutation(order))


def map_sorted_texts(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor],
    more: tf.Tensor,
    at_once: PartSize = PROMPTS_AT_ONCE,
) -> tf.Tensor:
    """As `map_sorted`, for a function that writes a text for each row.

    Args:
        rows: int32 [n, None].
        function: (ids int32 [m, time] right-padded, lengths int32 [m], int32 [m], which rows they
            are) -> string [m].
        more: int32 scalar, positions that each row takes beside its ids.
        at_once: the size of a part.

    Returns:
        string [n].
    """
    (results,), order = _in_parts(
        rows,
        lambda *given: [function(*given)],
        [tf.TensorSpec([None], tf.string)],
        at_once,
        more=more,
    )
    return tf.gather(results, tf.math.invert_permutation(order))


def map_sorted_ragged(
    rows: tf.RaggedTensor,
    function: Callable[[tf.Tensor, tf.Tensor], Sequence[tf.RaggedTensor]],
    dtypes: Sequence[tf.DType],
    at_once: PartSize,
) -> tuple[tf.RaggedTensor, ...]:
    """As `map_sorted`, for a function that gives several rows of any length for each row.

    Args:
        rows: int32 [n, None].
        function: (ids int32 [m, time] right-padded, lengths int32 [m]) -> of each dtype [m, None].
        dtypes: of the results.
        at_once: the size of a part.

    Returns:
        Of each dtype [n, None].
    """

    def flat(ids: tf.Tensor, lengths: tf.Tensor, _: tf.Tensor) -> list[tf.Tensor]:
        results = function(ids, lengths)
        sizes = (tf.cast(result.row_lengths(), tf.int64) for result in results)
        return [*(result.flat_values for result in results), *sizes]

    specs = [tf.TensorSpec([None], dtype) for dtype in (*dtypes, *[tf.int64] * len(dtypes))]
    results, order = _in_parts(rows, flat, specs, at_once)
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
    at_once: PartSize,
    *,
    parts_at_a_time: int = 1,
    more: int | tf.Tensor = 0,
) -> tuple[tuple[tf.Tensor, ...], tf.Tensor]:
    """Results of rows sorted by length, end to end; the order int32 [n].

    With two parts at a time one is decoded, which takes one core, while the other goes through
    the recurrent layers.
    """
    lengths = tf.cast(rows.row_lengths(), tf.int32)
    order = tf.argsort(lengths, stable=True)

    def part(first: tf.Tensor) -> tuple[tf.Tensor, Sequence[tf.Tensor]]:
        chosen = order[first : first + at_once.rows]
        if at_once.positions is not None:
            chosen = chosen[: _fitting(tf.gather(lengths, chosen) + more, at_once.positions)]
        ids = tf.gather(rows, chosen).to_tensor(default_value=PAD)
        return tf.size(chosen), function(ids, tf.gather(lengths, chosen), chosen)

    return in_parts(rows.nrows(tf.int32), part, specs, parts_at_a_time), order


def _fitting(lengths: tf.Tensor, positions: int) -> tf.Tensor:
    """How many of some rows, the shortest first, go into a part: int32 scalar, at least 1."""
    number = tf.range(1, tf.size(lengths) + 1)
    # Cut off above, for the product of large numbers would begin again below zero.
    padded = number * tf.minimum(lengths, positions + 1)
    return tf.maximum(tf.reduce_sum(tf.cast(padded <= positions, tf.int32)), 1)
