"""Held-out text as a study of units reads it: character by character, whatever the alphabet."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import numpy as np

from pipeline.errors import UserError
from pipeline.lab.units.predicates import Predicate
from pipeline.text.characters import Characters, normalize_lines, to_jamo
from pipeline.text.ragged import Ragged

SLACK = 0.1
"""How far from the middle text may be parted, as a share of it."""

Documents = tuple[list[str], list[bool]]
"""Texts, and whether each ends its document."""


@dataclasses.dataclass(frozen=True, eq=False)
class HeldOut:
    """Documents, and where each of their characters stands in what a model reads.

    A model has read a character when it has read the last of its units (a syllable in jamo has two
    or three). The last character of a document that goes on elsewhere is left out: nothing is read
    behind it.

    Attributes:
        texts: the documents under the text policy, without such last characters.
        rows: their ids, each row opened by [BOS].
        read: int64 [characters], of all documents end to end: where in `rows.ids` the last unit of
            each stands.
        next: int64 [characters]: where the last unit of what comes next stands, another character
            or the end of the document.
    """

    texts: Sequence[str]
    rows: Ragged
    read: np.ndarray
    next: np.ndarray
    _whole: Sequence[str]

    @classmethod
    def of(cls, texts: Sequence[str], ends: Sequence[bool], characters: Characters) -> HeldOut:
        """As `pipeline.corpora.running.documents.from_frame` gives them."""
        whole = [normalize_lines(text) for text in texts]
        rows = characters.encode_documents(whole, ends)
        read, following = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for text, end, begin in zip(whole, ends, rows.row_splits[:-1], strict=True):
            # [BOS] is the first id of the row, so a unit stands one behind its number.
            last = begin + np.cumsum(_units(text, characters))
            kept = len(text) if end else max(len(text) - 1, 0)
            read.append(last[:kept])
            following.append(np.append(last[1:], last[-1:] + 1)[:kept])
        texts = [text if end else text[:-1] for text, end in zip(whole, ends, strict=True)]
        return cls(texts, rows, np.concatenate(read), np.concatenate(following), whole)

    def __len__(self) -> int:
        """Characters."""
        return len(self.read)

    @property
    def text(self) -> str:
        """All documents, end to end."""
        return "".join(self.texts)

    def holds(self, predicate: Predicate) -> np.ndarray:
        """Where a predicate is true, bool [characters]."""
        by_document = [
            predicate.holds(whole)[: len(text)]
            for whole, text in zip(self._whole, self.texts, strict=True)
        ]
        return np.concatenate([np.zeros(0, bool), *by_document])

    def next_costs(self, nats: np.ndarray) -> np.ndarray:
        """What comes next after each character, in nats: float64 [characters].

        Args:
            nats: float [ids], what each id of `rows` costs (`pipeline.models.unit_losses`).
        """
        total = np.cumsum(nats, dtype=np.float64)
        return total[self.next] - total[self.read]


def _units(text: str, characters: Characters) -> np.ndarray:
    """How many units each character is, int64 [characters]."""
    if characters.alphabet == "syllable":
        return np.ones(len(text), np.int64)
    return np.fromiter((len(to_jamo(character)) for character in text), np.int64, len(text))


def halves(
    texts: Sequence[str], ends: Sequence[bool], max_length: int
) -> tuple[Documents, Documents]:
    """Two stretches of a text, each of at most `max_length` characters: one from its beginning,
    one from about its middle.

    Of the places near the middle that part the text most clearly, the second begins at the nearest
    one: where a document begins, behind a blank line, behind a line, behind white space.

    Raises:
        UserError: there is hardly any text.
    """
    documents = [normalize_lines(text) for text in texts]
    total = sum(map(len, documents))
    if total < 2:
        raise UserError("there is no held-out text to study", remedy="give a longer text")
    middle = _border(documents, total // 2, int(SLACK * total))
    return (
        _stretch(documents, ends, 0, min(middle, max_length)),
        _stretch(documents, ends, middle, middle + max_length),
    )


def _stretch(texts: Sequence[str], ends: Sequence[bool], first: int, last: int) -> Documents:
    """What stands between two places, counted over all documents."""
    kept: Documents = ([], [])
    begin = 0
    for text, end in zip(texts, ends, strict=True):
        part = text[max(first - begin, 0) : max(last - begin, 0)]
        begin += len(text)
        if part:
            kept[0].append(part)
            kept[1].append(end and begin <= last)
    return kept


def _border(documents: Sequence[str], middle: int, slack: int) -> int:
    """Where to part the documents, counted over all of them; 1 or more."""
    begins = np.cumsum([0, *map(len, documents)])
    text = "".join(documents)
    first, last = max(middle - slack, 1), middle + slack
    places = [begins[(begins >= first) & (begins <= last) & (begins < len(text))]]
    for pattern in (r"\n\n", r"\n", r"\s"):
        matches = re.compile(pattern).finditer(text, first - 1, last)
        places.append(np.array([match.end() for match in matches], np.int64))
    for near in places:
        near = near[near < len(text)]
        if len(near):
            return int(near[np.abs(near - middle).argmin()])
    return max(middle, 1)
