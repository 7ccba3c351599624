"""Rows of ids of different lengths, as two flat arrays, in memory or on disk."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import DTypeLike

from pipeline.array_file import array_writer, forget_pages, mapped_array
from pipeline.errors import UserError
from pipeline.workspace import disk_errors

_IDS_AT_ONCE = 1 << 22


@dataclasses.dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of ids end to end; row `i` is `ids[row_splits[i]:row_splits[i + 1]]`.

    Attributes:
        ids: int32 [total].
        row_splits: int64 [rows + 1], ascending from 0 to total.
    """

    ids: np.ndarray
    row_splits: np.ndarray

    def __post_init__(self):
        object.__setattr__(self, "ids", np.ascontiguousarray(self.ids, dtype=np.int32))
        splits = np.ascontiguousarray(self.row_splits, dtype=np.int64)
        object.__setattr__(self, "row_splits", splits)
        if self.ids.ndim != 1 or splits.ndim != 1 or len(splits) == 0:
            raise ValueError("ids must be [total] and row_splits [rows + 1]")
        if splits[0] != 0 or splits[-1] != len(self.ids) or (splits[1:] < splits[:-1]).any():
            raise ValueError("row_splits must ascend from 0 to the number of ids")
        forget_pages(splits)

    @classmethod
    def from_lists(cls, rows: Iterable[Sequence[int]]) -> Ragged:
        """One row for each sequence of ids."""
        rows = list(rows)
        lengths = np.fromiter((len(row) for row in rows), np.int64, len(rows))
        flat = (item for row in rows for item in row)
        return cls.from_lengths(np.fromiter(flat, np.int32, int(lengths.sum())), lengths)

    @classmethod
    def from_lengths(cls, ids: np.ndarray, lengths: np.ndarray) -> Ragged:
        """Flat ids [total] and the length of each row [rows]."""
        return cls(ids, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))

    @classmethod
    def concatenate(cls, parts: Sequence[Ragged]) -> Ragged:
        """The rows of all `parts`, in order."""
        ids = np.concatenate([part.ids for part in parts] or [np.zeros(0, np.int32)])
        lengths = np.concatenate([part.lengths for part in parts] or [np.zeros(0, np.int64)])
        return cls.from_lengths(ids, lengths)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.row_splits) - 1

    @property
    def lengths(self) -> np.ndarray:
        """The length of each row, int64 [rows]."""
        lengths = np.diff(self.row_splits)
        forget_pages(self.row_splits)
        return lengths

    def lengths_of(self, rows: np.ndarray) -> np.ndarray:
        """The lengths of some rows, int64 [some]."""
        return self.row_splits[rows + 1] - self.row_splits[rows]

    def row(self, index: int) -> np.ndarray:
        """One row, int32 [length], a view. `index` may count from the end."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        index %= len(self)
        return self.ids[self.row_splits[index] : self.row_splits[index + 1]]

    def take(self, rows: np.ndarray) -> Ragged:
        """The given rows, in the given order (with repetitions), without a Python loop."""
        rows = np.asarray(rows, dtype=np.int64)
        lengths = self.lengths_of(rows)
        ends = np.cumsum(lengths)
        total = int(ends[-1]) if len(ends) else 0
        within = np.arange(total) - np.repeat(ends - lengths, lengths)
        return Ragged.from_lengths(
            self.ids[within + np.repeat(self.row_splits[:-1][rows], lengths)], lengths
        )

    def framed(self, first: int, last: int) -> Ragged:
        """Every row with `first` before it and `last` after it."""
        lengths = self.lengths + 2
        splits = np.concatenate([[0], np.cumsum(lengths)])
        ids = np.full(splits[-1], last, np.int32)
        ids[splits[:-1]] = first
        inside = np.repeat(2 * np.arange(len(self)) + 1, self.lengths)
        ids[np.arange(len(self.ids)) + inside] = self.ids
        return Ragged(ids, splits)

    def unframed(self) -> Ragged:
        """Every row without its first and last id: undoes `framed`."""
        lengths = self.lengths - 2
        within = np.ones(len(self.ids), bool)
        within[self.row_splits[:-1]] = False
        within[self.row_splits[1:] - 1] = False
        return Ragged.from_lengths(self.ids[within], lengths)

    def in_parts(self, max_length: int) -> Ragged:
        """The same ids in rows of at most `max_length`: a longer row is cut into as few parts as
        possible, all full but the last."""
        parts = np.maximum(-(-self.lengths // max_length), 1)
        first = np.repeat(self.row_splits[:-1], parts)
        number = np.arange(len(first)) - np.repeat(np.cumsum(parts) - parts, parts)
        return Ragged(self.ids, np.append(first + number * max_length, len(self.ids)))

    def truncated(self, max_length: int) -> Ragged:
        """Framed rows cut to `max_length` ids, of which the last is the closing one."""
        if not len(self.ids) or self.lengths.max() <= max_length:
            return self
        lengths = np.minimum(self.lengths, max_length)
        short = Ragged.from_lengths(np.empty(int(lengths.sum()), np.int32), lengths)
        within = np.arange(len(short.ids)) - np.repeat(short.row_splits[:-1], lengths)
        short.ids[:] = self.ids[within + np.repeat(self.row_splits[:-1], lengths)]
        full = lengths > 0
        short.ids[short.row_splits[1:][full] - 1] = self.ids[self.row_splits[1:][full] - 1]
        return short

    def counts(self, ids: int) -> np.ndarray:
        """How often each id below `ids` occurs, int64 [ids]."""
        counts = np.zeros(ids, np.int64)
        for start in range(0, len(self.ids), _IDS_AT_ONCE):
            counts += np.bincount(self.ids[start : start + _IDS_AT_ONCE], minlength=ids)
        return counts

    @classmethod
    def in_temporary_file(cls, parts: Iterable[Ragged], folder: Path) -> Ragged:
        """The rows of all `parts`, in order, in unnamed files in `folder` that disappear with them.

        Raises:
            UserError: the disk is full or may not be written to.
        """
        with (
            disk_errors(folder),
            tempfile.TemporaryFile(dir=folder) as ids,
            tempfile.TemporaryFile(dir=folder) as row_splits,
        ):
            total = 0
            row_splits.write(np.zeros(1, np.int64).data)
            for part in parts:
                ids.write(part.ids.data)
                row_splits.write((part.row_splits[1:] + total).data)
                total += len(part.ids)
            return cls(_written(ids, np.int32), _written(row_splits, np.int64))

    def save(self, path: Path) -> None:
        """Writes `<path>.ids.npy` and `<path>.row_splits.npy`, each whole or not at all."""
        with ragged_writer(path) as append:
            append(self)

    @classmethod
    def load(cls, path: Path) -> Ragged:
        """Loads what `save` or `ragged_writer` wrote; the arrays stay on disk.

        Raises:
            UserError: a file is absent, or the two do not hold rows of ids.
        """
        ids, row_splits = _files(path)
        arrays = mapped_array(ids, np.int32), mapped_array(row_splits, np.int64)
        try:
            return cls(*arrays)
        except ValueError as error:
            raise UserError(
                f"does not belong to {ids.name} ({error})",
                where=row_splits,
                remedy="delete both and run the prepare stage again",
            ) from error


@contextlib.contextmanager
def ragged_writer(path: Path) -> Iterator[Callable[[Ragged], None]]:
    """Writes rows for `Ragged.load`, one block at a time, in constant memory.

    Yields:
        What appends the rows of a block.

    Raises:
        UserError: the disk is full or may not be written to; what was there is as it was.
    """
    ids, row_splits = _files(path)
    with (
        array_writer(ids, np.int32) as append_ids,
        array_writer(row_splits, np.int64) as append_splits,
    ):
        total = 0
        append_splits([0])

        def append(rows: Ragged) -> None:
            nonlocal total
            append_ids(rows.ids)
            append_splits(rows.row_splits[1:] + total)
            total += len(rows.ids)

        yield append


def _written(file: IO[bytes], dtype: DTypeLike) -> np.ndarray:
    """All that was written to a file, as an array that stays on disk."""
    file.flush()
    count = file.tell() // np.dtype(dtype).itemsize
    return np.memmap(file, dtype, "r", shape=(count,)) if count else np.zeros(0, dtype)


def _files(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}.ids.npy"), path.with_name(f"{path.name}.row_splits.npy")
