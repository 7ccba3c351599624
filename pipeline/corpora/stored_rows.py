"""Rows of a corpus that is too large for memory: on the disk, read again a block at a time."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from pipeline.corpora.splits import ChosenRows, write_rows
from pipeline.corpora.stored_numbers import unnamed_file
from pipeline.workspace import disk_errors

_ROWS = 1 << 16


class RowStore:
    """Takes frames of the same columns in, and gives some of their rows back.

    The file has no name and is gone with the process, however that ends.

    Args:
        folder: on whose disk it lies; made if it is not there.
    """

    def __init__(self, folder: Path):
        self._file, self._folder = unnamed_file(folder, self), folder
        self._columns: list[str] | None = None

    def add(self, frame: pd.DataFrame) -> None:
        """Adds the rows of a frame; breaks in cells become spaces, as in a split.

        Raises:
            UserError: the disk is full.
        """
        if self._columns is None:
            self._columns = list(frame.columns)
        with disk_errors(self._folder):
            write_rows(self._file, frame[self._columns])
            self._file.flush()

    def select(self, chosen: ChosenRows, columns: list[str] | None = None) -> StoredRows:
        """Some rows.

        Args:
            chosen: which rows, in the order in which they were added.
            columns: which; None for all.
        """
        return StoredRows(self, chosen, columns or self.columns)

    def lines(self) -> Iterator[bytes]:
        """The rows as they are stored."""
        self._file.seek(0)
        return iter(self._file)

    @property
    def columns(self) -> list[str]:
        return self._columns or []


@dataclasses.dataclass(frozen=True)
class StoredRows:
    """`Rows` of a store.

    Attributes:
        store: where they are.
        chosen: which rows.
        columns: which of its columns.
    """

    store: RowStore
    chosen: ChosenRows
    columns: list[str]

    def __len__(self) -> int:
        return len(self.chosen)

    def blocks(self) -> Iterator[pd.DataFrame]:
        """All of them, in frames of bounded size; one such iteration of a store at a time."""
        lines = itertools.compress(self.store.lines(), self.chosen.mask())
        while block := list(itertools.islice(lines, _ROWS)):
            rows = [line[:-1].decode("utf-8").split("\t") for line in block]
            yield pd.DataFrame(rows, columns=self.store.columns, dtype="str")[self.columns]

    def frame(self) -> pd.DataFrame:
        return pd.concat(list(self.blocks()), ignore_index=True)
