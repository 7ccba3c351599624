"""What the processes of one training tell each other: that they are there, and what process 0 says.

Each goes through the same training, takes the same steps (`pipeline.training.step_together`) and
evaluates for itself; what is decided by, all have from process 0, which alone writes. No keras is
imported here: JAX must know of the others before it is used.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping

import numpy as np

from pipeline.errors import UserError
from pipeline.launcher import Together

if os.environ.get("KERAS_BACKEND") == "jax":  # a training on TensorFlow never imports it
    import jax
    from jax.experimental import multihost_utils

_HEARTBEAT, _HEARTBEAT_HERE = 30, 300
"""Seconds after which a process that says nothing is taken for dead: on another machine, and on
this one, where the supervisor sees who dies and a busy machine makes a process silent."""
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
        heartbeat_timeout_seconds=_HEARTBEAT if asked.local_number is None else _HEARTBEAT_HERE,
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
