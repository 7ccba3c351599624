"""Reads several tables of labelled texts as one."""

from __future__ import annotations

import collections
import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.corpora.files_beside import places_beside
from pipeline.corpora.labelled.labelled_file import LabelledFile
from pipeline.corpora.labelled.labels import counts_in_words
from pipeline.corpora.rejects import Rejected, of_file
from pipeline.counts import counted
from pipeline.errors import UserError

_LISTED = 8


def files_named(setting: str) -> tuple[list[Path], list[Path]]:
    """The user's files that a setting names: one, several separated by commas, or all that match a
    pattern (`reviews/*.tsv`, `**` for folders in folders), ascending.

    Returns:
        The files, and the patterns among what was named.

    Raises:
        UserError: nothing matches a pattern.

    Example:
        >>> files_named("a.tsv, b.tsv")
        ([PosixPath('a.tsv'), PosixPath('b.tsv')], [])
    """
    if os.path.exists(setting):  # whatever is in its name
        return [Path(setting)], []
    found: dict[Path, None] = {}
    patterns = []
    for name in filter(None, map(str.strip, setting.split(","))):
        if os.path.exists(name) or not glob.has_magic(name):
            found[Path(name)] = None
        elif matching := sorted(glob.glob(name, recursive=True)):
            found |= dict.fromkeys(map(Path, matching))
            patterns.append(Path(name))
        else:
            raise UserError("no file matches it", where=name, remedy="check the pattern")
    return list(found), patterns


def check_beside(paths: Sequence[Path]) -> list[str]:
    """A warning about files of dev and test beside several files: they are not read.

    Raises:
        UserError: one of the files is the dev or test file of another one.
    """
    ignored, named = [], set(paths)
    for path in paths:
        held_out = {split: file for split, file in places_beside(path).items() if split != "train"}
        for split, file in held_out.items():
            if file in named and file != path:
                raise UserError(
                    f"stands beside {path} as its {split}, and is not learnt from",
                    where=file,
                    remedy="keep it elsewhere, or name the others alone: of several files a tenth "
                    "each is held out",
                )
            if file != path and file.is_file():
                ignored.append(str(file))
    if not ignored:
        return []
    return [f"Not read, since of several files a tenth each is held out: {', '.join(ignored)}."]


class LabelledFiles:
    """Several files, read as one; it has the methods and attributes of `LabelledFile`.

    The columns of each file are found separately. Labels take the spelling of earlier files. An id
    of a file gets the name of the file (its path, if several have that name), so that it differs
    from the same id in another.
    """

    def __init__(self, paths: Sequence[Path], text_column: str | None, label_column: str | None):
        self._asked = text_column, label_column
        self._paths = paths
        self._files: list[LabelledFile] = []
        self.counts: collections.Counter[str] = collections.Counter()
        several = len({path.name for path in paths}) < len(paths)
        self._names = [str(path) if several else path.name for path in paths]
        self.path = Path(f"{paths[0].name} and {counted(len(paths) - 1, 'file')} more")

    def blocks(self) -> Iterator[pd.DataFrame]:
        """As `LabelledFile.blocks`.

        Raises:
            UserError: also where one has probabilities of other labels than the first.
        """
        columns: list[str] = []
        for path, name in zip(self._paths, self._names, strict=True):
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
                    frame["id"] = f"{name}:" + frame["id"]
                self.counts.update(frame["label"].tolist())
                yield frame

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
        """The details of the first file, with the counts of all files, and how each was read."""
        each = [file.details for file in self._files]
        sums = {
            name: sum(details.get(name, 0) for details in each)
            for name in ("rows", "rejected", "empty", "probabilities")
            if name in each[0]
        }
        # Of the later files only those that are read differently are listed.
        read_as: dict[str, str] = {}
        for file, details in zip(self._files, each, strict=True):
            read_as.setdefault(details["read_as"].partition(":")[0], file.path.name)
        return {**each[0], **sums, "read_as": self._read_as(read_as)}

    def _read_as(self, first_of: Mapping[str, str]) -> str:
        """How the files were read, and what labels they have together.

        Args:
            first_of: how columns were read -> the first file that was read so.
        """
        how = [f"{name}: {said}" for said, name in first_of.items()][:_LISTED]
        counts = self.counts
        labels = f"{counted(len(counts), 'label')}, {counts_in_words(counts)}"
        return "; ".join([counted(len(self._files), "file"), *how, labels])
