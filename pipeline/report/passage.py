"""Text of a report with a background colour for each character, by a number."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence

LEVELS = 11
"""Number of colours of a passage; the middle one is no colour."""


def level_of(value: float | None) -> int | None:
    """The level of a number from -1 to 1, from 0 to `LEVELS` - 1; None if there is no number.

    Numbers outside of this range get the first or the last level.
    """
    if value is None or math.isnan(value):
        return None
    return round((min(max(value, -1.0), 1.0) + 1) / 2 * (LEVELS - 1))


@dataclasses.dataclass(frozen=True)
class Passage:
    """A text with a number for each of its characters.

    Attributes:
        text: with line feeds, which are shown.
        values: one for each character, from -1 (orange) over 0 (no colour) to 1 (blue); None or
            NaN for a character without a number.
        marked: whether each character is underlined; empty if none is.
        caption: a line above it.
        low, high: meaning of -1 and of 1, for the legend.
        mark: meaning of underlining, for the legend.
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
        """(text, CSS classes) of neighbouring characters with the same look. A line feed gets an
        arrow before it, so that its colour can be seen."""
        marked = self.marked if len(self.marked) else [False] * len(self.text)
        looks = zip(map(level_of, self.values), map(bool, marked), strict=True)
        shown = (character.replace("\n", "\u21b5\n") for character in self.text)
        alike = itertools.groupby(zip(shown, looks, strict=True), key=lambda one: one[1])
        return [("".join(one for one, _ in group), _classes(*look)) for look, group in alike]


def _classes(level: int | None, marked: bool) -> str:
    return " ".join([f"level-{level}"] * (level is not None) + ["marked"] * marked)
