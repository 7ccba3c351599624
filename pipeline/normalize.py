"""The one text policy: what counts as the same text, in Python and inside a TensorFlow graph.

In order:

1. Control characters and characters without any width are dropped: category Cc apart from white
   space, and of category Cf those that Unicode calls default-ignorable (soft hyphen, zero-width
   space and non-joiner, word joiner, byte order mark, bidi controls, invisible operators, ...),
   the combining grapheme joiner and the interlinear annotation marks. Format characters with a
   glyph of their own (Arabic number signs, ...) stay.
2. The zero-width joiner stays between two emoji, and the tag characters stay in a flag such as
   that of Wales; anywhere else both are dropped.
3. A few characters that Unicode received after version 14.0 and that normalisation forms touch
   become U+FFFD: otherwise NFC would depend on the Unicode version of Python and of TensorFlow.
4. White space (Unicode's property White_Space) becomes single spaces, none at either end.
5. NFC. Never NFKC, which turns the jamo of ㅋㅠ into the syllable 큐.

Nothing else is guessed: unassigned characters (perhaps an emoji newer than this code), private
use characters and variation selectors stay. A lone surrogate, which no UTF-8 can carry, becomes
U+FFFD, as invalid bytes do in the graph.

Steps 1 to 4 are `RULES`, written in the syntax that Python's `re` and RE2
(`tf.strings.regex_replace`) share; `pipeline.export.graph_text` applies the very same list.
"""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import NamedTuple

Ranges = tuple[tuple[int, int], ...]

WHITE_SPACE: Ranges = (
    (0x09, 0x0D), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680),
    (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000),
)  # fmt: skip

DROPPED: Ranges = (
    (0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F),
    (0x61C, 0x61C), (0x180E, 0x180E), (0x200B, 0x200C), (0x200E, 0x200F), (0x202A, 0x202E),
    (0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0001, 0xE0001),
)  # fmt: skip

JOINER: Ranges = ((0x200D, 0x200D),)
TAGS: Ranges = ((0xE0020, 0xE007F),)

# Whole blocks: a joiner only ever stands between members of these, and none of them composes.
EMOJI: Ranges = ((0x2190, 0x21FF), (0x2600, 0x27BF), (0x2B00, 0x2BFF), (0x1F000, 0x1FAFF))

# Unassigned in Unicode 14.0; by 18.0 they have a combining class or take part in a canonical
# decomposition. Derived by comparing unicodedata 14.0 with unicodedata2 18.0.
NEWLY_COMBINING: Ranges = (
    (0x5C8, 0x5C9), (0x897, 0x897), (0x1ACF, 0x1AF0), (0x105C9, 0x105C9), (0x105D2, 0x105D2),
    (0x105DA, 0x105DA), (0x105E4, 0x105E4), (0x10D69, 0x10D6D), (0x10ECB, 0x10ECF),
    (0x10EF0, 0x10EFB), (0x10EFD, 0x10EFF), (0x11382, 0x11385), (0x1138B, 0x1138B),
    (0x1138E, 0x1138E), (0x11390, 0x11391), (0x113B8, 0x113B8), (0x113BB, 0x113BB),
    (0x113C2, 0x113C2), (0x113C5, 0x113C5), (0x113C7, 0x113C9), (0x113CE, 0x113D0),
    (0x11F41, 0x11F42), (0x1611E, 0x16129), (0x1612F, 0x1612F), (0x16D63, 0x16D63),
    (0x16D67, 0x16D6A), (0x1D127, 0x1D128), (0x1D250, 0x1D252), (0x1D25B, 0x1D25C),
    (0x1D25F, 0x1D25F), (0x1D280, 0x1D281), (0x1E08F, 0x1E08F), (0x1E4EC, 0x1E4EF),
    (0x1E5EE, 0x1E5EF), (0x1E6E3, 0x1E6E3), (0x1E6E6, 0x1E6E6), (0x1E6EE, 0x1E6EF),
    (0x1E6F5, 0x1E6F5),
)  # fmt: skip

_SURROGATES: Ranges = ((0xD800, 0xDFFF),)


def class_body(ranges: Iterable[tuple[int, int]]) -> str:
    """What goes between `[` and `]` for these code points, for Python's `re` and for RE2 alike.

    ASCII is written as `\\x41`, which both take; everything above as the character itself, since
    their escapes for it differ.
    """

    def one(code: int) -> str:
        return f"\\x{code:02x}" if code < 0x80 else chr(code)

    return "".join(one(a) if a == b else f"{one(a)}-{one(b)}" for a, b in ranges)


def ranges_of(characters: Iterable[str]) -> Ranges:
    """Single characters -> the fewest inclusive code point ranges, ascending."""
    ranges: list[tuple[int, int]] = []
    for code in sorted({ord(character) for character in characters}):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return tuple(ranges)


class Rule(NamedTuple):
    """Every match of `pattern`, left to right, gives way to `replacement` (`\\1`: group 1)."""

    pattern: str
    replacement: str


def emoji_sequence(ignoring: str = "") -> str:
    """A pattern for emoji side by side or joined, with their variation selectors and tags.

    Args:
        ignoring: one character that may stand anywhere inside without being part of it.
    """
    emoji, skip = class_body(EMOJI) + ignoring, f"{ignoring}*" if ignoring else ""
    tag = f"[\U000e0030-\U000e0039\U000e0061-\U000e007a]{skip}"
    flag = f"\U0001f3f4{skip}(?:{tag})+\U000e007f"
    run = f"(?:{flag}|[{class_body(EMOJI)}])(?:{flag}|[{emoji}\ufe0f])*"
    return f"{run}(?:\u200d{skip}{run})*"


RULES: tuple[Rule, ...] = (
    Rule(f"[{class_body(DROPPED)}]+", ""),
    # An emoji sequence is matched whole and kept; a joiner or tag found by itself goes.
    Rule(f"({emoji_sequence()})|[{class_body(JOINER + TAGS)}]", r"\1"),
    Rule(f"[{class_body(NEWLY_COMBINING)}]", "\ufffd"),
    Rule(f"[{class_body(WHITE_SPACE)}]+", " "),
    Rule("^ | $", ""),
)

_COMPILED = (
    (re.compile(f"[{class_body(_SURROGATES)}]"), "\ufffd"),
    *((re.compile(rule.pattern), rule.replacement) for rule in RULES),
)
_OTHER_SPACE = tuple(r for r in WHITE_SPACE if r != (0x20, 0x20))
# Where this finds nothing, no rule would change anything.
_SUSPECT = re.compile(
    f"[{class_body(DROPPED + JOINER + TAGS + NEWLY_COMBINING + _OTHER_SPACE + _SURROGATES)}]"
    "|  |^ | $"
).search


def normalize(text: str) -> str:
    """The text under the policy above. Idempotent; text already in order comes back as it is."""
    if _SUSPECT(text):
        for pattern, replacement in _COMPILED:
            text = pattern.sub(replacement, text)
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def aligned(text: str) -> tuple[str, list[int], list[int]]:
    """`normalize(text)` and where each of its characters came from.

    Returns:
        (normalized, starts, ends): character `i` of `normalized` came from
        `text[starts[i]:ends[i]]`. Several source characters may have become one (decomposed
        Hangul, a run of white space), rarely one became several.
    """
    starts = list(range(len(text)))
    ends = list(range(1, len(text) + 1))
    if _SUSPECT(text):
        for pattern, replacement in _COMPILED:
            text, starts, ends = _substitute(text, starts, ends, pattern, replacement)
    if not unicodedata.is_normalized("NFC", text):
        text, starts, ends = _compose(text, starts, ends)
    return text, starts, ends


def _substitute(
    text: str, starts: list[int], ends: list[int], pattern: re.Pattern, replacement: str
) -> tuple[str, list[int], list[int]]:
    out: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    done = 0
    for match in pattern.finditer(text):
        first, last = match.span()
        out.append(text[done:first])
        new_starts += starts[done:first]
        new_ends += ends[done:first]
        done = last
        new = match.expand(replacement)
        out.append(new)
        if new == match.group():
            new_starts += starts[first:last]
            new_ends += ends[first:last]
        else:  # nothing, or one character for all that matched
            new_starts += [starts[first]] * len(new)
            new_ends += [ends[last - 1]] * len(new)
    out.append(text[done:])
    return "".join(out), new_starts + starts[done:], new_ends + ends[done:]


@functools.cache
def _never_first() -> frozenset[str]:
    """Characters that NFC may join with what stands before them."""
    found = {chr(code) for code in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))}
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.combining(character):
            found.add(character)
        parts = unicodedata.decomposition(character).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            found.add(chr(int(parts[1], 16)))
    return frozenset(found)


def _compose(text: str, starts: list[int], ends: list[int]) -> tuple[str, list[int], list[int]]:
    """NFC, one stretch at a time between characters that nothing can join."""
    out: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    never_first = _never_first()
    cuts = [i for i, character in enumerate(text) if i == 0 or character not in never_first]
    for first, last in zip(cuts, [*cuts[1:], len(text)], strict=True):
        stretch = text[first:last]
        composed = unicodedata.normalize("NFC", stretch)
        out.append(composed)
        # Which source character each composed one was made of: their decompositions hold the
        # same characters, in an order that canonical reordering may have changed.
        atoms: dict[str, deque[int]] = defaultdict(deque)
        for i in range(first, last):
            for atom in unicodedata.normalize("NFD", text[i]):
                atoms[atom].append(i)
        for character in composed:
            sources = [atoms[atom].popleft() for atom in unicodedata.normalize("NFD", character)]
            new_starts.append(starts[min(sources)])
            new_ends.append(ends[max(sources)])
    return "".join(out), new_starts, new_ends
