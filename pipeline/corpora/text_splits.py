"""A user's own texts as train, dev and test, and what a user must know of such splits."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipeline.corpora.splits import SPLITS, by_share, keys_of, train_dev_test
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.normalize import normalize

_FEWEST_GROUPS = 3
_SHOWN_LABELS = 10


@dataclasses.dataclass(frozen=True)
class TextKeys:
    """What no row may share with a row of another split.

    Attributes:
        ids, texts: `keys_of` the ids, and of the texts under the text policy; uint64 [rows].
    """

    ids: np.ndarray
    texts: np.ndarray

    @classmethod
    def of(cls, frame: pd.DataFrame) -> TextKeys:
        """Of a frame with the columns id and text."""
        return cls(keys_of(frame["id"].tolist()), keys_of(map(normalize, frame["text"].tolist())))

    @classmethod
    def joined(cls, parts: Sequence[TextKeys]) -> TextKeys:
        """Those of all rows of `parts`, in order."""
        return cls(
            np.concatenate([part.ids for part in parts]),
            np.concatenate([part.texts for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: np.ndarray) -> TextKeys:
        """Those of some rows, given by their numbers."""
        return TextKeys(self.ids[rows], self.texts[rows])

    def groups(self) -> np.ndarray:
        """Of each row a number that it shares with those rows alone from which it must not be
        parted: those with its id or its text, and theirs; the lowest key of an id among them."""
        groups = self.ids.copy()
        # A row that shares neither, as most do, is by itself.
        rows = np.flatnonzero(_repeated(self.ids) | _repeated(self.texts))
        groups[rows] = _lowest_together(self.ids[rows], self.texts[rows])
        return groups


def _repeated(keys: np.ndarray) -> np.ndarray:
    """Which keys stand in several places; bool [keys]."""
    order = np.argsort(keys)
    ordered = keys[order]
    same = ordered[1:] == ordered[:-1]
    repeated = np.zeros(len(keys), bool)
    repeated[order[1:][same]] = True
    repeated[order[:-1][same]] = True
    return repeated


def _lowest_together(ids: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """Of each row the lowest key of an id among those with its id or its text, and theirs."""
    (ids, id_of), (texts, text_of) = (np.unique(k, return_inverse=True) for k in (ids, texts))
    places = id_of, len(ids) + text_of
    count = len(ids) + len(texts)
    graph = coo_array((np.ones(len(id_of), np.int8), places), (count, count))
    _, group_of = connected_components(graph, directed=False)
    lowest = np.full(count, np.iinfo(np.uint64).max)
    np.minimum.at(lowest, group_of[: len(ids)], ids)
    return lowest[group_of[id_of]]


@dataclasses.dataclass(frozen=True)
class SplitRows:
    """Rows of files as splits of which no two have a text in common, under the text policy.

    Attributes:
        rows: "train", "dev", "test" -> of which file (also "train", "dev" or "test"), and the
            numbers of the rows, ascending; in this order.
        dropped: split -> rows left out of it because their text stands in a later split, of those
            splits that lost some.
        warnings: sentences that a user must not miss.
    """

    rows: Mapping[str, tuple[str, np.ndarray]]
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
            split: parts[part].iloc[rows].reset_index(drop=True)
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
        own = keys[split].texts
        later = [keys[other].texts for other in there[number + 1 :]]
        known = np.isin(own, np.concatenate(later)) if later else np.zeros(len(own), bool)
        rows[split] = split, np.flatnonzero(~known)
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
    rows = given.rows["train"][1]
    groups = keys.take(rows).groups()
    if (count := len(np.unique(groups))) < _FEWEST_GROUPS - 1:
        raise UserError(
            f"no tenth of its {counted(len(rows), 'row')} can be held out for {missing}: by the "
            "ids and texts they share, all of them stay together",
            where=where,
            remedy=f"put a file of {missing} beside it, too, or give more different texts",
        )
    chosen = by_share(groups, 0.1)
    found = {**given.rows, "train": ("train", rows[~chosen]), missing: ("train", rows[chosen])}
    sizes = {split: len(found[split][1]) for split in ("train", missing)}
    warnings = uneven_warnings(sizes, count)
    return SplitRows({split: found[split] for split in SPLITS}, given.dropped, warnings)


def _split_alone(keys: TextKeys, where: object) -> SplitRows:
    """Texts as train, dev and test: a tenth each for dev and test, by a hash of the id. No id is
    in two splits and, under the text policy, no text is.

    Raises:
        UserError: ids and texts leave less than three groups of rows.
    """
    if (different := len(np.unique(keys.texts))) < _FEWEST_GROUPS:
        raise UserError(
            f"has {counted(different, 'different text')} only; equal texts stay together, and "
            "train, dev and test need one each",
            where=where,
            remedy="give more different texts",
        )
    groups = keys.groups()
    if (count := len(np.unique(groups))) < _FEWEST_GROUPS:
        raise UserError(
            f"its {counted(len(keys), 'row')} form {counted(count, 'group')} by the ids and texts "
            "they share, which stay together; train, dev and test need one each",
            where=where,
            remedy="leave out the column with the ids: then only equal texts stay together",
        )
    rows = {split: ("train", chosen) for split, chosen in train_dev_test(groups).items()}
    sizes = {split: len(chosen) for split, (_, chosen) in rows.items()}
    return SplitRows(rows, {}, uneven_warnings(sizes, count))


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
