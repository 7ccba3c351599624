"""Layers that read each row for itself, on devices among which the rows of a batch are dealt out.

A compiler that shares out a step among devices takes a loop over time as it finds it: the gradient
of a weight is added up over all devices at each step of the loop, and a gather of rows gathers all
of them on each device first. What is computed here reads only the rows that its device has, and
its gradient is added up once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

if keras.backend.backend() == "jax":  # on TensorFlow nothing imports it
    import jax
    from jax.sharding import PartitionSpec

if TYPE_CHECKING:
    from jax.sharding import Mesh

_mesh: Mesh | None = None


@contextlib.contextmanager
def rows_dealt_over(mesh: Mesh) -> Iterator[None]:
    """What is traced meanwhile is for batches with rows dealt out over the one axis of `mesh`."""
    global _mesh
    _mesh = mesh
    try:
        yield
    finally:
        _mesh = None


def row_by_row(layer: keras.Layer, call: Callable[..., Any], *inputs: Any) -> Any:
    """`call(*inputs)`, on each device for the rows that it has, if rows are dealt out.

    Args:
        layer: whose trainable weights `call` reads; it draws nothing at random.
        call: gives one tensor; its row b is made of row b of each input alone.
        inputs: tensors [batch, ...].
    """
    if _mesh is None:
        return call(*inputs)
    (axis,) = _mesh.axis_names
    variables = layer.trainable_variables
    rows = inputs[0].shape[0]
    missing = -rows % _mesh.size

    def on_device(values: list[Any], *inputs: Any) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return call(*inputs)

    by_rows = PartitionSpec(axis)
    dealt = jax.shard_map(
        on_device,
        mesh=_mesh,
        in_specs=(PartitionSpec(), *[by_rows] * len(inputs)),
        out_specs=by_rows,
        check_vma=False,
    )
    values = [ops.convert_to_tensor(variable) for variable in variables]
    if not missing:
        return dealt(values, *inputs)
    padded = [ops.pad(of, [[0, missing]] + [[0, 0]] * (len(of.shape) - 1)) for of in inputs]
    return dealt(values, *padded)[:rows]
