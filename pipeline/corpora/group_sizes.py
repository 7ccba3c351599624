"""Sizes of groups of rows, and the choice of groups to hold out."""

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
    """The groups that are held out: those with the lowest keys, except too large ones.

    Attributes:
        highest: the highest key of a group that is held out.
        too_large: keys of groups that are not held out because of their size; uint64.
    """

    highest: int
    too_large: np.ndarray

    def has(self, keys: np.ndarray) -> np.ndarray:
        """Whether the group of each key is held out; bool [keys]."""
        return (keys <= self.highest) & ~np.isin(keys, self.too_large)


@dataclasses.dataclass(frozen=True)
class GroupSizes:
    """The number of rows of each group.

    Attributes:
        blocks: function that returns arrays uint64 [groups, 2] of keys and numbers of rows. Keys
            are distinct and ascend over all blocks. It is called several times.
    """

    blocks: Callable[[], Iterable[np.ndarray]]

    @classmethod
    def of(cls, keys: np.ndarray) -> GroupSizes:
        """From the key of each row's group, uint64 [rows]."""
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
        """The groups that are not held out."""
        return GroupSizes(lambda: (block[~groups.has(block[:, 0])] for block in self.blocks()))

    def lowest(self, count: int, *, leave: int = 1) -> HeldOutGroups:
        """Chooses groups with about `count` rows, as `splits.held_out` says.

        Args:
            count: number of rows; at least one.
            leave: minimum number of groups that are not held out.

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
        """`lowest` with `share` of the rows, rounded, at least one and not all."""
        if not 0 < share < 1:
            raise ValueError(f"share is {share}, not between 0 and 1")
        rows = self.rows
        return self.lowest(max(min(round(share * rows), rows - 1), 1), leave=leave)

    def test_and_dev(self, share: float) -> tuple[HeldOutGroups, HeldOutGroups]:
        """Chooses groups with about `share` of all rows for test, and others for dev."""
        test = self.share(share, leave=2)
        return test, self.without(test).share(share / (1 - share))

    def _groups_of_size(self) -> collections.Counter[int]:
        """size -> number of groups of that size."""
        found: collections.Counter[int] = collections.Counter()
        for block in self.blocks():
            sizes, groups = np.unique(block[:, 1], return_counts=True)
            found.update(dict(zip(sizes.tolist(), groups.tolist(), strict=True)))
        return found

    def _nearest(self, count: int, largest: int, most: int) -> HeldOutGroups:
        """Chooses the first groups of at most `largest` rows each, at most `most` groups: as many
        as bring the number of rows nearest to `count`."""
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
    """The number of rows of each key; uint64 [different keys, 2]: keys, ascending, and numbers.

    Args:
        keys: uint64 [n].
        rows: number of rows that each of `keys` stands for; None for one each.
    """
    different, places = np.unique(keys, return_inverse=True)
    sizes = np.bincount(places, rows, len(different)).astype(np.uint64)
    return np.stack([different, sizes], axis=1)
