"""Finds the labels of a file of marked-up sentences, and what only resembles markup in it."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable

from pipeline.corpora.annotated.entity_labels import label_key
from pipeline.corpora.annotated.inline import LABEL, candidates

_CAPITALS, _LATIN, _OTHER = "capitals", "latin", "other"
_MAX_CONTENTS = 3


@dataclasses.dataclass
class _Seen:
    """One label, however it is written, over a whole file."""

    style: str
    spellings: set[str] = dataclasses.field(default_factory=set)
    contents: set[str] = dataclasses.field(default_factory=set)
    count: int = 0
    close: int = 0


@dataclasses.dataclass(frozen=True)
class MarkupLabels:
    """Labels as they are written.

    Attributes:
        known: those of the file.
        rare: possible labels with one content only, which cannot be told from text.
    """

    known: frozenset[str]
    rare: frozenset[str]


def learn_labels(lines: Iterable[str], known_before: Iterable[str] = ()) -> MarkupLabels:
    """The labels of a file in which sentences are marked up, `<content:LABEL>`.

    A name in capitals right behind its colon is a label, as in `<서울:LC>`. Any other name must
    have at least two different contents, so that `<어벤져스: 엔드게임>` stays text however often
    it occurs. A name in Hangul in a file whose labels are mostly Latin needs three, and must
    stand right behind the colon. One content is enough for a Latin name that is written as most
    labels of the file are (its style, and the white space before it).

    Args:
        known_before: labels of the training file, if this is another file; they are labels
            here, too.
    """
    before = set(map(label_key, known_before))
    seen: dict[str, _Seen] = {}
    for line in lines:
        if ">" not in line or ":" not in line:
            continue
        for candidate in candidates(line):
            key = label_key(candidate.label)
            label = seen.setdefault(key, _Seen(_style(candidate.label)))
            label.spellings.add(candidate.label)
            if candidate.content and len(label.contents) < _MAX_CONTENTS:
                label.contents.add(candidate.content)
            label.count += 1
            label.close += not candidate.spaced
            if LABEL.fullmatch(candidate.label):
                label.style = _CAPITALS
    sure = [label for label in seen.values() if len(label.contents) > 1]
    styles: collections.Counter[str] = collections.Counter()
    for label in sure:
        styles[label.style] += label.count
    usual = max(styles, key=lambda style: styles[style], default=_CAPITALS)
    spaced = 2 * sum(label.close for label in sure) < sum(label.count for label in sure)
    known, rare = set(), set()
    for key, label in seen.items():
        if key in before or _accepted(label, usual, spaced):
            known |= label.spellings
        elif label.style == usual == _OTHER and label.close:
            rare |= label.spellings
    return MarkupLabels(frozenset(known), frozenset(rare))


def _accepted(label: _Seen, usual: str, spaced: bool) -> bool:
    usually_written = label.close > 0 or spaced
    if label.style == _CAPITALS:
        return usually_written or len(label.contents) > 1
    if label.style == _OTHER:
        if usual == _OTHER:
            return usually_written and len(label.contents) > 1
        return label.close > 0 and len(label.contents) >= _MAX_CONTENTS
    return len(label.contents) > 1 or (usual == _LATIN and usually_written)


def _style(label: str) -> str:
    if LABEL.fullmatch(label):
        return _CAPITALS
    return _LATIN if label.isascii() else _OTHER
