"""Finds the lines of a large text that contain one of many short texts, exactly and fast.

The windows of 16 characters of all lines are hashed at once (Karp and Rabin 1987, with numpy); a
line and a text are compared only where a window of the line has the hash of the text's first.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from pipeline.normalize import normalize

WINDOW = 16
"""A text of at least so many characters, without white space, is found inside a line, too; a
shorter one only as a whole line."""
_BASE = 0x9E3779B97F4A7C15
_CHARACTERS_AT_ONCE = 1 << 20
_TABLE_BITS = 22


def letters(text: str) -> str:
    """The part of a text that is compared: everything but white space, under the text policy.

    Example:
        >>> letters(" 참  좋다\\n")
        '참좋다'
    """
    return normalize(text).replace(" ", "")


class TextIndex:
    """Texts that are searched in lines.

    Args:
        texts: an empty one is never in a line.

    Example:
        >>> index = TextIndex(["좋다", "이 영화는 정말로 아주 재미있었습니다"])
        >>> index.places(["좋다.", "좋 다", "어제 본 이 영화는 정말로 아주 재미있었습니다!"])
        [(1, 0), (2, 1)]
    """

    def __init__(self, texts: Sequence[str]):
        self._letters = list(map(letters, texts))
        self._equal: dict[str, list[int]] = collections.defaultdict(list)
        for number, text in enumerate(self._letters):
            if text:
                self._equal[text].append(number)
        long = [number for number, text in enumerate(self._letters) if len(text) >= WINDOW]
        first = "".join(self._letters[number][:WINDOW] for number in long)
        self._by_hash: dict[int, list[int]] = collections.defaultdict(list)
        for number, value in zip(long, _hashes(_codes(first))[::WINDOW].tolist(), strict=True):
            self._by_hash[value].append(number)
        self._hashes = np.array(sorted(self._by_hash), dtype=np.uint64)
        # Most windows are not among these; a table of first bits rules them out in one step.
        self._table = np.zeros(1 << _TABLE_BITS, dtype=bool)
        self._table[_first_bits(self._hashes)] = True

    def places(self, lines: Iterable[str]) -> list[tuple[int, int]]:
        """Finds the lines that equal one of the texts or contain one of at least WINDOW characters.

        White space is ignored, and both sides are compared under the text policy.

        Returns:
            (number of the line, number of the text), each pair once, ascending.
        """
        found = []
        for first, part in _parts(lines):
            same = (
                (first + n, text)
                for n, line in enumerate(part)
                for text in self._equal.get(line, ())
            )
            found += sorted({*same, *((first + n, text) for n, text in self._inside(part))})
        return found

    def _inside(self, lines: list[str]) -> Iterator[tuple[int, int]]:
        """Pairs of a line and a text in it."""
        if not len(self._hashes):
            return
        # No text has a line feed, so none is found across the end of a line.
        windows = _hashes(_codes("\n".join(lines)))
        near = np.flatnonzero(self._table[_first_bits(windows)])
        near = near[np.isin(windows[near], self._hashes)]
        ends = np.cumsum([len(line) + 1 for line in lines])
        numbers = np.searchsorted(ends, near, side="right")
        for number, value in set(zip(numbers.tolist(), windows[near].tolist(), strict=True)):
            for text in self._by_hash[value]:
                if self._letters[text] in lines[number]:
                    yield number, text


def _parts(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yields the letters of lines, about a million at a time, with the number of the first line."""
    first, part, size = 0, [], 0
    for line in lines:
        part.append(letters(line))
        size += len(part[-1])
        if size >= _CHARACTERS_AT_ONCE:
            yield first, part
            first, part, size = first + len(part), [], 0
    if part:
        yield first, part


def _codes(text: str) -> np.ndarray:
    """Code points, uint64 [characters]."""
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)


def _hashes(codes: np.ndarray) -> np.ndarray:
    """The hash of each window of WINDOW codes, modulo 2**64, uint64 [windows].

    The hash of 2n codes is that of the first n times BASE**n plus that of the other n.
    """
    hashes, base, length = (codes + np.uint64(1)) * np.uint64(_BASE), _BASE, 1
    while length < WINDOW:
        if len(hashes) <= length:
            return np.zeros(0, dtype=np.uint64)
        hashes = hashes[:-length] * np.uint64(base) + hashes[length:]
        base, length = base * base % (1 << 64), 2 * length
    return hashes


def _first_bits(hashes: np.ndarray) -> np.ndarray:
    return (hashes >> np.uint64(64 - _TABLE_BITS)).astype(np.int64)
