"""Counts Hangul and Latin letters, to tell Korean from English."""

from __future__ import annotations

import re

# Syllables, and jamo of every kind: a decomposed text is Korean too, and so is ㅋㅋ.
_HANGUL = re.compile(
    "[\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\uac00-\ud7a3\ud7b0-\ud7fb\uffa0-\uffdc]"
)
_LATIN = re.compile("[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]")


def count_hangul(text: str) -> int:
    """The number of Hangul characters in `text`."""
    return len(_HANGUL.findall(text))


def count_latin(text: str) -> int:
    """The number of Latin letters in `text`."""
    return len(_LATIN.findall(text))


def is_korean(text: str) -> bool:
    """Whether a text has any Hangul; Korean sentences often have Latin names, too."""
    return _HANGUL.search(text) is not None


def is_english(text: str) -> bool:
    """Whether a text has Latin letters and no Hangul."""
    return _LATIN.search(text) is not None and not is_korean(text)


def fits(ko: str, en: str) -> bool:
    """Whether one side is Korean and the other English, by their scripts."""
    return is_korean(ko) and _LATIN.search(en) is not None


def looks_swapped(ko: str, en: str) -> bool:
    """Whether what should be Korean is English, and what should be English is Korean.

    That is, if the two would fit the other way round and do not as they stand, or if they fit
    both ways (each side quotes the other's script) but half the letters of the English side, and
    fewer of the Korean one, are Hangul.
    """
    if not fits(en, ko):
        return False
    if not fits(ko, en):
        return True
    ko_share, en_share = (
        count_hangul(side) / (count_hangul(side) + count_latin(side)) for side in (ko, en)
    )
    return en_share >= 0.5 > ko_share
