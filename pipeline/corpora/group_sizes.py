"""Groups of rows that must not be parted, and which of them are held out."""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Callable, Iterable

import numpy as np

from pipeline.counts import counted
from pipeline.errors import UserError


@dataclasses.dataclass(frozen=True)
class HeldOutGroups:
    """The groups with the lowest keys, but for those that are too large.

    Attributes:
        highest: key among theirs.
        too_large: keys of groups that stay behind for their size; uint64.
    """

    highest: int
    too_large: np.ndarray

    def has(self, keys: np.ndarray) -> np.ndarray:
        """Which groups are among them, by their keys; bool [keys]."""
        return (keys <= self.highest) & ~np.isin(keys, self.too_large)


@dataclasses.dataclass(frozen=True)
class GroupSizes:
    """How many rows each of many groups has.

    Attributes:
        blocks: gives them, whenever it is called: arrays uint64 [groups, 2] of their keys,
            ascending and each once, and their numbers of rows.
    """

    blocks: Callable[[], Iterable[np.ndarray]]

    @classmethod
    def of(cls, keys: np.ndarray) -> GroupSizes:
        """Of rows with the keys of their groups, uint64 [rows]."""
        block = sizes_by_key(keys)
        return cls(lambda: [block])

    @property
    def count(self) -> int:
        """The number of groups."""
        return sum(map(len, self.blocks()))

    @property
    def rows(self) -> int:
        """The number of rows of all groups."""
        return sum(int(block[:, 1].sum()) for block in self.blocks())

    def without(self, groups: HeldOutGroups) -> GroupSizes:
        """The others."""
        return GroupSizes(lambda: (block[~groups.has(block[:, 0])] for block in self.blocks()))

    def lowest(self, count: int, *, leave: int = 1) -> HeldOutGroups:
        """About `count` rows, as `splits.held_out` says.

        Args:
            count: how many rows; one at least.
            leave: how many groups at least are not held out.

        Raises:
            UserError: as `splits.held_out`.
        """
        rows = self.rows
        if not 0 < count < rows:
            raise UserError(
                f"{counted(count, 'row')} cannot be held out of {rows:,}",
                remedy="hold out fewer, or give more rows",
            )
        sizes = self._groups_of_size()
        groups = sizes.total()
        if groups <= leave:
            raise UserError(
                f"too few rows can be held out: all {rows:,} belong to "
                f"{counted(groups, 'group')} that must not be parted",
                remedy=f"give rows of {leave + 1} groups or more",
            )
        largest = max(count, min(sizes))
        eligible = sum(number for size, number in sizes.items() if size <= largest)
        most = groups - leave
        if eligible < groups:  # the large ones stay behind, and the others are shared
            most = min(most, max(eligible // leave, 1))
        return self._nearest(count, largest, most)

    def share(self, share: float, *, leave: int = 1) -> HeldOutGroups:
        """`lowest` of `share` of the rows, rounded, but one at least and not all."""
        if not 0 < share < 1:
            raise ValueError(f"share is {share}, not between 0 and 1")
        rows = self.rows
        return self.lowest(max(min(round(share * rows), rows - 1), 1), leave=leave)

    def test_and_dev(self, share: float) -> tuple[HeldOutGroups, HeldOutGroups]:
        """`share` of the rows each for test, and for dev of those that are not in test."""
        test = self.share(share, leave=2)
        return test, self.without(test).share(share / (1 - share))

    def _groups_of_size(self) -> collections.Counter[int]:
        """Number of rows -> how many groups have it."""
        found: collections.Counter[int] = collections.Counter()
        for block in self.blocks():
            sizes, groups = np.unique(block[:, 1], return_counts=True)
            found.update(dict(zip(sizes.tolist(), groups.tolist(), strict=True)))
        return found

    def _nearest(self, count: int, largest: int, most: int) -> HeldOutGroups:
        """The first of those groups that have `largest` rows or fewer, `most` groups or fewer, so
        many that their rows are nearest to `count`."""
        highest, distance, before, too_large = 0, math.inf, 0, []
        for block in self.blocks():
            is_eligible = block[:, 1] <= largest
            too_large.append(block[~is_eligible, 0])
            keys, sizes = block[is_eligible][:most].T
            reached = before + np.cumsum(sizes, dtype=np.int64)
            distances = np.abs(reached - count)
            if len(keys) and distances.min() < distance:
                nearest = int(distances.argmin())
                highest, distance = int(keys[nearest]), int(distances[nearest])
            before, most = before + int(sizes.sum()), most - len(keys)
            if before >= count or not most:
                break
        return HeldOutGroups(highest, np.concatenate(too_large))


def sizes_by_key(keys: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
    """How many rows each key has; uint64 [different keys, 2]: the keys, ascending, and their rows.

    Args:
        keys: uint64 [n].
        rows: for how many each stands; for one where they are not given.
    """
    different, places = np.unique(keys, return_inverse=True)
    sizes = np.bincount(places, rows, len(different)).astype(np.uint64)
    return np.stack([different, sizes], axis=1)
