"""The whole state of a training in one file, written atomically."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np

from pipeline.errors import UnusableCheckpointError, UserError
from pipeline.workspace import atomic_file

FILE = "state.npz"


def save(folder: Path, model: keras.Model, state: dict) -> None:
    """Writes weights, optimizer variables, dropout seeds and `state` as one file.

    Everything that the next step depends on is in it, so a training that goes on from it takes
    the same steps as one that was never stopped. One file and one rename: after a kill either
    the old checkpoint or the new one is there.

    Args:
        folder: where `state.npz` goes.
        model: compiled and built.
        state: JSON-able: epoch, position in the epoch, history, best score so far.

    Raises:
        UserError: the disk is full; the earlier checkpoint is untouched.
    """
    arrays = {f"model/{i}": np.asarray(v) for i, v in enumerate(model.variables)}
    arrays |= {f"optimizer/{i}": np.asarray(v) for i, v in enumerate(model.optimizer.variables)}
    arrays["state"] = np.frombuffer(json.dumps(state).encode("utf-8"), dtype=np.uint8)
    with atomic_file(folder / FILE) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)


def load(folder: Path, model: keras.Model) -> dict | None:
    """Puts a checkpoint back into `model` and returns its `state`; None where there is none.

    Raises:
        UnusableCheckpointError: the file is damaged or belongs to a model of another shape.
        UserError: the file cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return None
    remedy = "delete this file to start the training again from its beginning"
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        state: dict = json.loads(arrays["state"].tobytes().decode("utf-8"))
    except MemoryError:
        raise
    except Exception as error:  # zipfile and zlib each have errors of their own
        if isinstance(error, OSError) and error.errno is not None:
            raise UserError(f"cannot be read ({error})", where=path, remedy=remedy) from error
        raise UnusableCheckpointError(f"is damaged ({error})", where=path, remedy=remedy) from error
    model.optimizer.build(model.trainable_variables)
    for prefix, variables in (("model", model.variables), ("optimizer", model.optimizer.variables)):
        found = sum(name.startswith(f"{prefix}/") for name in arrays)
        if found != len(variables):
            raise UnusableCheckpointError(
                f"holds {found} {prefix} variables, this model has {len(variables)}",
                where=path,
                remedy=remedy,
            )
        for i, variable in enumerate(variables):
            value = arrays[f"{prefix}/{i}"]
            if tuple(value.shape) != tuple(variable.shape):
                raise UnusableCheckpointError(
                    f"{variable.path} has shape {value.shape}, this model wants "
                    f"{tuple(variable.shape)}",
                    where=path,
                    remedy=remedy,
                )
            variable.assign(value)
    return state
