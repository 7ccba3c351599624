"""A long series in one file, and stretches of it that are not copied."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.errors import UserError
from pipeline.workspace import atomic_file, read_json, write_json

Array = npt.NDArray[np.float32]
Seconds = npt.NDArray[np.int64]


class WholeSeries:
    """A series with the names of its channels and the times of its steps.

    Args:
        values: float32 [steps, channels], finite; may be mapped from a file.
        channels: names.
        seconds: int64 [steps], since 1970; None where no times are known.
    """

    def __init__(self, values: Array, channels: tuple[str, ...], seconds: Seconds | None):
        if values.ndim != 2 or len(channels) != values.shape[1]:
            raise ValueError(f"{len(channels)} names for a series of shape {list(values.shape)}")
        if seconds is not None and len(seconds) != len(values):
            raise ValueError(f"{len(seconds)} times for {len(values)} steps")
        self.values, self.channels, self.seconds = values, channels, seconds

    def __len__(self) -> int:
        return len(self.values)

    @functools.cached_property
    def digest(self) -> str:
        """A hexadecimal hash of the whole content."""
        hashed = hashlib.sha256(repr((self.values.shape, self.channels)).encode("utf-8"))
        hashed.update(np.ascontiguousarray(self.values).tobytes())
        if self.seconds is not None:
            hashed.update(self.seconds.tobytes())
        return hashed.hexdigest()

    def save(self, path: Path) -> None:
        """Writes `<path>` (.npy), with the names and, if known, the times beside it."""
        for array, place in ((self.values, path), (self.seconds, path.with_suffix(".times.npy"))):
            if array is not None:
                with atomic_file(place) as temporary:
                    np.save(temporary, array, allow_pickle=False)
        write_json(path.with_suffix(".json"), {"channels": list(self.channels)})

    @classmethod
    def load(cls, path: Path) -> WholeSeries:
        """Reads a series that `save` wrote, memory-mapped.

        Raises:
            UserError: it is gone or damaged.
        """
        times = path.with_suffix(".times.npy")
        try:
            values = np.load(path, mmap_mode="r", allow_pickle=False)
            seconds = np.load(times, allow_pickle=False) if times.exists() else None
            return cls(values, tuple(read_json(path.with_suffix(".json"))["channels"]), seconds)
        except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
            raise UserError(
                f"is no series ({error})", where=path, remedy="run the corpus stage again"
            ) from error


@dataclasses.dataclass(frozen=True, eq=False)
class StepRange:
    """The steps `start` to `stop` (exclusive) of a series."""

    whole: WholeSeries
    start: int
    stop: int

    @property
    def values(self) -> Array:
        """A copy of the values, float32 [stop - start, channels]."""
        return np.array(self.whole.values[self.start : self.stop], np.float32)
