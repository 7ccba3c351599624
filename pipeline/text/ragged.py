"""Rows of ids of different lengths, as two flat arrays."""

from __future__ import annotations

import dataclasses
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from pipeline.errors import UserError
from pipeline.workspace import atomic_file

_DAMAGE = (ValueError, TypeError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error)


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
        if splits[0] != 0 or splits[-1] != len(self.ids) or (np.diff(splits) < 0).any():
            raise ValueError("row_splits must ascend from 0 to the number of ids")

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
        """int64 [rows]."""
        return np.diff(self.row_splits)

    def row(self, index: int) -> np.ndarray:
        """int32 [length of that row], a view. `index` may count from the end."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        index %= len(self)
        return self.ids[self.row_splits[index] : self.row_splits[index + 1]]

    def take(self, rows: np.ndarray) -> Ragged:
        """The given rows, in the given order (repeats allowed), without a Python loop."""
        rows = np.asarray(rows, dtype=np.int64)
        lengths = self.lengths[rows]
        ends = np.cumsum(lengths)
        total = int(ends[-1]) if len(ends) else 0
        within = np.arange(total) - np.repeat(ends - lengths, lengths)
        return Ragged.from_lengths(
            self.ids[within + np.repeat(self.row_splits[:-1][rows], lengths)], lengths
        )

    def framed(self, first: int, last: int) -> Ragged:
        """Every row with `first` put before it and `last` after it."""
        lengths = self.lengths + 2
        splits = np.concatenate([[0], np.cumsum(lengths)])
        ids = np.full(splits[-1], last, np.int32)
        ids[splits[:-1]] = first
        inside = np.repeat(2 * np.arange(len(self)) + 1, self.lengths)
        ids[np.arange(len(self.ids)) + inside] = self.ids
        return Ragged(ids, splits)

    def unframed(self) -> Ragged:
        """Every row without its first and last id: what `framed` was given."""
        lengths = self.lengths - 2
        within = np.ones(len(self.ids), bool)
        within[self.row_splits[:-1]] = False
        within[self.row_splits[1:] - 1] = False
        return Ragged.from_lengths(self.ids[within], lengths)

    def in_parts(self, most: int) -> Ragged:
        """The same ids in rows of at most `most`: longer rows are cut, each into as few as need
        be, all full but the last."""
        parts = np.maximum(-(-self.lengths // most), 1)
        first = np.repeat(self.row_splits[:-1], parts)
        number = np.arange(len(first)) - np.repeat(np.cumsum(parts) - parts, parts)
        return Ragged(self.ids, np.append(first + number * most, len(self.ids)))

    def truncated(self, most: int) -> Ragged:
        """Framed rows cut to `most` ids, the last of them still the closing one."""
        if not len(self.ids) or self.lengths.max() <= most:
            return self
        lengths = np.minimum(self.lengths, most)
        short = Ragged.from_lengths(np.empty(int(lengths.sum()), np.int32), lengths)
        within = np.arange(len(short.ids)) - np.repeat(short.row_splits[:-1], lengths)
        short.ids[:] = self.ids[within + np.repeat(self.row_splits[:-1], lengths)]
        full = lengths > 0
        short.ids[short.row_splits[1:][full] - 1] = self.ids[self.row_splits[1:][full] - 1]
        return short

    def save(self, path: Path) -> None:
        """Writes a compressed .npz, whole or not at all."""
        with atomic_file(Path(path)) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, ids=self.ids, row_splits=self.row_splits)

    @classmethod
    def load(cls, path: Path) -> Ragged:
        """Reads what `save` wrote.

        Raises:
            UserError: the file is absent or is no such file.
        """
        try:
            # Opened here: np.load leaves a file open that turns out to be no archive.
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                return cls(arrays["ids"], arrays["row_splits"])
        except FileNotFoundError:
            raise UserError("not found", where=path, remedy="run the prepare stage") from None
        except _DAMAGE as error:
            raise UserError(
                f"does not hold rows of ids ({error})",
                where=path,
                remedy="delete it and run the prepare stage again",
            ) from error
