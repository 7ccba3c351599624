"""The values that a setting may have, declared where the setting is.

    units: Annotated[int, AtLeast(1)] = 128
    state_dropout: Annotated[float, Share] = 0.5

`pipeline.settings.check_ranges` reads them.
"""

from __future__ import annotations

import abc
import dataclasses
import os
import re
import typing


class Range(abc.ABC):
    """What values a setting accepts; `str` says it in words that follow "must be".

    Attributes:
        remedy: why, or what to do instead; None where the range says it all.
    """

    remedy: str | None

    @abc.abstractmethod
    def accepts(self, value: typing.Any) -> bool:
        """Whether a setting may have this value."""


@dataclasses.dataclass(frozen=True)
class AtLeast(Range):
    """Numbers from `lowest` on."""

    lowest: float
    remedy: str | None = None

    def __str__(self) -> str:
        return f"at least {self.lowest:,}"

    def accepts(self, value: float) -> bool:
        return value >= self.lowest


@dataclasses.dataclass(frozen=True)
class Between(Range):
    """Numbers between two bounds, both of them included unless said otherwise."""

    lowest: float
    highest: float
    with_lowest: bool = True
    with_highest: bool = True
    remedy: str | None = None

    def __str__(self) -> str:
        if self.with_lowest and self.with_highest:
            return f"between {self.lowest:,} and {self.highest:,}"
        above = "at least" if self.with_lowest else "above"
        below = "at most" if self.with_highest else "below"
        return f"{above} {self.lowest:,} and {below} {self.highest:,}"

    def accepts(self, value: float) -> bool:
        above = self.lowest <= value if self.with_lowest else self.lowest < value
        below = value <= self.highest if self.with_highest else value < self.highest
        return above and below


@dataclasses.dataclass(frozen=True)
class Matching(Range):
    """Strings that a regular expression matches as a whole."""

    pattern: str
    words: str
    remedy: str | None = None

    def __str__(self) -> str:
        return self.words

    def accepts(self, value: str) -> bool:
        return re.fullmatch(self.pattern, value) is not None


@dataclasses.dataclass(frozen=True)
class Paths(Range):
    """Files that a person names: one, or several with commas between; `~` is a home folder."""

    remedy: str | None = None

    def __str__(self) -> str:
        return "the path of a file"

    def accepts(self, value: object) -> bool:
        return True

    def expanded(self, value: str) -> str:
        """With a home folder in the place of each `~` or `~user` that a path begins with."""
        return re.sub(
            r"(^|,)(\s*)(~[^/,]*)",
            lambda path: path[1] + path[2] + os.path.expanduser(path[3]),
            value,
        )


UserFiles = Paths()
"""Paths as people type them, names of a catalogue among them."""

Share = Between(0, 1, with_highest=False)
"""A part of a whole that is never all of it: 0 <= x < 1."""

FolderName = Matching(
    r"\w[\w.-]{0,99}",
    "the name of a folder",
    remedy="use letters, digits, . _ and -, a letter or digit first",
)
"""The name of a new folder, which leads to no other one."""
