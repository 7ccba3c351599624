"""A user's own texts as train, dev and test, and what a user must know of such splits."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pipeline.corpora.group_sizes import HeldOutGroups
from pipeline.corpora.splits import IN_NO_SPLIT, SPLITS, ChosenRows
from pipeline.corpora.text_keys import RowGroups, TextKeys
from pipeline.counts import counted
from pipeline.errors import UserError

_FEWEST_GROUPS = 3
_SHARE = 0.1
_SHOWN_LABELS = 10


@dataclasses.dataclass(frozen=True)
class SplitRows:
    """Rows of files as splits of which no two have a text in common, under the text policy.

    Attributes:
        rows: "train", "dev", "test" -> of which file (also "train", "dev" or "test"), and which
            rows of it; in this order.
        dropped: split -> rows left out of it because their text stands in a later split, of those
            splits that lost some.
        warnings: sentences that a user must not miss.
    """

    rows: Mapping[str, tuple[str, ChosenRows]]
    dropped: Mapping[str, int]
    warnings: Sequence[str] = ()

    def in_words(self, row: str) -> list[str]:
        """What was dropped, for people: one sentence or none.

        Args:
            row: what a row is called.
        """
        lost = [f"{counted(count, row)} of {split}" for split, count in self.dropped.items()]
        return (
            [f"left out, since their text is in a later split: {', '.join(lost)}"] if lost else []
        )

    def of(self, parts: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """The splits of frames."""
        return {
            split: parts[part][rows.mask()].reset_index(drop=True)
            for split, (part, rows) in self.rows.items()
        }


def without_overlap(keys: Mapping[str, TextKeys]) -> SplitRows:
    """Leaves out of every split the texts that stand in a later one, under the text policy.

    Args:
        keys: split -> those of its rows; not all three need be there.
    """
    there = [split for split in SPLITS if split in keys]
    rows, dropped = {}, {}
    for number, split in enumerate(there):
        known = keys[split].have_texts_of([keys[later] for later in there[number + 1 :]])
        split_of = np.full(len(known), SPLITS.index(split), np.uint8)
        split_of[known] = IN_NO_SPLIT
        rows[split] = split, ChosenRows(split_of, split)
        if known.any():
            dropped[split] = int(known.sum())
    return SplitRows(rows, dropped)


def split_own_texts(keys: Mapping[str, TextKeys], where: object) -> SplitRows:
    """A user's texts as train, dev and test: those of the three that are given, as they are, and a
    tenth of train for each other.

    Texts of dev and test are left out of train, and those of test out of dev. Of a train that
    comes alone nothing is left out.

    Args:
        keys: those of "train", and of "dev" and "test" where there are any.
        where: the file of train, for errors.

    Raises:
        UserError: a split would be empty.
    """
    if len(keys) == 1:
        return _split_alone(keys["train"], where)
    apart = without_overlap(keys)
    if not len(apart.rows["train"][1]):
        raise UserError(
            "no text is left to learn from: each stands in what is held out",
            where=where,
            remedy="give more texts",
        )
    if "dev" in keys and not len(apart.rows["dev"][1]):
        raise UserError(
            "no text is left to choose by: each of dev stands in test, too",
            where=where,
            remedy="give a dev file of its own, or none: then a tenth of train is held out",
        )
    missing = [split for split in SPLITS if split not in keys]
    return _with_a_tenth(apart, keys["train"], missing[0], where) if missing else apart


def _with_a_tenth(given: SplitRows, keys: TextKeys, missing: str, where: object) -> SplitRows:
    """The same with the split that is missing, a tenth of train, whose keys these are."""
    train = given.rows["train"][1]
    groups = keys.groups(train)
    if (count := groups.sizes.count) < _FEWEST_GROUPS - 1:
        raise UserError(
            f"no tenth of its {counted(len(train), 'row')} can be held out for {missing}: by the "
            "ids and texts they share, all of them stay together",
            where=where,
            remedy=f"put a file of {missing} beside it, too, or give more different texts",
        )
    _hold_out(train, groups, {missing: groups.sizes.share(_SHARE)})
    found = {**given.rows, missing: ("train", dataclasses.replace(train, split=missing))}
    sizes = {split: len(found[split][1]) for split in ("train", missing)}
    warnings = uneven_warnings(sizes, count)
    return SplitRows({split: found[split] for split in SPLITS}, given.dropped, warnings)


def _split_alone(keys: TextKeys, where: object) -> SplitRows:
    """Texts as train, dev and test: a tenth each for dev and test, by a hash of the id. No id is
    in two splits and, under the text policy, no text is.

    Raises:
        UserError: ids and texts leave less than three groups of rows.
    """
    train = ChosenRows(np.zeros(len(keys), np.uint8), "train")
    groups = keys.groups(train)
    if groups.texts < _FEWEST_GROUPS:
        raise UserError(
            f"has {counted(groups.texts, 'different text')} only; equal texts stay together, and "
            "train, dev and test need one each",
            where=where,
            remedy="give more different texts",
        )
    if (count := groups.sizes.count) < _FEWEST_GROUPS:
        raise UserError(
            f"its {counted(len(keys), 'row')} form {counted(count, 'group')} by the ids and texts "
            "they share, which stay together; train, dev and test need one each",
            where=where,
            remedy="leave out the column with the ids: then only equal texts stay together",
        )
    test, dev = groups.sizes.test_and_dev(_SHARE)
    _hold_out(train, groups, {"test": test, "dev": dev})
    rows = {split: ("train", dataclasses.replace(train, split=split)) for split in SPLITS}
    sizes = {split: len(chosen) for split, (_, chosen) in rows.items()}
    return SplitRows(rows, {}, uneven_warnings(sizes, count))


def _hold_out(train: ChosenRows, groups: RowGroups, held: Mapping[str, HeldOutGroups]) -> None:
    """Moves rows of train to other splits, each to the first split that holds its group out."""
    for rows, keys in groups.keys.blocks():
        for split, chosen in held.items():
            train.split_of[rows][train.mask(rows) & chosen.has(keys)] = SPLITS.index(split)


def uneven_warnings(rows: Mapping[str, int], groups: int) -> list[str]:
    """One sentence where less than half of the rows are in train, or none.

    Args:
        rows: split -> how many.
        groups: how many groups of rows could not be parted.
    """
    train, total = rows["train"], sum(rows.values())
    if 2 * train >= total:
        return []
    return [
        f"Only {train:,} of {counted(total, 'row')} are in train: rows that share a text or an id "
        f"stay together, and all of them form {counted(groups, 'group')}."
    ]


def label_warnings(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """A sentence on labels that train does not have, and one on those that others do not have.

    Args:
        counts: split ("train" among them) -> label -> how often.
    """
    train = {label for label, count in counts["train"].items() if count}
    others = {name: Counter(labels) for name, labels in counts.items() if name != "train"}
    found = []
    if unknown := sorted({label for labels in others.values() for label in +labels} - train):
        number = ", ".join(
            f"{sum(labels[label] for label in unknown):,} of {name}"
            for name, labels in others.items()
            if any(labels[label] for label in unknown)
        )
        found.append(
            f"Labels that are not in train, and so cannot be learnt: {_listed(unknown)}; {number} "
            "count as wrong."
        )
    lacking = {name: sorted(train - set(+labels)) for name, labels in others.items()}
    if any(lacking.values()):
        parts = (f"{name} lacks: {_listed(labels)}" for name, labels in lacking.items() if labels)
        found.append(f"Labels of train that {'; that '.join(parts)}.")
    return found


def _listed(labels: Sequence[str]) -> str:
    """'a, b', or the first of them 'and 7 more'."""
    shown = [label if len(label) <= 40 else f"{label[:39]}…" for label in labels[:_SHOWN_LABELS]]
    more = len(labels) - len(shown)
    return f"{', '.join(shown)}{f' and {more:,} more' if more else ''}"
