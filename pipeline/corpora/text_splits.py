"""A user's own texts as train, dev and test, and what a user must know of such splits."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from pipeline.corpora.splits import SPLITS, by_share, connected, train_dev_test
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.normalize import normalize

_FEWEST_GROUPS = 3
_SHOWN_LABELS = 10


@dataclasses.dataclass(frozen=True)
class TextSplits:
    """Splits of which no two have a text in common, under the text policy.

    Attributes:
        frames: "train", "dev", "test" -> frame, in this order.
        dropped: split -> rows left out of it because their text stands in a later split, of those
            splits that lost some.
        warnings: sentences that a user must not miss.
    """

    frames: dict[str, pd.DataFrame]
    dropped: dict[str, int]
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


def kept_apart(parts: Mapping[str, pd.DataFrame]) -> TextSplits:
    """Leaves out of every split the texts that stand in a later one, under the text policy.

    Args:
        parts: split -> frame with a column text; not all three need be there.
    """
    seen: set[str] = set()
    frames, dropped = {}, {}
    for split in reversed(SPLITS):
        if split not in parts:
            continue
        texts = list(map(normalize, parts[split]["text"]))
        new = [text not in seen for text in texts]
        frames[split] = parts[split][new].reset_index(drop=True)
        dropped[split] = len(texts) - sum(new)
        seen.update(texts)
    there = [split for split in SPLITS if split in frames]
    return TextSplits(
        {split: frames[split] for split in there},
        {split: dropped[split] for split in there if dropped[split]},
    )


def split_own_texts(parts: Mapping[str, pd.DataFrame], where: object) -> TextSplits:
    """A user's texts as train, dev and test: those of the three that are given, as they are, and a
    tenth of train for each other.

    Texts of dev and test are left out of train, and those of test out of dev. A train that comes
    alone is split by `split_texts`, which leaves nothing out.

    Args:
        parts: "train", and "dev" and "test" where there are any; columns id and text, and others.
        where: the file of train, for errors.

    Raises:
        UserError: a split would be empty.
    """
    if len(parts) == 1:
        frames, warnings = split_texts(parts["train"], where)
        return TextSplits(frames, {}, warnings)
    apart = kept_apart(parts)
    if not len(apart.frames["train"]):
        raise UserError(
            "no text is left to learn from: each stands in what is held out",
            where=where,
            remedy="give more texts",
        )
    if "dev" in parts and not len(apart.frames["dev"]):
        raise UserError(
            "no text is left to choose by: each of dev stands in test, too",
            where=where,
            remedy="give a dev file of its own, or none: then a tenth of train is held out",
        )
    missing = [split for split in SPLITS if split not in parts]
    return _with_a_tenth(apart, missing[0], where) if missing else apart


def _with_a_tenth(given: TextSplits, missing: str, where: object) -> TextSplits:
    """The same with the split that is missing, a tenth of train."""
    train = given.frames["train"]
    groups = connected(list(train["id"]), list(map(normalize, train["text"])))
    if (count := len(set(groups))) < _FEWEST_GROUPS - 1:
        raise UserError(
            f"no tenth of its {counted(len(train), 'row')} can be held out for {missing}: by the "
            "ids and texts they share, all of them stay together",
            where=where,
            remedy=f"put a file of {missing} beside it, too, or give more different texts",
        )
    chosen = by_share(groups, 0.1)
    parts = {"train": train[~chosen], missing: train[chosen]}
    frames = given.frames | {name: part.reset_index(drop=True) for name, part in parts.items()}
    warnings = uneven_warnings({name: len(part) for name, part in parts.items()}, count)
    return TextSplits({split: frames[split] for split in SPLITS}, given.dropped, warnings)


def split_texts(frame: pd.DataFrame, where: object) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """A file of texts as train, dev and test: a tenth each for dev and test, by a hash of the id.

    No id is in two splits and, under the text policy, no text is.

    Args:
        frame: columns id and text, and others.
        where: the file, for errors.

    Returns:
        The splits, and sentences that a user must not miss.

    Raises:
        UserError: ids and texts leave less than three groups of rows.
    """
    texts = list(map(normalize, frame["text"]))
    if (different := len(set(texts))) < _FEWEST_GROUPS:
        raise UserError(
            f"has {counted(different, 'different text')} only; equal texts stay together, and "
            "train, dev and test need one each",
            where=where,
            remedy="give more different texts",
        )
    groups = connected(list(frame["id"]), texts)
    if (count := len(set(groups))) < _FEWEST_GROUPS:
        raise UserError(
            f"its {counted(len(frame), 'row')} form {counted(count, 'group')} by the ids and texts "
            "they share, which stay together; train, dev and test need one each",
            where=where,
            remedy="leave out the column with the ids: then only equal texts stay together",
        )
    splits = {
        name: frame.iloc[rows].reset_index(drop=True)
        for name, rows in train_dev_test(groups).items()
    }
    return splits, uneven_warnings({name: len(part) for name, part in splits.items()}, count)


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
