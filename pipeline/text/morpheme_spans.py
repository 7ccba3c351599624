"""Finds the offsets of morphemes in a text, even if the analyser has rewritten them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher

from pipeline.text.piece import Piece

_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_LETTER = {
    **{chr(0x1100 + i): letter for i, letter in enumerate(_INITIALS)},
    **{chr(0x1161 + i): letter for i, letter in enumerate(_VOWELS)},
    **{chr(0x11A8 + i): letter for i, letter in enumerate(_FINALS)},
}
"""Conjoining jamo -> the letter as it is written alone, wherever in a syllable it stood."""


def spans_of(morphs: Sequence[str], text: str) -> list[Piece]:
    """Each morpheme with its characters `start` to `end` (exclusive) in `text`.

    Morphemes found letter by letter in their order are exact. Where the analyzer rewrote
    (했어 -> 하, 았, 어) the letters that remained decide; a morpheme that kept none covers what
    its neighbours leave between them, or the character before. No span is empty or has a space at
    its ends, and together they leave out nothing but spaces.
    """
    exact = _exact(morphs, text)
    return exact if exact is not None else _by_letters(morphs, text)


def _exact(morphs: Sequence[str], text: str) -> list[Piece] | None:
    found, at = [], 0
    for morph in morphs:
        while text.startswith(" ", at):
            at += 1
        if not text.startswith(morph, at):
            return None
        found.append(Piece(morph, at, at + len(morph)))
        at += len(morph)
    return found


def _letters(text: str) -> list[tuple[str, int]]:
    """The letters of a text, without spaces, each with the character it belongs to."""
    return [
        (_LETTER.get(part, part), i)
        for i, character in enumerate(text)
        if character != " "
        for part in unicodedata.normalize("NFD", character)
    ]


def _by_letters(morphs: Sequence[str], text: str) -> list[Piece]:
    there = _letters(text)
    here = [(letter, k) for k, morph in enumerate(morphs) for letter, _ in _letters(morph)]
    matcher = SequenceMatcher(
        None, [letter for letter, _ in here], [letter for letter, _ in there], autojunk=False
    )
    firsts: list[int | None] = [None] * len(morphs)
    lasts: list[int | None] = [None] * len(morphs)
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            k, i = here[block.a + offset][1], there[block.b + offset][1]
            firsts[k] = i if firsts[k] is None else firsts[k]
            lasts[k] = i
    found: list[Piece] = []
    used = -1  # the last character that a morpheme before this one covers
    for k, morph in enumerate(morphs):
        first, last = firsts[k], lasts[k]
        if first is None:
            following = next((f for f in firsts[k + 1 :] if f is not None), len(text))
            first, last = used + 1, following - 1
            while first <= last and text[first] == " ":
                first += 1
            while last >= first and text[last] == " ":
                last -= 1
            if first > last:
                first = last = max(used, 0) if used >= 0 else min(following, len(text) - 1)
        used = max(used, last)
        found.append(Piece(morph, first, last + 1))
    return _without_gaps(found, text)


def _without_gaps(pieces: list[Piece], text: str) -> list[Piece]:
    """Adds uncovered characters to the piece before them in the same word, else to the one
    after."""
    found = list(pieces)
    covered = 0
    for k, piece in enumerate(pieces):
        rest = text[covered : piece.start]
        if k and rest and rest[0] != " ":
            taken = rest.split(" ")[0]
            found[k - 1] = found[k - 1]._replace(end=covered + len(taken))
            rest = rest[len(taken) :]
        if rest.strip(" "):
            found[k] = piece._replace(start=piece.start - len(rest.lstrip(" ")))
        covered = max(covered, piece.end)
    if found and text[covered:].strip(" "):
        found[-1] = found[-1]._replace(end=len(text.rstrip(" ")))
    return found
