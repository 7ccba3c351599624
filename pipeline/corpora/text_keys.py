"""Keys of ids and texts, on disk, and the groups of rows that share one."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipeline.corpora.group_sizes import GroupSizes, sizes_by_key
from pipeline.corpora.splits import ChosenRows, keys_of
from pipeline.corpora.stored_numbers import StoredNumbers
from pipeline.normalize import normalize

_KEYS_AT_ONCE = 1 << 19
_MAX_FILES = 64
_NO_PAIRS = np.empty((0, 2), np.uint64)


class TextKeys:
    """`keys_of` the ids of rows, and of their texts under the text policy.

    They are put into files by range, and sorted one range at a time. With a folder, memory grows by
    a byte or two per row, and with the number of ids that share a text with other ids.

    Args:
        folder: on the disk that is used; None for memory.
    """

    def __init__(self, folder: Path | None = None):
        self._folder = folder
        self._keys = StoredNumbers(np.uint64, (2,), folder)

    @classmethod
    def of(cls, frame: pd.DataFrame) -> TextKeys:
        """Keys of a frame with the columns id and text, in memory."""
        keys = cls()
        keys.add(frame)
        return keys

    def add(self, frame: pd.DataFrame) -> None:
        """Appends the keys of a frame with the columns id and text."""
        ids, texts = frame["id"].tolist(), map(normalize, frame["text"].tolist())
        self._keys.add(np.stack([keys_of(ids), keys_of(texts)], axis=1))

    def __len__(self) -> int:
        return len(self._keys)

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Blocks of rows: their slice, and their keys of id and text, uint64 [rows, 2]."""
        return self._keys.blocks()

    def have_texts_of(self, others: Sequence[TextKeys]) -> np.ndarray:
        """Whether the text of each row also occurs in one of `others`; bool [rows]."""
        found = np.zeros(len(self), bool)
        theirs = (block for other in others for _, block in other.blocks())
        numbered = (
            np.stack([np.arange(rows.start, rows.stop, dtype=np.uint64), block[:, 1]], axis=1)
            for rows, block in self.blocks()
        )
        ranges = (self._by_range(pairs, 2, sum(map(len, others))) for pairs in (theirs, numbered))
        for some, own in zip(*ranges, strict=True):
            texts = _sizes(some)[:, 0]
            for _, block in own.blocks():
                is_known, _ = _search(texts, block[:, 1])
                found[block[is_known, 0]] = True
        return found

    def groups(self, wanted: ChosenRows) -> RowGroups:
        """Groups rows such that those with the same id or the same text are in one group.

        Args:
            wanted: the rows to group.
        """
        links, texts = [], 0
        pairs = (block[wanted.mask(rows)] for rows, block in self.blocks())
        for some in self._by_range(pairs, 2, len(wanted)):
            of_range, different = _links(some)
            links.append(of_range)
            texts += different
        ids, lowest = _lowest_linked(np.concatenate(links))
        keys = StoredNumbers(np.uint64, (), self._folder)
        for _, block in self.blocks():
            groups = block[:, 0].copy()
            linked, places = _search(ids, groups)
            groups[linked] = lowest[places[linked]]
            keys.add(groups)
        sizes = StoredNumbers(np.uint64, (2,), self._folder)
        chosen = (block[wanted.mask(rows), None] for rows, block in keys.blocks())
        for some in self._by_range(chosen, 1, len(wanted)):
            sizes.add(_sizes(some))
        return RowGroups(keys, GroupSizes(lambda: (block for _, block in sizes.blocks())), texts)

    def _by_range(
        self, blocks: Iterable[np.ndarray], columns: int, rows: int
    ) -> list[StoredNumbers]:
        """Puts blocks [n, columns] into files by the range of the key in the last column.

        Ranges have equal width and ascend. Keys are evenly distributed, so of `rows` rows each file
        has about `_KEYS_AT_ONCE` or fewer, of very many rows a 64th, equal keys aside.
        """
        count = min(max(math.ceil(rows / _KEYS_AT_ONCE), 1), _MAX_FILES)
        files = [StoredNumbers(np.uint64, (columns,), self._folder) for _ in range(count)]
        bounds = np.array([(number << 64) // count for number in range(1, count)], np.uint64)
        for block in blocks:
            ordered = block[np.argsort(block[:, -1])]
            parts = np.split(ordered, np.searchsorted(ordered[:, -1], bounds))
            for file, part in zip(files, parts, strict=True):
                file.add(part)
        return files


@dataclasses.dataclass(frozen=True)
class RowGroups:
    """Groups of rows.

    Attributes:
        keys: key of each row's group, which is the lowest key of an id in it; uint64 [rows].
        sizes: of the groups.
        texts: number of different texts.
    """

    keys: StoredNumbers
    sizes: GroupSizes
    texts: int


def _links(pairs: StoredNumbers) -> tuple[np.ndarray, int]:
    """Links between ids that share a text, enough to connect all of them, uint64 [links, 2]; and
    the number of different texts. The pairs are keys of id and text."""
    parts = [_different(block) for _, block in pairs.blocks()]
    ids, texts = _different(np.concatenate([_NO_PAIRS, *parts])).T
    same = texts[1:] == texts[:-1]
    return np.stack([ids[:-1][same], ids[1:][same]], axis=1), len(texts) - int(same.sum())


def _different(pairs: np.ndarray) -> np.ndarray:
    """The different pairs of an array [n, 2], sorted by the second number, then the first."""
    ordered = pairs[np.lexsort(pairs.T)]
    is_new = np.ones(len(ordered), bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return ordered[is_new]


def _search(ordered: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each value occurs in a sorted array, bool [values], and where, int [values]."""
    first, end = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return first < end, first


def _lowest_linked(links: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ids of links [links, 2], ascending, and the lowest id connected with each."""
    ids, ends = np.unique(links, return_inverse=True)
    of_links = ends.reshape(links.shape).T
    graph = coo_array((np.ones(len(links), np.int8), tuple(of_links)), (len(ids), len(ids)))
    _, group_of = connected_components(graph, directed=False)
    _, first_of = np.unique(group_of, return_index=True)
    return ids, ids[first_of[group_of]]


def _sizes(keys: StoredNumbers) -> np.ndarray:
    """`sizes_by_key` of the last column."""
    parts = [sizes_by_key(block[:, -1]) for _, block in keys.blocks()]
    return sizes_by_key(*np.concatenate([_NO_PAIRS, *parts]).T)
