"""Cuts texts into stretches that morpheme analysers handle without crashing, hanging or losing
text."""

from __future__ import annotations

import re
from typing import NamedTuple

SYMBOL_TAGS = {
    "okt": "Foreign",
    "komoran": "SW",
    "hannanum": "S",
    "kkma": "SW",
    "mecab": "SY",
    "kiwi": "SW",
}
"""What each tag set calls characters that the analyzer is not asked about."""

_MAX_STRETCH_LENGTH = 200
"""Characters handed over at once: the analyzers' time grows faster than the text."""

_MAX_WORD_LENGTH = {
    "okt": 60,
    "komoran": 60,
    "hannanum": 40,
    "kkma": 20,
    "mecab": 200,
    "kiwi": 200,
}
"""Characters of a word that an analyzer gets whole: Hannanum overruns its tables soon after, and
Kkma's time may double with every further character."""

_MAX_REPEAT_LENGTH = 6
"""Characters of a word like 나나나나나나나 that Kkma gets whole: eight may take it seconds, forty a
minute. A run without a syllable (ㅋㅋㅋㅋ) costs nothing."""

_REPEAT = re.compile(r"([^\s가-힣]{0,2}[가-힣]\S{0,2}?)\1{3,}")

# Characters beyond the Basic Multilingual Plane (emoji, mostly) with what clings to them: as
# surrogate pairs they make Komoran split them and JPype fail.
_BEYOND = "\U00010000-\U0010ffff\u200d\ufe00-\ufe0f"
# KoNLPy reads Hannanum's answer by the slashes and pluses in it; Kiwi drops the blank of Braille.
_OWN = {"hannanum": "/+", "kiwi": "\u2800"}
_NOT_ASKED = {name: re.compile(f"[{_BEYOND}{_OWN.get(name, '')}]+") for name in SYMBOL_TAGS}


class MorphemeStretch(NamedTuple):
    """Characters `start` to `end` (exclusive) of a normalized text."""

    start: int
    end: int
    analyzable: bool


def stretches(text: str, analyzer: str) -> list[MorphemeStretch]:
    """Cuts a normalized text into stretches; only spaces are left out.

    Words stay together up to a bearable length; what an analyzer cannot take stands by itself.
    """
    found: list[MorphemeStretch] = []
    for word in re.finditer(r"\S+", text):
        for part in _parts(text, word.start(), word.end(), analyzer):
            last = found[-1] if found else None
            if (
                part.start == word.start()
                and last is not None
                and (last.analyzable and part.analyzable)
                and part.end - last.start <= _MAX_STRETCH_LENGTH
            ):
                found[-1] = MorphemeStretch(last.start, part.end, True)
            else:
                found.append(part)
    return found


def _parts(text: str, start: int, end: int, analyzer: str) -> list[MorphemeStretch]:
    """The parts of one word, usually one."""
    parts: list[MorphemeStretch] = []
    done = start
    for match in _NOT_ASKED[analyzer].finditer(text, start, end):
        parts += _short_parts(text, done, match.start(), analyzer)
        parts.append(MorphemeStretch(match.start(), match.end(), False))
        done = match.end()
    return parts + _short_parts(text, done, end, analyzer)


def _short_parts(text: str, start: int, end: int, analyzer: str) -> list[MorphemeStretch]:
    if analyzer != "kkma":
        return _in_lengths(start, end, _MAX_WORD_LENGTH[analyzer])
    parts: list[MorphemeStretch] = []
    done = start
    for match in _REPEAT.finditer(text, start, end):
        parts += _in_lengths(done, match.start(), _MAX_WORD_LENGTH[analyzer])
        parts += _in_lengths(match.start(), match.end(), _MAX_REPEAT_LENGTH)
        done = match.end()
    return parts + _in_lengths(done, end, _MAX_WORD_LENGTH[analyzer])


def _in_lengths(start: int, end: int, longest: int) -> list[MorphemeStretch]:
    return [MorphemeStretch(at, min(at + longest, end), True) for at in range(start, end, longest)]
