"""Reproducible splits, and the files they are kept in."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import pandas as pd

from pipeline.corpora.group_sizes import GroupSizes
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.split_file import SplitFile
from pipeline.errors import UserError
from pipeline.facts import Origin
from pipeline.one_line import without_breaks
from pipeline.workspace import atomic_file

SPLITS = ("train", "dev", "test")
IN_NO_SPLIT = len(SPLITS)
"""Stands in the place of the number of a split for rows that are left out."""
COLUMNS = ["id", "text", "label"]
"""Of a split of texts with one thing beside each."""
FEWEST_ROWS = 10
"""With a tenth held out for dev and for test, the least that leaves one row in each."""


def text_id(text: str) -> str:
    """16 hexadecimal digits that depend on the text alone, however its white space is written."""
    return hashlib.sha1(" ".join(text.split()).encode("utf-8")).hexdigest()[:16]


class Rows(Protocol):
    """The rows of a split, in memory or on disk."""

    def __len__(self) -> int: ...

    def blocks(self) -> Iterator[pd.DataFrame]:
        """All rows, in frames of bounded size."""

    def frame(self) -> pd.DataFrame:
        """All rows in one frame."""


@dataclasses.dataclass(frozen=True)
class InMemoryRows:
    """`Rows` in a frame in memory."""

    rows: pd.DataFrame

    def __len__(self) -> int:
        return len(self.rows)

    def blocks(self) -> Iterator[pd.DataFrame]:
        yield self.rows

    def frame(self) -> pd.DataFrame:
        return self.rows


@dataclasses.dataclass(frozen=True)
class ChosenRows:
    """Which rows of a file are in a split.

    Attributes:
        split_of: number in `SPLITS` of each row's split, or `IN_NO_SPLIT`; uint8 [rows].
        split: name of the split.

    Example:
        >>> ChosenRows(np.array([0, 2, IN_NO_SPLIT, 0], np.uint8), "train").mask().tolist()
        [True, False, False, True]
    """

    split_of: np.ndarray
    split: str

    def __len__(self) -> int:
        return int(np.count_nonzero(self.mask()))

    def mask(self, rows: slice = slice(None)) -> np.ndarray:
        """Whether each row is in the split, of all rows or of a slice; bool [rows]."""
        return self.split_of[rows] == SPLITS.index(self.split)


@dataclasses.dataclass(frozen=True)
class CorpusSplits:
    """A corpus that was read and split.

    Attributes:
        name: names the folder it is kept in: letters, digits, `-`.
        splits: "train", "dev", "test" -> frame; column `id`, and a column for each field of the
            task, which holds values of that field.
        origin: title, source and licence.
        files: what it was read from; a file that was looked for and is not there may be among
            them, since the corpus is another once it is.
        rejects: rows that could not be used, or are doubtful.
        warnings: sentences that a user must not miss.
        stand_in, reported, tests, characters, besides: as of `pipeline.facts.CorpusFacts`.
        details: how it was read, for people; JSON-able.
        stored: in the place of `splits`, where they are too large for memory.
    """

    name: str
    splits: dict[str, pd.DataFrame]
    origin: Origin
    files: Sequence[Path] = ()
    rejects: Sequence[Rejected] = ()
    warnings: Sequence[str] = ()
    stand_in: bool = False
    reported: str = "test"
    tests: Mapping[str, str] = dataclasses.field(default_factory=dict)
    characters: Mapping[str, int] = dataclasses.field(default_factory=dict)
    besides: Mapping[str, str] = dataclasses.field(default_factory=dict)
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    stored: Mapping[str, Rows] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, rows in (*self.splits.items(), *self.stored.items()):
            if not len(rows):
                raise UserError(
                    f"nothing is left for the split {name}",
                    where=self.origin.source,
                    remedy="give more rows",
                )

    def in_memory(self) -> CorpusSplits:
        """The same with all splits in memory."""
        frames = {name: rows.frame() for name, rows in self.stored.items()}
        return dataclasses.replace(self, splits={**self.splits, **frames}, stored={})

    @property
    def rows(self) -> dict[str, Rows]:
        """The rows of each split, in memory or on disk."""
        return {**{name: InMemoryRows(frame) for name, frame in self.splits.items()}, **self.stored}


def keys_of(values: Iterable[str]) -> np.ndarray:
    """What stands for each text where rows are many: uint64 [values], the beginning of its sha1.

    Of ten million different ones two are equal once in a few hundred thousand corpora.
    """
    digests = (hashlib.sha1(value.encode("utf-8")).digest() for value in values)
    return np.fromiter((int.from_bytes(digest[:8], "big") for digest in digests), np.uint64)


def connected(*columns: Sequence[str]) -> list[str]:
    """Groups rows such that those with the same value in any column are in one group.

    Args:
        columns: the values of each row.

    Returns:
        Of each row the name of its group: the smallest value that the first column has in it.

    Example:
        >>> connected(["b", "a", "c"], ["text", "text", "another"])
        ['a', 'a', 'c']
    """
    leader: dict[tuple[int, str], tuple[int, str]] = {}

    def find(node: tuple[int, str]) -> tuple[int, str]:
        leader.setdefault(node, node)
        while leader[node] != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    for first, *others in zip(*columns, strict=True):
        for column, value in enumerate(others, 1):
            leader[find((column, value))] = find((0, first))
    names: dict[tuple[int, str], str] = {}
    for first in columns[0]:
        group = find((0, first))
        names[group] = min(first, names.get(group, first))
    return [names[find((0, first))] for first in columns[0]]


def held_out(ids: Sequence[str] | np.ndarray, count: int, *, leave: int = 1) -> np.ndarray:
    """Chooses about `count` rows to hold out: those whose sha1(id) is lowest.

    Which rows they are depends on the ids alone, not on their order, and rows that are added
    later move the boundary but shuffle nothing. Rows with the same id stay together: where
    exactly `count` would part them, the number nearest to it (the lower, between two) that does
    not is taken, but never none. An id of more than `count` rows is held out only where no id
    has fewer.

    Args:
        ids: one per row; or `keys_of` them.
        count: how many rows; less than there are.
        leave: how many further parts need ids: at least so many are not held out.

    Returns:
        bool [rows], True where held out. The sum is `count` where ids are distinct.

    Raises:
        UserError: `count` leaves nothing else, or there are not more than `leave` ids.
    """
    if not count:
        return np.zeros(len(ids), bool)
    keys = _as_keys(ids)
    return GroupSizes.of(keys).lowest(count, leave=leave).has(keys)


def _as_keys(ids: Sequence[str] | np.ndarray) -> np.ndarray:
    are_keys = isinstance(ids, np.ndarray) and ids.dtype == np.uint64
    return ids if are_keys else keys_of(ids)


def by_share(ids: Sequence[str] | np.ndarray, share: float, *, leave: int = 1) -> np.ndarray:
    """`held_out` of `share` of the rows, rounded, but one at least and not all; bool [rows].

    For three parts at once there is `train_dev_test`.
    """
    keys = _as_keys(ids)
    return GroupSizes.of(keys).share(share, leave=leave).has(keys)


def by_group(groups: Sequence[str], share: float) -> np.ndarray:
    """Chooses whole groups to hold out, about `share` of the rows, at least one group; bool [rows].

    A group is what must not be parted: the sentences of a file, the frames of a video, the
    captions of a picture. It is `by_share` of the groups' names.

    Raises:
        UserError: there are not two groups.
    """
    return by_share(groups, share)


def train_dev_test(ids: Sequence[str] | np.ndarray, share: float = 0.1) -> dict[str, np.ndarray]:
    """Splits rows by a hash of their ids, with about `share` of them each for dev and test.

    Args:
        ids: one per row, or `keys_of` them; no id is in two splits (`connected` joins what else
            must not be).
        share: of the rows.

    Returns:
        "train", "dev", "test" -> int [rows of it], ascending; none is empty.

    Raises:
        UserError: there are not three ids.
    """
    keys = _as_keys(ids)
    in_test, in_dev = (groups.has(keys) for groups in GroupSizes.of(keys).test_and_dev(share))
    parts = {"train": ~(in_test | in_dev), "dev": in_dev & ~in_test, "test": in_test}
    return {split: np.flatnonzero(rows) for split, rows in parts.items()}


def in_time(rows: int, *, dev: float, test: float, gap: int = 0) -> dict[str, np.ndarray]:
    """Splits rows in the order of time: first train, then dev, then test.

    Args:
        rows: how many there are, in the order of time.
        dev, test: shares of the rows.
        gap: rows left out before dev and before test: what reaches into the future (the
            forecast of a window) must not reach into the next split.

    Returns:
        "train", "dev", "test" -> int [rows of it], ascending.

    Raises:
        UserError: a split would be empty.
    """
    sizes = {"dev": round(dev * rows), "test": round(test * rows)}
    train = rows - sum(sizes.values()) - 2 * gap
    if min(train, *sizes.values()) < 1:
        raise UserError(
            f"{rows:,} steps are too few for train, dev and test with {gap:,} left out between",
            remedy="give a longer series, or a shorter window",
        )
    first_test = rows - sizes["test"]
    first_dev = first_test - gap - sizes["dev"]
    return {
        "train": np.arange(train),
        "dev": np.arange(first_dev, first_dev + sizes["dev"]),
        "test": np.arange(first_test, rows),
    }


def write_split(path: Path, frame: pd.DataFrame) -> None:
    """`write_split_blocks` of one frame."""
    write_split_blocks(path, [frame])


def write_split_blocks(path: Path, blocks: Iterable[pd.DataFrame]) -> None:
    """Writes frames, one behind the other, as UTF-8 TSV with a header and LF, atomically.

    A run of tabs, line feeds and carriage returns inside a cell becomes one space. Every other
    character, quotes and U+2028 among them, is written as it is.

    Args:
        blocks: of the same columns of str, `id` first; one at least.
    """
    with atomic_file(path) as temporary, open(temporary, "wb") as file:
        for number, frame in enumerate(blocks):
            if not number:
                file.write(("\t".join(frame.columns) + "\n").encode("utf-8"))
            write_rows(file, frame)


def write_rows(file: IO[bytes], frame: pd.DataFrame) -> None:
    """Writes the rows of a frame as `write_split_blocks` does, without a header."""
    columns = [map(without_breaks, frame[name].tolist()) for name in frame.columns]
    rows = map("\t".join, zip(*columns, strict=True))
    file.write("".join(f"{row}\n" for row in rows).encode("utf-8"))


def read_split(path: Path) -> pd.DataFrame:
    """Reads all of what `write_split` wrote: columns of str, `id` first. `SplitFile` reads it in
    blocks.

    Raises:
        UserError: no such file, or not written by `write_split`.
    """
    return SplitFile(path).frame()
