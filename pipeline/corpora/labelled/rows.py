"""The rows of a file of labelled texts, in memory or on disk, and splits of them."""

from __future__ import annotations

import abc
import collections
import copy
import dataclasses
import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from pipeline.corpora.labelled.labelled_file import LabelledFile, LabelledTexts
from pipeline.corpora.labelled.labelled_files import LabelledFiles
from pipeline.corpora.labelled.probabilities import label_of_column
from pipeline.corpora.splits import COLUMNS, ChosenRows, CorpusSplits, InMemoryRows, Rows
from pipeline.corpora.stored_numbers import StoredNumbers
from pipeline.corpora.stored_rows import RowStore
from pipeline.corpora.text_keys import TextKeys
from pipeline.corpora.text_splits import SplitRows
from pipeline.progress import Progress


class LabelledRows(abc.ABC):
    """The rows of a file, for splits.

    Attributes:
        read: how the rows were read; its frame may be empty.
        keys: of the rows.
        named: labels with a column of probabilities.
        empty: number of rows with a blank text.
    """

    read: LabelledTexts
    keys: TextKeys
    named: list[str]
    empty: int

    @abc.abstractmethod
    def counts(self, chosen: ChosenRows | None = None) -> collections.Counter[str]:
        """label -> number of rows: of the chosen ones, or of all."""

    @abc.abstractmethod
    def select(self, chosen: ChosenRows, columns: list[str] | None = None) -> Rows:
        """The chosen rows, with all columns or some."""

    def of_file(self, name: str) -> Self:
        """As `ReadTexts.of_file`."""
        other = copy.copy(self)
        other.read = self.read.of_file(name)
        return other


class InMemory(LabelledRows):
    """Rows in a frame."""

    def __init__(self, read: LabelledTexts):
        self.read = read
        self.keys = TextKeys.of(read.frame)
        self.named = _labels_named(read.frame.columns)
        self.empty = int((read.frame["text"].str.strip() == "").sum())

    def counts(self, chosen: ChosenRows | None = None) -> collections.Counter[str]:
        labels = self.read.frame["label"]
        return collections.Counter(labels if chosen is None else labels[chosen.mask()])

    def select(self, chosen: ChosenRows, columns: list[str] | None = None) -> Rows:
        frame = self.read.frame[chosen.mask()].reset_index(drop=True)
        return InMemoryRows(frame if columns is None else frame[columns])


class OnDisk(LabelledRows):
    """Rows on disk, also their keys and the numbers of their labels.

    Args:
        file: to which the rows belong.
        blocks: of the file.
        folder: on the disk that is used.
    """

    def __init__(
        self, file: LabelledFile | LabelledFiles, blocks: Iterable[pd.DataFrame], folder: Path
    ):
        self._store, self.keys = RowStore(folder), TextKeys(folder)
        self._numbers = StoredNumbers(np.int32, (), folder)
        number_of: dict[str, int] = {}
        with Progress(f"reading {file.path.name}", None, "rows") as progress:
            for frame in blocks:
                self._store.add(frame)
                self.keys.add(frame)
                labels = frame["label"].tolist()
                of_row = (number_of.setdefault(label, len(number_of)) for label in labels)
                self._numbers.add(np.fromiter(of_row, np.int32, len(frame)))
                progress.advance(len(frame))
        self._labels = list(number_of)
        nothing = pd.DataFrame(columns=self._store.columns, dtype="str")
        self.read = LabelledTexts(nothing, file.rejects, file.details, file.warnings)
        self.named = _labels_named(self._store.columns)
        self.empty = file.empty

    def counts(self, chosen: ChosenRows | None = None) -> collections.Counter[str]:
        counts = np.zeros(len(self._labels), np.int64)
        for rows, numbers in self._numbers.blocks():
            those = numbers if chosen is None else numbers[chosen.mask(rows)]
            counts += np.bincount(those, minlength=len(counts))
        return +collections.Counter(dict(zip(self._labels, counts.tolist(), strict=True)))

    def select(self, chosen: ChosenRows, columns: list[str] | None = None) -> Rows:
        return self._store.select(chosen, columns)


def read_rows(file: LabelledFile | LabelledFiles, folder: Path) -> LabelledRows:
    """Reads the rows of a file; those of a large one, in several blocks, are put on disk.

    Args:
        folder: on the disk that is used.

    Raises:
        UserError: as `LabelledFile.blocks`.
    """
    blocks = file.blocks()
    first = next(blocks)
    second = next(blocks, None)
    if second is None:
        return InMemory(LabelledTexts(first, file.rejects, file.details, file.warnings))
    return OnDisk(file, itertools.chain([first, second], blocks), folder)


def with_rows(
    corpus: CorpusSplits, found: SplitRows, files: Mapping[str, LabelledRows]
) -> CorpusSplits:
    """The same corpus with its splits: in memory, unless a file is too large for that.

    Dev and test lose their columns of probabilities, which are only for training.
    """
    chosen = {
        split: files[part].select(rows, None if part == "train" else COLUMNS)
        for split, (part, rows) in found.rows.items()
    }
    whole = dataclasses.replace(corpus, stored=chosen)
    is_large = any(isinstance(rows, OnDisk) for rows in files.values())
    return whole if is_large else whole.in_memory()


def _labels_named(columns: Iterable[str]) -> list[str]:
    """The labels that have a column of probabilities."""
    return [label for name in columns if (label := label_of_column(name))]
