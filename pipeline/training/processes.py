"""One training on several processes: each has its rows of every batch, all have the same weights.

`jax.distributed` connects them. The step alone is computed on all together: what it is given are
arrays over the devices of all processes, the batch with its rows dealt out, the variables with
every value everywhere. So each loss, mean and dropout mask is that of the whole batch, as in one
process. Between steps every process has the variables for itself: it evaluates, and process 0
writes, as if it were alone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import UserError
from pipeline.launcher import Together

if TYPE_CHECKING:
    import keras

if os.environ.get("KERAS_BACKEND") == "jax":  # a training on TensorFlow never imports it
    import jax
    from jax.experimental import multihost_utils
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

_ROWS = "rows"
_HEARTBEAT = 10
"""Seconds after which a process that says nothing is taken for dead."""
_FIRST_MEETING = 3600
"""Seconds to wait for the others: process 0 of many machines prepares the corpus first."""

_together: Together | None = None


def start() -> None:
    """Meets the other processes, if there are to be any; before anything else uses JAX."""
    global _together
    asked = Together.asked()
    if asked is None or asked.number is None:
        return
    jax.distributed.initialize(
        asked.coordinator,
        asked.count,
        asked.number,
        None if asked.local_number is None else [asked.local_number],
        cluster_detection_method="deactivate",
        initialization_timeout=_FIRST_MEETING,
        heartbeat_timeout_seconds=_HEARTBEAT,
    )
    _together = asked


def leave() -> None:
    """Waits for the others, which are to be done, too; afterwards this process is alone."""
    global _together
    if _together is not None:
        jax.distributed.shutdown()
        _together = None


def several() -> bool:
    """Whether other processes train with this one."""
    return _together is not None


def is_first() -> bool:
    """Whether this is the process that writes: process 0, or the only one."""
    return _together is None or _together.is_first


def agreed(values: Mapping[str, float]) -> dict[str, float]:
    """The values of process 0, to the bit, which all are to decide by; waits for all.

    Args:
        values: of the same names in all processes.
    """
    if _together is None:
        return dict(values)
    # JAX has no float64 unless asked for: it carries their bits.
    bits = np.array(list(values.values()), np.float64).view(np.uint32)
    of_first = np.asarray(multihost_utils.broadcast_one_to_all(bits)).view(np.float64)
    return dict(zip(values, of_first.tolist(), strict=True))


def check_same(what: str, value: object, remedy: str) -> None:
    """Refuses to train with processes that see something else; waits for all.

    Args:
        what: it is called, in the error.
        value: by whose `repr` it is compared.
        remedy: what to do.

    Raises:
        UserError: in all processes, if one differs from process 0.
    """
    if _together is None:
        return
    mark = np.frombuffer(hashlib.sha256(repr(value).encode()).digest(), np.uint8)
    marks = np.asarray(multihost_utils.process_allgather(mark))
    others = np.flatnonzero((marks != marks[0]).any(axis=1))
    if len(others):
        raise UserError(
            f"process {others[0]} has another {what} than process 0",
            where="PROCESSES",
            remedy=remedy,
        )


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
