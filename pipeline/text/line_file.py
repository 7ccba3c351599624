"""A file of texts under the text policy, a line each, that is written and read as a stream."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from pipeline.readable import readable
from pipeline.workspace import atomic_file


@contextlib.contextmanager
def line_writer(path: Path) -> Iterator[Callable[[Iterable[str]], None]]:
    """Writes lines, UTF-8 with LF, some at a time, whole or not at all.

    Yields:
        What appends lines, given without their ends.

    Raises:
        UserError: the disk is full or may not be written to; `path` is as it was.
    """
    with (
        atomic_file(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="\n") as file,
    ):

        def append(lines: Iterable[str]) -> None:
            file.write(readable("".join(f"{line}\n" for line in lines)))

        yield append


@contextlib.contextmanager
def opened_lines(path: Path) -> Iterator[Iterator[str]]:
    """The lines of such a file without their ends, as they are asked for."""
    with open(path, encoding="utf-8", newline="\n") as file:
        yield (line.removesuffix("\n") for line in file)


def line_blocks(path: Path, max_lines: int) -> Iterator[list[str]]:
    """The lines of such a file, `max_lines` at a time."""
    with opened_lines(path) as lines:
        while block := list(islice(lines, max_lines)):
            yield block


def spread_lines(path: Path, count: int, max_lines: int) -> list[str]:
    """At most `max_lines` lines of such a file, evenly over it: the same ones each time, in order.

    Args:
        count: how many it has.

    Example:
        >>> spread_lines(path, count=9, max_lines=3)  # of a file with the lines 0 to 8
        ['0', '3', '6']
    """
    with opened_lines(path) as lines:
        return [line for number, line in enumerate(lines) if number * max_lines % count < max_lines]
