"""Reads a split file: as a whole, in blocks, or single cells."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np
import pandas as pd

from pipeline.counts import counted
from pipeline.errors import UserError

BYTES_AT_ONCE = 1 << 24
"""Size of the lines of a block, as of about 100,000 reviews."""

_REMEDY = "run the corpus stage again"


@dataclasses.dataclass(frozen=True)
class SplitFile:
    """A split file that `splits.write_split` wrote: columns of str, `id` first.

    Attributes:
        path: of the file.
        bytes_at_once: about so many bytes of lines make a block.

    Example:
        >>> train = SplitFile(folder / "train.tsv")
        >>> sum(len(block) for block in train.blocks()) == len(train) == len(train.frame())
        True
    """

    path: Path
    bytes_at_once: int = BYTES_AT_ONCE

    def __len__(self) -> int:
        """Number of rows."""
        with open(self.path, "rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) - 1

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(next(SplitFile(self.path, bytes_at_once=1).blocks()).columns)

    def frame(self) -> pd.DataFrame:
        """All rows: for what is small enough.

        Raises:
            UserError: no such file, or not written by `write_split`.
        """
        return pd.concat(self.blocks(), ignore_index=True)

    def blocks(self) -> Iterator[pd.DataFrame]:
        """The rows, some at a time, in memory that does not grow with the file; of a split without
        rows one empty frame.

        Raises:
            UserError: as `frame`, when it gets there.
        """
        with self._opened() as file:
            header, first = file.readline(), 2
            lines = file.readlines(self.bytes_at_once)
            while True:
                frame = self._frame(header, lines, first)
                yield frame
                first += len(frame)
                if not (lines := file.readlines(self.bytes_at_once)):
                    return

    def cells(self, column: str, change: Callable[[str], str] = str) -> SplitColumn:
        """One column; each cell is read when it is needed.

        Args:
            change: what a cell is put through.
        """
        return SplitColumn(self.path, self.columns.index(column), change)

    def _opened(self):
        try:
            return open(self.path, "rb")
        except FileNotFoundError:
            raise UserError("no such file", where=self.path, remedy=_REMEDY) from None

    def _frame(self, header: bytes, lines: list[bytes], first: int) -> pd.DataFrame:
        """Some lines, the first of which has the number `first`."""
        try:
            columns, *rows = (
                line.decode("utf-8").removesuffix("\n").split("\t") for line in (header, *lines)
            )
        except UnicodeDecodeError:
            raise UserError("is not UTF-8", where=self.path, remedy=_REMEDY) from None
        ended = all(line.endswith(b"\n") for line in (header, *lines[-1:]))
        if columns[0] != "id" or len(columns) < 2 or not ended:
            raise UserError(
                "is not a split: header or last line end missing", where=self.path, remedy=_REMEDY
            )
        for number, row in enumerate(rows, first):
            if len(row) != len(columns):
                raise UserError(
                    f"{counted(len(row), 'column')} instead of {len(columns)}",
                    where=f"{self.path}:{number}",
                    remedy=_REMEDY,
                )
        return pd.DataFrame(rows, columns=columns, dtype="str")


class SplitColumn(Sequence[str]):
    """A column of a split that stays on disk; memory holds 8 bytes per row.

    Args:
        path: of the split.
        column: number of the column.
        change: what a cell is put through.
    """

    def __init__(self, path: Path, column: int, change: Callable[[str], str]):
        with open(path, "rb") as file:
            self._ends = np.fromiter(itertools.accumulate(map(len, file)), np.int64)
        self._data = np.memmap(path, np.uint8, "r")
        self._column, self._change = column, change

    def __len__(self) -> int:
        return len(self._ends) - 1  # the first line is the header

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        row = range(len(self))[index]
        line = self._data[self._ends[row] : self._ends[row + 1] - 1].tobytes()
        return self._change(line.decode("utf-8").split("\t")[self._column])
