"""Text of a report whose characters stand on the colours of numbers."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence

LEVELS = 11
"""Colours of a passage; the one in the middle is none."""


def level_of(value: float | None) -> int | None:
    """Which of the `LEVELS` a number from -1 to 1 has, 0 the lowest; None if there is no number.

    Numbers beyond have the first or the last.
    """
    if value is None or math.isnan(value):
        return None
    return round((min(max(value, -1.0), 1.0) + 1) / 2 * (LEVELS - 1))


@dataclasses.dataclass(frozen=True)
class Passage:
    """Some text, and a number for each of its characters.

    Attributes:
        text: with line feeds, which are shown.
        values: one for each character, from -1 (orange) over 0 (no colour) to 1 (blue); None or
            NaN for a character without a number.
        marked: whether each character is underlined; empty if none is.
        caption: a line above it.
        low, high: what -1 and 1 stand for, for the legend.
        mark: what is underlined, for the legend.
    """

    text: str
    values: Sequence[float | None]
    marked: Sequence[bool] = ()
    caption: str = ""
    low: str = "-1"
    high: str = "1"
    mark: str = ""

    def __post_init__(self):
        if len(self.values) != len(self.text) or len(self.marked) not in (0, len(self.text)):
            raise ValueError("there must be a number, and a mark or none, for each character")

    @property
    def stretches(self) -> list[tuple[str, str]]:
        """(text, names of classes) of neighbours that look alike. A line feed has an arrow before
        it, so that its colour can be seen."""
        marked = self.marked if len(self.marked) else [False] * len(self.text)
        looks = zip(map(level_of, self.values), map(bool, marked), strict=True)
        shown = (character.replace("\n", "\u21b5\n") for character in self.text)
        alike = itertools.groupby(zip(shown, looks, strict=True), key=lambda one: one[1])
        return [("".join(one for one, _ in group), _classes(*look)) for look, group in alike]


def _classes(level: int | None, marked: bool) -> str:
    return " ".join([f"level-{level}"] * (level is not None) + ["marked"] * marked)
