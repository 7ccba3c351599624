"""Arrays in .npy files that are written in blocks and read where they lie."""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from pipeline.errors import UserError
from pipeline.workspace import atomic_file


@contextlib.contextmanager
def array_writer(
    path: Path, dtype: DTypeLike, row_shape: Sequence[int] = ()
) -> Iterator[Callable[[ArrayLike], None]]:
    """Writes an array of any length, a block of rows at a time, whole or not at all.

    Args:
        path: a .npy file.
        dtype: of the array.
        row_shape: its shape without the first axis.

    Yields:
        What appends a block [rows, *row_shape].

    Raises:
        UserError: the disk is full or may not be written to; `path` is as it was.

    Example:
        >>> with array_writer(folder / "labels.npy", np.int32) as append:
        ...     append([0, 1])
        ...     append([1])
    """
    written = 0
    with atomic_file(path) as temporary, open(temporary, "wb") as file:
        _write_header(file, dtype, (0, *row_shape))

        def append(rows: ArrayLike) -> None:
            nonlocal written
            block = np.ascontiguousarray(rows, dtype)
            if block.shape[1:] != tuple(row_shape):
                raise ValueError(f"rows of shape {block.shape[1:]}, not {tuple(row_shape)}")
            file.write(block.data)
            written += len(block)

        yield append
        file.seek(0)
        _write_header(file, dtype, (written, *row_shape))


def mapped_array(path: Path, dtype: DTypeLike) -> np.ndarray:
    """An array that stays on disk and cannot be written to.

    Raises:
        UserError: the file is absent, cut off, or holds something else.
    """
    try:
        array = np.lib.format.open_memmap(path, mode="r")
        if array.dtype != dtype:
            raise ValueError(f"{array.dtype} instead of {np.dtype(dtype)}")
    except FileNotFoundError:
        raise UserError("not found", where=path, remedy="run the prepare stage") from None
    except (ValueError, OSError, EOFError) as error:
        raise UserError(
            f"does not hold the array that belongs here ({error})",
            where=path,
            remedy="delete it and run the prepare stage again",
        ) from error
    return array


def forget_pages(array: np.ndarray) -> None:
    """Lets go of the pages of a mapped file that were read through an array, which can be read as
    before; does nothing to other arrays.

    A process keeps each page that it has read of a mapped file, until memory gets short. So one
    that reads rows here and there soon has all of a large file. The pages stay in the cache of the
    system.
    """
    base = array
    while isinstance(base, np.ndarray):
        base = base.base
    # What may be written to could be lost.
    if isinstance(base, mmap.mmap) and not array.flags.writeable and hasattr(base, "madvise"):
        base.madvise(mmap.MADV_DONTNEED)


def _write_header(file: BinaryIO, dtype: DTypeLike, shape: tuple[int, ...]) -> None:
    """As long for any number of rows: numpy leaves room for the digits."""
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
