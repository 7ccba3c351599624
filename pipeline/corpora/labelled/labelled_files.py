"""Several tables of labelled texts, one behind the other."""

from __future__ import annotations

import collections
import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.corpora.labelled.labelled_file import LabelledFile
from pipeline.corpora.labelled.labels import counts_in_words
from pipeline.corpora.rejects import Rejected, of_file
from pipeline.counts import counted
from pipeline.errors import UserError

_LISTED = 8


def files_named(setting: str) -> list[Path]:
    """The files of a user's that a setting names: one, several with commas between, or all that
    match a pattern (`reviews/*.tsv`, `**` for folders in folders), ascending.

    Raises:
        UserError: nothing matches a pattern.

    Example:
        >>> [str(path) for path in files_named("a.tsv, b.tsv")]
        ['a.tsv', 'b.tsv']
    """
    if os.path.exists(setting):  # whatever is in its name
        return [Path(setting)]
    found: list[Path] = []
    for name in filter(None, map(str.strip, setting.split(","))):
        matching = sorted(glob.glob(name, recursive=True)) if glob.has_magic(name) else [name]
        if not matching:
            raise UserError("no file matches it", where=name, remedy="check the pattern")
        found += (path for path in map(Path, matching) if path not in found)
    return found


class LabelledFiles:
    """Several files, read as one `LabelledFile`, whose methods and attributes it has.

    What the columns are is found for each by itself. Labels are spelt as in the files before. Ids
    that a file brings are its own: they are told from those of another by its name.
    """

    def __init__(self, paths: Sequence[Path], text_column: str | None, label_column: str | None):
        self._asked = text_column, label_column
        self._paths = paths
        self._files: list[LabelledFile] = []
        self.path = Path(f"{paths[0].name} and {counted(len(paths) - 1, 'file')} more")

    def blocks(self) -> Iterator[pd.DataFrame]:
        """As of `LabelledFile`.

        Raises:
            UserError: also where one has probabilities of other labels than the first.
        """
        columns: list[str] = []
        for path in self._paths:
            file = LabelledFile(path, *self._asked, set(self.counts))
            self._files.append(file)
            for frame in file.blocks():
                columns = columns or list(frame.columns)
                if list(frame.columns) != columns:
                    raise UserError(
                        f"has probabilities of other labels than {self._paths[0].name}",
                        where=path,
                        remedy="give the columns of probabilities to all files, or to none",
                    )
                if file.details["ids"] == "own":
                    frame["id"] = path.name + ":" + frame["id"]
                yield frame

    @property
    def counts(self) -> collections.Counter[str]:
        return sum((file.counts for file in self._files), collections.Counter())

    @property
    def empty(self) -> int:
        return sum(file.empty for file in self._files)

    @property
    def rejects(self) -> list[Rejected]:
        return [of_file(row, file.path.name) for file in self._files for row in file.rejects]

    @property
    def warnings(self) -> list[str]:
        return [warning for file in self._files for warning in file.warnings]

    @property
    def details(self) -> dict[str, Any]:
        """Of the first file, with the rows of all, and how each was read."""
        each = [file.details for file in self._files]
        sums = {
            name: sum(details.get(name, 0) for details in each)
            for name in ("rows", "rejected", "empty", "probabilities")
            if name in each[0]
        }
        # Of those that follow, only how it differs is worth a line.
        read_as: dict[str, str] = {}
        for file, details in zip(self._files, each, strict=True):
            read_as.setdefault(details["read_as"].partition(":")[0], file.path.name)
        return {**each[0], **sums, "read_as": self._in_words(read_as)}

    def _in_words(self, first_of: Mapping[str, str]) -> str:
        """How the files were read, and what labels they have together.

        Args:
            first_of: what was concluded about columns -> the first file that it is true of.
        """
        how = [f"{name}: {said}" for said, name in first_of.items()][:_LISTED]
        counts = self.counts
        labels = f"{counted(len(counts), 'label')}, {counts_in_words(counts)}"
        return "; ".join([counted(len(self._files), "file"), *how, labels])
