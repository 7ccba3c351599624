"""Filters bad sentence pairs, and keeps the sides of held-out pairs out of other splits."""

from __future__ import annotations

import collections
import dataclasses
import functools
import unicodedata
from collections.abc import Callable, Sequence

from pipeline.corpora.parallel.pairs import PairTexts, SentencePair
from pipeline.corpora.scripts import fits, looks_swapped
from pipeline.normalize import normalize

# Key under which left-out rows are counted -> message about a row.
REASONS = {
    "unpaired": "has not two sides",
    "empty": "one side is empty",
    "identical": "both sides are the same",
    "swapped": "the sides are swapped",
    "script": "no Hangul on the Korean side, or no Latin letter on the English side",
    "long": "a side is too long",
    "ratio": "one side is too much longer than the other",
    "duplicate": "the same pair stands there already",
    "shared": "shares a side with what is held out",
}
# Letters added to both sides before they are compared: "가." may be "Please go."
_SLACK = 10


class PairFilter:
    """Tells good pairs from bad ones, and compares sides.

    Sides are compared under the text policy and without regard to case.

    Args:
        max_length_ratio: of the longer side to the shorter, in letters. A Hangul syllable counts
            as the two or three letters it is made of, which makes a Korean sentence and its English
            translation about equally long (median 0.9 to 1.15 in six corpora). Ten are added
            to both, so that short pairs are not left out.
        max_characters: largest number of characters of a side.
    """

    def __init__(self, max_length_ratio: float, max_characters: int) -> None:
        self.max_length_ratio = max_length_ratio
        self.max_characters = max_characters
        self._normalize = functools.cache(normalize)

    def sides(self, pair: SentencePair) -> tuple[str, str]:
        """The two sides under the text policy, Korean first."""
        return self._normalize(pair.ko), self._normalize(pair.en)

    def keys(self, pair: SentencePair) -> tuple[str, str]:
        """The two sides in small letters, as they are compared across splits."""
        ko, en = self.sides(pair)
        return ko.casefold(), en.casefold()

    def __call__(self, texts: PairTexts, *, published: bool = False) -> PairTexts:
        """Leaves out bad pairs, and exchanges swapped sides (kept, and listed as doubtful).

        Args:
            published: whether it is a development or test set with published figures. Only pairs
                with an empty side are left out; other bad pairs stay, listed as doubtful.
        """
        result = dataclasses.replace(
            texts,
            pairs=[],
            rejects=list(texts.rejects),
            left_out=collections.Counter(texts.left_out),
            doubtful=collections.Counter(texts.doubtful),
        )
        seen: set[tuple[str, str]] = set()
        for found in texts.pairs:
            swapped = looks_swapped(found.ko, found.en)
            pair = found.exchanged if swapped else found
            fault = self._fault(pair, seen)
            if fault == "empty" or fault and not published:
                result.left_out[fault] += 1
                result.rejects.append(found.reject(REASONS[fault]))
                continue
            if swapped:
                result.doubtful["swapped"] += 1
                reason = f"kept the other way round: {REASONS['swapped']}"
                result.rejects.append(found.reject(reason, kept=True))
            if fault:
                result.doubtful[fault] += 1
                reason = f"kept, being held out as it is: {REASONS[fault]}"
                result.rejects.append(found.reject(reason, kept=True))
            result.pairs.append(pair)
        result.rejects.sort(key=lambda reject: reject.line)
        return result

    def _fault(self, pair: SentencePair, seen: set[tuple[str, str]]) -> str | None:
        """The first fault of a pair, a key of `REASONS`; None if it has none."""
        sides = ko, en = self.sides(pair)
        if not ko or not en:
            return "empty"
        if ko.casefold() == en.casefold():
            return "identical"
        if not fits(ko, en):
            return "script"
        if max(map(len, sides)) > self.max_characters:
            return "long"
        shorter, longer = sorted(len(unicodedata.normalize("NFD", side)) for side in sides)
        if longer + _SLACK > self.max_length_ratio * (shorter + _SLACK):
            return "ratio"
        if sides in seen:
            return "duplicate"
        seen.add(sides)
        return None


class HeldOutSides:
    """The sides of earlier splits, to leave out pairs that share one."""

    def __init__(self, pair_filter: PairFilter) -> None:
        self._keys = pair_filter.keys
        self._ko: set[str] = set()
        self._en: set[str] = set()

    def add(self, pairs: Sequence[SentencePair]) -> None:
        for ko, en in map(self._keys, pairs):
            self._ko.add(ko)
            self._en.add(en)

    def without_shared(self, texts: PairTexts) -> PairTexts:
        """Leaves out the pairs with a side that was added."""
        pairs, rejects = [], []
        for pair in texts.pairs:
            ko, en = self._keys(pair)
            if ko in self._ko or en in self._en:
                rejects.append(pair.reject(REASONS["shared"]))
            else:
                pairs.append(pair)
        return _less(texts, pairs, rejects, "shared")


def without_repeated(
    texts: PairTexts, seen: set[tuple[str, str]], sides: Callable[[SentencePair], tuple[str, str]]
) -> PairTexts:
    """Leaves out the pairs in `seen`, and adds the others to it."""
    pairs, rejects = [], []
    for pair in texts.pairs:
        if (both := sides(pair)) in seen:
            rejects.append(pair.reject(REASONS["duplicate"]))
        else:
            pairs.append(pair)
            seen.add(both)
    return _less(texts, pairs, rejects, "duplicate")


def _less(texts: PairTexts, pairs: list[SentencePair], rejects: list, why: str) -> PairTexts:
    return dataclasses.replace(
        texts,
        pairs=pairs,
        rejects=texts.rejects + rejects,
        left_out=texts.left_out + collections.Counter({why: len(rejects)}),
    )


def filter_sentences(texts: PairTexts) -> list[str]:
    """Sentences that say how many rows were left out, or kept though doubtful, and why."""
    sentences = []
    groups = (("could not be used", texts.left_out), ("were kept in doubt", texts.doubtful))
    for what, counts in groups:
        reasons = [f"{REASONS[reason]} ({count:,})" for reason, count in counts.items() if count]
        if reasons:
            sentences.append(f"Rows of it that {what}: {'; '.join(reasons)}.")
    return sentences
