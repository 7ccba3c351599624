"""Binary search in sorted keys for tf2onnx, since ONNX has no operation for it."""

from __future__ import annotations

from typing import Any

import numpy as np
from tf2onnx.utils import make_name


def lower_bound(ctx: Any, node: Any, name: str, args: Any) -> None:
    """TensorFlow's `LowerBound` as an unrolled binary search: one step for each bit.

    For each value the number of keys that are smaller.

    Args:
        ctx: tf2onnx's graph, in which the node is replaced.
        node: its inputs are keys int32 [1, keys], ascending, how many is known, and values
            int32 [1, values]; its output is int32 [1, values].
    """
    keys, values = node.input
    count = ctx.get_shape(keys)[1]
    shapes, dtypes = node.output_shapes, node.output_dtypes

    def constant(value: Any) -> str:
        return str(ctx.make_const(make_name(name), np.array(value)).output[0])

    def operation(kind: str, *inputs: str) -> str:
        return str(ctx.make_node(kind, list(inputs)).output[0])

    flat = operation("Squeeze", keys, constant([0]))
    place = operation("Sub", values, values)
    for bit in reversed(range(count.bit_length())):
        further = operation("Add", place, constant(np.int32(2**bit)))
        before = operation("Sub", further, constant(np.int32(1)))
        within = operation("Min", before, constant(np.int32(count - 1)))
        smaller = operation("Less", operation("Gather", flat, within), values)
        there = operation("LessOrEqual", further, constant(np.int32(count)))
        place = operation("Where", operation("And", smaller, there), further, place)
    ctx.remove_node(node.name)
    ctx.make_node("Identity", [place], outputs=node.output, shapes=shapes, dtypes=dtypes)
