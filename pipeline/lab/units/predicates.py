"""What can be said of a character of a text by rule: inside quotes, at the beginning of an eojeol.

Each rule is a function from a document, under the text policy (`normalize_lines`), to a truth
value for each of its characters: the truth when that character has just been read. So it is true
of an opening quote, behind which one is inside, and false of the closing one.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

Needs = Literal["the character itself", "what stood before", "what comes next"]
CHARACTER: Needs = "the character itself"
PAST: Needs = "what stood before"
FUTURE: Needs = "what comes next"

QUOTES = dict(zip("“‘「『«", "”’」』»", strict=True))
BRACKETS = dict(zip("([{〈《【〔（", ")]}〉》】〕）", strict=True))
MAX_PAIR_LENGTH = 1000
"""Characters from an opening mark to its closing one, at the most."""
DEEP = 4
NEAR, FAR = 10, 40

_CLOSING = "[" + re.escape("".join((*QUOTES.values(), *BRACKETS.values())) + "\"'") + "]"
_SENTENCE_END = re.compile(
    rf"(?:[.?!…。]+(?={_CLOSING}*(?:\s|\Z))|(?<=다)\.)(?:{_CLOSING}|\s)*"
)  # fmt: skip
_SPEAKER_LINE = re.compile(r"(?:\A|(?<=\n\n))[^\n]*:$", re.MULTILINE)
_MARK = re.compile("[" + re.escape("".join((*QUOTES, *QUOTES.values(), "\"'\n"))) + "]")
_HANGUL = re.compile("[가-힣]")
_LATIN = re.compile("[A-Za-z]")


@dataclasses.dataclass(frozen=True)
class Predicate:
    """A property of the characters of a text.

    Attributes:
        name, korean: what it is called.
        rule: what it says, in a line.
        needs: what has to be known for it. Where the character itself is enough, that a unit knows
            it is no memory; where what comes next is needed, it can only be guessed.
        holds: document under the text policy -> bool [characters].
    """

    name: str
    korean: str
    rule: str
    needs: Needs
    holds: Callable[[str], np.ndarray]

    @property
    def title(self) -> str:
        return f"{self.name} · {self.korean}"


def inside_quotes(text: str) -> np.ndarray:
    """From an opening quotation mark up to the character before the one that closes it.

    A straight double mark opens where no letter or digit stands before it and no white space
    behind it, and closes what one has opened. A straight single mark does so too, but only where it
    touches Hangul, and ’ between Latin letters closes nothing: those are apostrophes. A pair does
    not reach over a blank line; what is opened and never closed is no pair.
    """
    return _paired(text, _quotation_marks(text))


def _quotation_marks(text: str):
    """(place, "open" | "close" | "either", which) of each mark; which is None for a blank line."""
    closing = {close: opening for opening, close in QUOTES.items()}
    for match in _MARK.finditer(text):
        place, mark = match.start(), match[0]
        before, behind = text[place - 1 : place], text[place + 1 : place + 2]
        if mark == "\n":
            if behind == "\n":
                yield place, "close", None
        elif mark in QUOTES:
            yield place, "open", mark
        elif mark in closing:
            if not (mark == "’" and _LATIN.match(before) and _LATIN.match(behind)):
                yield place, "close", closing[mark]
        elif mark == '"' or _HANGUL.match(before) or _HANGUL.match(behind):
            may_open = not before.isalnum() and behind and not behind.isspace()
            must_open = may_open and (not before or before.isspace())
            yield place, "open" if must_open else "either" if may_open else "close", mark


def inside_brackets(text: str) -> np.ndarray:
    """From an opening bracket up to the character before the one that closes it, blank lines
    apart, as with quotation marks; inside the outer one as well as the inner one."""
    return _paired(text, _bracket_marks(text, BRACKETS))


def _bracket_marks(text: str, pairs: Mapping[str, str]):
    closing = {close: opening for opening, close in pairs.items()}
    for place, mark in enumerate(text):
        if mark in pairs:
            yield place, "open", mark
        elif mark in closing:
            yield place, "close", closing[mark]
        elif mark == "\n" and text[place + 1 : place + 2] == "\n":
            yield place, "close", None


def _paired(text: str, marks) -> np.ndarray:
    """Inside a pair. A mark closes the nearest of its kind that is open, and so whatever was
    opened within and not closed is none."""
    inside = np.zeros(len(text), bool)
    opened: list[tuple[int, str]] = []
    for place, does, which in marks:
        if which is None:
            opened.clear()
            continue
        partner = next((n for n in reversed(range(len(opened))) if opened[n][1] == which), None)
        if does == "open" or (does == "either" and partner is None):
            opened.append((place, which))
        elif partner is not None:
            first, _ = opened[partner]
            if place - first <= MAX_PAIR_LENGTH:
                inside[first:place] = True
            del opened[partner:]
    return inside


def begins_eojeol(text: str) -> np.ndarray:
    return _place_in_eojeol(text) == 1


def ends_eojeol(text: str) -> np.ndarray:
    space = _is(text, str.isspace)
    return ~space & np.append(space[1:], True)[: len(space)]


def has_final_consonant(text: str) -> np.ndarray:
    """Unicode, section 3.12: the 28 forms of a final (the first is none) vary fastest."""
    codes = _codes(text).astype(np.int64)
    return (codes >= 0xAC00) & (codes <= 0xD7A3) & ((codes - 0xAC00) % 28 > 0)


def _within(pattern: re.Pattern[str], text: str) -> np.ndarray:
    inside = np.zeros(len(text), bool)
    for match in pattern.finditer(text):
        inside[match.start() : match.end()] = True
    return inside


def is_line_feed(text: str) -> np.ndarray:
    return _codes(text) == ord("\n")


def _codes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _is(text: str, test: Callable[[str], bool]) -> np.ndarray:
    """`test` of each character, asked once of each that occurs."""
    codes, where = np.unique(_codes(text), return_inverse=True)
    return np.array([test(chr(code)) for code in codes], bool)[where]


def _since(border: np.ndarray) -> np.ndarray:
    """How far each place is behind the nearest border at or before it; the beginning counts as
    if a border stood before it."""
    place = np.arange(len(border))
    return place - np.maximum.accumulate(np.where(border, place, -1))


def _place_in_eojeol(text: str) -> np.ndarray:
    """1 at the first character of an eojeol (a stretch without white space), 0 at white space."""
    return _since(_is(text, str.isspace))


def _read_of_line(text: str) -> np.ndarray:
    """How many characters of the line have been read; a line feed has read none of the next."""
    return _since(is_line_feed(text))


PREDICATES = (
    Predicate(
        "inside quotes", "따옴표 안", 'behind “ ‘ 「 『 « or " that is closed later, up to there',
        PAST, inside_quotes,
    ),
    Predicate(
        "inside brackets", "괄호 안", "behind ( [ { 〈 《 【 〔 that is closed later, up to there",
        PAST, inside_brackets,
    ),
    Predicate(
        "begins an eojeol", "어절의 첫 글자", "no white space, but behind white space or nothing",
        PAST, begins_eojeol,
    ),
    Predicate(
        "deep in an eojeol", "어절의 넷째 글자부터", f"character {DEEP} of its eojeol or later",
        PAST, lambda text: _place_in_eojeol(text) >= DEEP,
    ),
    Predicate(
        "ends an eojeol", "어절의 끝 글자", "no white space, but before white space or nothing",
        FUTURE, ends_eojeol,
    ),
    Predicate(
        "near the line's start", "줄의 앞부분", f"at most {NEAR} characters of the line are read",
        PAST, lambda text: _read_of_line(text) <= NEAR,
    ),
    Predicate(
        "far in the line", "줄의 뒷부분", f"more than {FAR} characters of the line are read",
        PAST, lambda text: _read_of_line(text) > FAR,
    ),
    Predicate(
        "in a speaker's line", "화자 이름 줄",
        "in a line that ends with a colon and stands behind a blank one, or is the first",
        FUTURE, lambda text: _within(_SPEAKER_LINE, text),
    ),
    Predicate(
        "sentence has ended", "문장이 끝난 뒤",
        "a . ? ! … before white space, or the stop of 다., and what closes and parts behind it",
        PAST, lambda text: _within(_SENTENCE_END, text),
    ),
    Predicate(
        "has a final consonant", "받침 있음", "a Hangul syllable with a final consonant",
        CHARACTER, has_final_consonant,
    ),
    Predicate("is a space", "빈칸", "a space", CHARACTER, lambda text: _codes(text) == ord(" ")),
    Predicate("is a line feed", "줄 바꿈", "a line feed", CHARACTER, is_line_feed),
    Predicate(
        "is a digit", "숫자", "a decimal digit", CHARACTER, lambda text: _is(text, str.isdecimal)
    ),
    Predicate(
        "is a capital letter", "대문자", "an upper-case letter",
        CHARACTER, lambda text: _is(text, str.isupper),
    ),
    Predicate(
        "is a vowel letter", "로마자 모음", "one of a e i o u, small or capital",
        CHARACTER, lambda text: _is(text, frozenset("aeiouAEIOU").__contains__),
    ),
)  # fmt: skip
"""All that are asked about; of a text without any digits, for example, nothing is asked."""
