"""Progress on stderr: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from tqdm import tqdm

from pipeline.readable import readable

_SECONDS_BETWEEN_LINES = 10.0
_SECONDS_BEFORE_FIRST_LINE = 3.0

Item = TypeVar("Item")


def say(message: str) -> None:
    """One line for the user, on stderr, without breaking a bar that is being drawn."""
    tqdm.write(readable(message), file=sys.stderr)
    sys.stderr.flush()


def print_lines(lines: Iterable[str]) -> None:
    """Answers on stdout, a line each and at once, without breaking a bar that is being drawn."""
    with tqdm.external_write_mode(file=sys.stdout):
        for line in lines:
            print(line)
        sys.stdout.flush()


class Progress:
    """A counter that a person can follow.

    On a terminal it is a tqdm bar. Elsewhere (a log, CI) it prints `label: 1200/5000 items, note`
    at most every ten seconds, and nothing for what is over in three.

    Args:
        label: what is being done.
        total: how many units there are, or None where nobody knows.
        unit: the unit's name.
        start: units already done, for instance before a resume.
        scale: whether to print 1.2M instead of 1200000 (bytes).
    """

    def __init__(
        self,
        label: str,
        total: int | None,
        unit: str = "items",
        start: int = 0,
        scale: bool = False,
    ):
        self.label, self.total, self.unit, self.done = label, total, unit, start
        self._note = ""
        self._terminal = sys.stderr.isatty()
        self._last_line = time.monotonic() - _SECONDS_BETWEEN_LINES + _SECONDS_BEFORE_FIRST_LINE
        self._bar = tqdm(
            total=total,
            desc=label,
            unit=f" {unit}",
            unit_scale=scale,
            initial=start,
            disable=not self._terminal,
            dynamic_ncols=True,
            leave=False,
        )

    def advance(self, count: int = 1, note: str | None = None) -> None:
        """Counts `count` more units; `note` is shown behind the numbers."""
        self.done += count
        if note is not None:
            self._note = note
            if self._terminal:
                self._bar.set_postfix_str(note, refresh=False)
        self._bar.update(count)
        if not self._terminal and time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            share = f"/{self.total}" if self.total else ""
            note = f", {self._note}" if self._note else ""
            say(f"{self.label}: {self.done}{share} {self.unit}{note}")

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()


def track(
    items: Iterable[Item], label: str, total: int | None = None, unit: str = "items"
) -> Iterator[Item]:
    """Yields `items` while showing how many have passed."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    with Progress(label, total, unit) as progress:
        for item in items:
            yield item
            progress.advance()
