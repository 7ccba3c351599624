"""The whole state of a training in one file, written atomically."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pipeline.errors import UnusableCheckpointError, UserError
from pipeline.workspace import atomic_file

FILE = "state.npz"
_REMEDY = "delete this file to start the training again from its beginning"


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


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A checkpoint, read into memory.

    Attributes:
        path: of the file.
        arrays: its arrays, by name.
    """

    path: Path
    arrays: dict[str, np.ndarray]

    @property
    def state(self) -> dict[str, Any]:
        """The `state` that `save` was given."""
        state: dict[str, Any] = json.loads(self.arrays["state"].tobytes().decode("utf-8"))
        return state

    def restore(self, model: keras.Model) -> None:
        """Restores all variables of `model`, which must be compiled and built.

        Raises:
            UnusableCheckpointError: the checkpoint belongs to a model of another shape.
        """
        model.optimizer.build(model.trainable_variables)
        kinds = (("model", model.variables), ("optimizer", model.optimizer.variables))
        for prefix, variables in kinds:
            found = sum(name.startswith(f"{prefix}/") for name in self.arrays)
            if found != len(variables):
                raise UnusableCheckpointError(
                    f"holds {found} {prefix} variables, this model has {len(variables)}",
                    where=self.path,
                    remedy=_REMEDY,
                )
            for i, variable in enumerate(variables):
                value = self.arrays[f"{prefix}/{i}"]
                if tuple(value.shape) != tuple(variable.shape):
                    raise UnusableCheckpointError(
                        f"{variable.path} has shape {value.shape}, this model wants "
                        f"{tuple(variable.shape)}",
                        where=self.path,
                        remedy=_REMEDY,
                    )
                variable.assign(value)


def load(folder: Path) -> Checkpoint | None:
    """The checkpoint in `folder`, or None where there is none.

    Raises:
        UnusableCheckpointError: the file is damaged.
        UserError: the file cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        found = Checkpoint(path, arrays)
        found.state  # noqa: B018 - that it can be read is part of being whole
        return found
    except MemoryError:
        raise
    except Exception as error:  # zipfile and zlib each have errors of their own
        if isinstance(error, OSError) and error.errno is not None:
            raise UserError(f"cannot be read ({error})", where=path, remedy=_REMEDY) from error
        raise UnusableCheckpointError(
            f"is damaged ({error})", where=path, remedy=_REMEDY
        ) from error
