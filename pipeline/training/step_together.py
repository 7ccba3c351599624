"""A training step on several processes: each has its rows of the batch, all have the same weights.

The step alone is computed on all together. What it is given are arrays over the devices of all
processes: the batch with its rows dealt out, the variables with every value everywhere. So each
loss, mean and dropout mask is that of the whole batch, as in one process. Between steps every
process has the variables for itself, and evaluates as if it were alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from pipeline.layers.dealt_rows import rows_dealt_over

if keras.backend.backend() == "jax":  # a training on TensorFlow never imports it
    import jax
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

_ROWS = "rows"


def step_together(model: keras.Model) -> Callable[[dict[str, np.ndarray], np.ndarray], float]:
    """What takes one step on all processes: the whole batch, the same in each, to its loss.

    As `pipeline.models.one_graph.training_step`. Each process reads its own rows of the batch. If
    they cannot be dealt out evenly the last row is repeated, and inside of the step cut off again.

    Args:
        model: compiled; its optimizer is built.
    """
    mesh = Mesh(np.array(jax.devices()), (_ROWS,))
    by_rows = NamedSharding(mesh, PartitionSpec(_ROWS))
    everywhere = NamedSharding(mesh, PartitionSpec())

    def dealt(array: np.ndarray) -> jax.Array:
        """Rows of the whole batch, as many on each device."""
        share = -(-len(array) // mesh.size)
        shape = (share * mesh.size, *array.shape[1:])

        def rows(index: tuple[slice, ...]) -> np.ndarray:
            first, last, _ = index[0].indices(shape[0])
            return array[np.minimum(np.arange(first, last), len(array) - 1)]

        return jax.make_array_from_callback(shape, by_rows, rows)

    def on_all(value: jax.Array) -> jax.Array:
        """A value that each process has, as one of all of them."""
        copies = [jax.device_put(value, device) for device in jax.local_devices()]
        return jax.make_array_from_single_device_arrays(value.shape, everywhere, copies)

    def step(state: Any, batch: Any, rows: int) -> tuple[jax.Array, Any]:
        def cut(array: jax.Array) -> jax.Array:
            return jax.lax.with_sharding_constraint(array[:rows], by_rows)

        with rows_dealt_over(mesh):
            logs, state = model.train_step(state, jax.tree.map(cut, batch))
        return logs["loss"], state

    step = jax.jit(step, static_argnums=2, donate_argnums=0, out_shardings=everywhere)
    kinds = (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )

    def take(inputs: dict[str, np.ndarray], targets: np.ndarray) -> float:
        model.reset_metrics()
        state = tuple([on_all(variable.value) for variable in kind] for kind in kinds)
        batch = jax.tree.map(dealt, (inputs, targets))
        loss, state = step(state, batch, len(targets))
        for kind, values in zip(kinds, state, strict=True):
            for variable, value in zip(kind, values, strict=True):
                variable.assign(value.addressable_data(0))
        return float(loss.addressable_data(0))

    return take
