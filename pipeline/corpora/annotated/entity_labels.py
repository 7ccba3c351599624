"""One spelling for labels of entities that are written in several ways."""

from __future__ import annotations

import collections
import unicodedata
from collections.abc import Iterable

from pipeline.normalize import normalize

MAX_LABEL_LENGTH = 64
_SHOWN = 5


def label_key(label: str) -> str:
    """A key that is equal for labels that differ only in case, width, Unicode form or invisible
    characters."""
    return unicodedata.normalize("NFKC", written_label(label)).casefold()


def written_label(label: str) -> str:
    """A label under the text policy, with `_` for white space, which no label can have."""
    return normalize(label).replace(" ", "_")


def too_long(label: str) -> str | None:
    """The message for a label that is too long; None for any other."""
    if len(label) <= MAX_LABEL_LENGTH:
        return None
    return f"label of {len(label)} characters, at most {MAX_LABEL_LENGTH}: {label[:20]}…"


def one_spelling(
    labels: Iterable[str], known: Iterable[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """One spelling for labels with an equal `label_key`: the most frequent one.

    Args:
        labels: of each entity.
        known: spellings that are preferred to the most frequent one.

    Returns:
        Label -> spelling, and warnings that name the merged labels.
    """
    counts = collections.Counter(labels)
    groups: dict[str, list[str]] = {}
    for label in sorted(counts, key=lambda label: (-counts[label], label)):
        groups.setdefault(label_key(label), []).append(label)
    before = {label_key(label): label for label in known}
    chosen = {
        label: before.get(key, written_label(group[0]))
        for key, group in groups.items()
        for label in group
    }
    made_one = [_spellings(group) for group in groups.values() if len(group) > 1]
    spaced = [name for name in chosen.values() if " " in normalize(groups[label_key(name)][0])]
    warnings = []
    if made_one:
        warnings.append(
            "Labels that differ only in case, or in what cannot be seen, were made one: "
            f"{_listed(made_one)}."
        )
    if spaced:
        warnings.append(f"White space in labels became _: {_listed(sorted(set(spaced)))}.")
    return chosen, warnings


def _spellings(group: list[str]) -> str:
    shown = list(dict.fromkeys(map(written_label, group)))
    return " and ".join(shown) if len(shown) > 1 else f"{shown[0]} in {len(group)} spellings"


def _listed(items: list[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return "; ".join(items[:_SHOWN]) + more
