"""A user's own texts as train, dev and test, and what a user must know of such splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from pipeline.corpora.splits import connected, train_dev_test
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.normalize import normalize

_FEWEST_GROUPS = 3
_SHOWN_LABELS = 10


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
