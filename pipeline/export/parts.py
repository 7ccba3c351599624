"""Processes rows in parts, so that the memory of a graph does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf


def in_parts(
    count: tf.Tensor,
    part: Callable[[tf.Tensor], tuple[tf.Tensor, Sequence[tf.Tensor]]],
    specs: Sequence[tf.TensorSpec],
    parts_at_a_time: int = 1,
) -> tuple[tf.Tensor, ...]:
    """The results of all parts, concatenated.

    Args:
        count: int32 scalar, how many rows there are.
        part: int32 scalar, the first row that is left -> (how many rows it took, its results).
        specs: of the results, whose first axis may have any length, in each part another.
        parts_at_a_time: how many may be computed at once.
    """
    arrays = tuple(
        tf.TensorArray(
            spec.dtype, 0, dynamic_size=True, infer_shape=False, element_shape=spec.shape
        )
        for spec in specs
    )

    def body(first, number, arrays):
        taken, results = part(first)
        written = (array.write(number, r) for array, r in zip(arrays, results, strict=True))
        return first + taken, number + 1, tuple(written)

    _, parts, arrays = tf.while_loop(
        lambda first, *_: first < count, body, (0, 0, arrays), parallel_iterations=parts_at_a_time
    )

    def joined(array: tf.TensorArray, spec: tf.TensorSpec) -> tf.Tensor:
        nothing = tf.zeros([0, *spec.shape[1:]], spec.dtype)
        return tf.cond(parts > 0, array.concat, lambda: nothing)

    return tuple(joined(array, spec) for array, spec in zip(arrays, specs, strict=True))
