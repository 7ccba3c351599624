"""An array on disk that is written and read in blocks."""

from __future__ import annotations

import contextlib
import io
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import DTypeLike

from pipeline.workspace import disk_errors

_ROWS = 1 << 16


def unnamed_file(folder: Path, owner: object) -> IO[bytes]:
    """Opens a file without a name, which is gone with the process, however that ends.

    Args:
        folder: on the disk that is used; created if missing.
        owner: object with whose end the file is closed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
    weakref.finalize(owner, _close, file)
    return file


def _close(file: IO[bytes]) -> None:
    with contextlib.suppress(OSError):  # on a full disk something may be left to be written
        file.close()


class StoredNumbers:
    """An array of any length in an unnamed file.

    Args:
        dtype: of the array.
        row_shape: shape of the array without the first axis.
        folder: on the disk that is used; None for memory.

    Example:
        >>> numbers = StoredNumbers(np.int32)
        >>> numbers.add(np.array([5, 7]))
        >>> [block.tolist() for rows, block in numbers.blocks()]
        [[5, 7]]
    """

    def __init__(self, dtype: DTypeLike, row_shape: Sequence[int] = (), folder: Path | None = None):
        self._dtype, self._row_shape, self._folder = np.dtype(dtype), tuple(row_shape), folder
        self._file = io.BytesIO() if folder is None else unnamed_file(folder, self)
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, rows: np.ndarray) -> None:
        """Appends rows [n, *row_shape].

        Raises:
            UserError: the disk is full.
        """
        with disk_errors(self._folder or Path()):
            self._file.seek(self._place(self._rows))
            self._file.write(np.ascontiguousarray(rows, self._dtype).data)
            self._file.flush()
        self._rows += len(rows)

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """All rows in blocks of bounded size: the slice of the array, and its content."""
        for first in range(0, self._rows, _ROWS):
            rows = slice(first, min(first + _ROWS, self._rows))
            self._file.seek(self._place(first))
            block = np.frombuffer(self._file.read(self._place(_ROWS)), self._dtype)
            yield rows, block.reshape(-1, *self._row_shape)

    def _place(self, row: int) -> int:
        """Offset of a row in bytes."""
        return row * self._dtype.itemsize * int(np.prod(self._row_shape))
