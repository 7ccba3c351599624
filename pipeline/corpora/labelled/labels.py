"""Unifies the spellings of labels, and finds missing labels."""

from __future__ import annotations

import collections
import dataclasses
import decimal
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence

from pipeline.counts import counted
from pipeline.normalize import normalize

_MISSING = frozenset(("", "nan", "null", "na", "n/a", "<na>", "#n/a", "-nan", "none"))
# Python writes "none" for a missing value, and many corpora have a class of that name. It is a
# class if at least this share of the labels are "none".
_NONE_IS_A_CLASS = 0.1
_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d*)?$", re.ASCII)
_IN_QUOTES = re.compile(r'"[^"]+"$')
_MAX_NUMBER_LENGTH = 40
_SHOWN = 8
# More classes that are all numbers are probably a scale.
_MANY = 20


@dataclasses.dataclass(frozen=True)
class UnifiedLabels:
    """Labels of rows, each in one spelling.

    Attributes:
        labels: one for each row; None if it has none.
        merged: label -> its other spellings and how often each occurred.
        in_quotes: whether quotes around labels were removed.
        none_is_a_class: whether "none" was taken as a label, since many rows have it.
    """

    labels: list[str | None]
    merged: Mapping[str, Mapping[str, int]]
    in_quotes: bool
    none_is_a_class: bool


def number_of(label: str) -> decimal.Decimal | None:
    """The number that a label stands for, such as 1, -2, 4.50 or １; None for 007, 1e5 or nan."""
    label = unicodedata.normalize("NFKC", label).strip()
    if len(label) > _MAX_NUMBER_LENGTH or not _NUMBER.match(label):
        return None
    return decimal.Decimal(label)


def is_missing_label(label: str) -> bool:
    """Whether a cell has no label: blank, nan, null, None, NA, in any case."""
    return label.strip().casefold() in _MISSING


def unify_labels(
    written: Sequence[str], known: Collection[str] = (), in_quotes: bool | None = None
) -> UnifiedLabels:
    """Gives labels that are equal under the text policy, or as numbers, their commonest spelling.

    Quotes are removed if all labels have them. "none" is a label if a tenth of the rows have it.
    Labels that differ only by case stay different, and a warning says so.

    Args:
        written: one for each row.
        known: labels of the training file, if this is another file. An equal label takes their
            spelling, and "none" is a label if it is one of them.
        in_quotes: whether quotes around labels are removed; None: it is found out.

    Example:
        >>> unify_labels(["1", "1.0", "1", "0", "nan"]).labels
        ['1', '1', '1', '0', None]
        >>> unify_labels(["1.0", "none"], known=["1", "none"]).labels
        ['1', 'none']
    """
    spelling = {_key(label, none_is_a_class=True): label for label in known}
    spellings = collections.Counter(written)
    plain = {label: normalize(label) for label in spellings}
    if in_quotes is None:
        filled = [label for label in plain.values() if label]
        in_quotes = bool(filled) and all(map(_IN_QUOTES.match, filled))
    if in_quotes:
        plain = {
            label: normalize(inner[1:-1]) if _IN_QUOTES.match(inner) else inner
            for label, inner in plain.items()
        }
    nones = sum(spellings[label] for label in spellings if plain[label].casefold() == "none")
    none_is_a_class = nones >= max(_NONE_IS_A_CLASS * len(written), 2)
    if known:
        none_is_a_class = any(label.casefold() == "none" for label in known)
    groups: dict[object, collections.Counter[str]] = {}
    for label, count in spellings.items():
        key = _key(plain[label], none_is_a_class)
        if key is not None:
            groups.setdefault(key, collections.Counter())[label] += count
    chosen = {key: spelling.get(key) or _commonest(group, plain) for key, group in groups.items()}
    labels = {
        label: None if (key := _key(plain[label], none_is_a_class)) is None else chosen[key]
        for label in spellings
    }
    merged = {
        chosen[key]: {label: count for label, count in group.items() if label != chosen[key]}
        for key, group in groups.items()
    }
    return UnifiedLabels(
        [labels[label] for label in written],
        {label: others for label, others in merged.items() if _differ(label, others)},
        in_quotes,
        none_is_a_class and not known,
    )


def counts_in_words(counts: Mapping[str, int]) -> str:
    """Number of rows for each label, as text, "0: 1,234 rows, 1: 1,198"; of many labels the eight
    most frequent."""
    shown = sorted(sorted(counts, key=lambda label: (-counts[label], label))[:_SHOWN])
    listed = [
        f"{shortened_label(label)}: {f'{counts[label]:,}' if n else counted(counts[label], 'row')}"
        for n, label in enumerate(shown)
    ]
    if len(counts) > _SHOWN:
        listed.append(f"{len(counts) - _SHOWN:,} more")
    return ", ".join(listed)


def merged_in_words(merged: Mapping[str, Mapping[str, int]]) -> str:
    """The spellings that `unify_labels` merged, as text, "1 is also written 1.0 (40 rows)"."""
    said = []
    for label, others in list(merged.items())[:_SHOWN]:
        different = [other for other in others if normalize(other) != label]
        count = sum(others.values())
        how = ", ".join(shortened_label(normalize(other)) for other in different[:3])
        how = how or "with other characters that look the same"
        said.append(f"{shortened_label(label)} is also written {how} ({counted(count, 'row')})")
    return "; ".join(said)


def shortened_label(label: str) -> str:
    """The first 40 characters of a label, white space as single spaces."""
    label = " ".join(label.split())
    return label if len(label) <= 40 else label[:39] + "…"


def _key(label: str, none_is_a_class: bool) -> object:
    """A key that is equal for spellings of the same label; None if it is no label."""
    if is_missing_label(label) and not (none_is_a_class and label.casefold() == "none"):
        return None
    number = number_of(label)
    return label if number is None else number


def _commonest(group: Mapping[str, int], plain: Mapping[str, str]) -> str:
    counts: collections.Counter[str] = collections.Counter()
    for label, count in group.items():
        counts[plain[label]] += count
    return min(counts, key=lambda label: (-counts[label], len(label), label))


def _differ(label: str, others: Iterable[str]) -> bool:
    """Whether spellings differ by more than white space and quotes around them."""
    return any(other.strip().strip('"') != label for other in others)


def label_doubts(counts: Mapping[str, int], none_is_a_class: bool) -> Iterable[str]:
    """Warnings about labels that may be mistakes.

    Args:
        counts: label -> number of rows.
        none_is_a_class: whether "none" was taken as a label, since many rows have it.
    """
    by_case: dict[str, list[str]] = {}
    for label in counts:
        by_case.setdefault(label.casefold(), []).append(label)
    alike = [labels for labels in by_case.values() if len(labels) > 1]
    if alike:
        shown = "; ".join(
            " and ".join(
                f"{shortened_label(label)} ({counted(counts[label], 'row')})" for label in labels
            )
            for labels in alike[:_SHOWN]
        )
        yield f"Labels that differ only by case are different labels: {shown}."
    if len(counts) > _MANY and all(number_of(label) is not None for label in counts):
        yield (
            f"Its {len(counts):,} labels are numbers, and each is learnt as a class of its own. "
            "Group them into a few where they are a score."
        )
    if none_is_a_class:
        nones = [label for label in counts if label.casefold() == "none"]
        count = sum(counts[label] for label in nones)
        yield (
            f"{nones[0]} is taken for a label, since {count:,} rows have it. If it says that "
            "there is none, leave those cells empty."
        )
