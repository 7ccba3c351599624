"""Rows that could not be used: they are kept, counted and written down, never dropped silently."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from pipeline.one_line import on_one_line
from pipeline.text_file import printable
from pipeline.workspace import write_text

SHOWN = 200


@dataclasses.dataclass(frozen=True)
class Rejected:
    """One row that was left out, or that was doubtful.

    Attributes:
        line: where it begins in the file, 1 for the first line.
        reason: a few words for a person.
        content: the row as it stands in the file.
        kept: it was not left out, but read in the way `reason` says; it is listed so that the
            user can check it.
    """

    line: int
    reason: str
    content: str
    kept: bool = False


def of_file(reject: Rejected, name: str) -> Rejected:
    """A copy whose reason names the file, for one of several files."""
    return dataclasses.replace(reject, reason=f"{name}: {reject.reason}")


def write_rejects(path: Path, rejects: Iterable[Rejected]) -> None:
    """Writes line, reason and content as UTF-8 TSV with a header, atomically.

    Of the content the first 200 characters are shown; in both texts tab, line feed, carriage
    return and backslash are written \\t, \\n, \\r and \\\\, and damaged bytes as U+FFFD.
    """
    rows = ["line\treason\tcontent"]
    rows += [
        f"{row.line}\t{on_one_line(row.reason)}\t{printable(on_one_line(row.content[:SHOWN]))}"
        for row in rejects
    ]
    write_text(path, "\n".join(rows) + "\n")
