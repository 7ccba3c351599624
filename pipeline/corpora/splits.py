"""Who is held out, the same way every time; and the files the parts are kept in."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.corpora.rejects import Rejected
from pipeline.errors import UserError
from pipeline.facts import Origin
from pipeline.workspace import write_text

COLUMNS = ["id", "text", "label"]
BREAKS = re.compile(r"[\t\n\r]+")


@dataclasses.dataclass(frozen=True)
class CorpusSplits:
    """A corpus, read.

    Attributes:
        name: names the folder it is kept in: letters, digits, `-`.
        splits: "train", "dev", "test" -> frame; column `id`, and a column for each field of the
            task, which holds values of that field.
        origin: title, source and licence.
        files: what it was read from; a file that was looked for and is not there may be among
            them, since the corpus is another once it is.
        rejects: rows that could not be used, or are doubtful.
        warnings: sentences that a user must not miss.
        stand_in, reported, tests, characters: as of `pipeline.facts.CorpusFacts`.
        details: how it was read, for people; JSON-able.
    """

    name: str
    splits: dict[str, pd.DataFrame]
    origin: Origin
    files: Sequence[Path] = ()
    rejects: Sequence[Rejected] = ()
    warnings: Sequence[str] = ()
    stand_in: bool = False
    reported: str = "test"
    tests: Mapping[str, str] = dataclasses.field(default_factory=dict)
    characters: Mapping[str, int] = dataclasses.field(default_factory=dict)
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def held_out(ids: Sequence[str], count: int) -> np.ndarray:
    """Chooses `count` rows to hold out: those whose sha1(id) is lowest.

    Which rows they are depends on the ids alone, not on their order, and rows that are added
    later move the boundary but shuffle nothing. Rows with the same id stay together: where
    exactly `count` would part them, the number nearest to it (the lower, between two) that does
    not is taken.

    Args:
        ids: one per row.
        count: how many; less than there are.

    Returns:
        bool [rows], True where held out. The sum is `count` where ids are distinct.

    Raises:
        UserError: `count` leaves nothing else.
    """
    if not 0 <= count < max(len(ids), 1):
        raise UserError(
            f"{count:,} rows cannot be held out of {len(ids):,}",
            remedy="hold out fewer, or give more rows",
        )
    keys = np.frombuffer(
        b"".join(hashlib.sha1(name.encode("utf-8")).digest()[:8] for name in ids), dtype=">u8"
    )
    _, group, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    reached = np.concatenate([[0], np.cumsum(sizes)])
    groups = int(np.argmin(np.abs(reached - count)))
    return group < groups


def by_share(ids: Sequence[str], share: float) -> np.ndarray:
    """`held_out` of `share` of the rows, rounded, but one at least; bool [rows].

    For two parts, take the second from the rows the first has left:

        test = by_share(ids, 0.1)
        dev = by_share(ids[~test], 0.1)
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share}, not between 0 and 1")
    return held_out(ids, max(1, round(share * len(ids))))


def write_split(path: Path, frame: pd.DataFrame) -> None:
    """Writes id, text and label as UTF-8 TSV with a header and LF, atomically.

    A run of tabs, line feeds and carriage returns inside a field becomes one space, which the
    text policy would make of it anyway. Every other character, quotes and U+2028 among them, is
    written as it is.
    """
    columns = [[BREAKS.sub(" ", field) for field in frame[name].tolist()] for name in COLUMNS]
    rows = map("\t".join, zip(*columns, strict=True))
    write_text(path, "\n".join(["\t".join(COLUMNS), *rows]) + "\n")


def read_split(path: Path) -> pd.DataFrame:
    """Reads what `write_split` wrote: columns id, text, label, all str.

    Raises:
        UserError: no such file, or not written by `write_split`.
    """
    remedy = "run the corpus stage again"
    try:
        lines = path.read_bytes().decode("utf-8").split("\n")
    except FileNotFoundError:
        raise UserError("no such file", where=path, remedy=remedy) from None
    except UnicodeDecodeError:
        raise UserError("is not UTF-8", where=path, remedy=remedy) from None
    if lines[0].split("\t") != COLUMNS or lines.pop() != "":
        raise UserError(
            "is not a split: header or last line end missing", where=path, remedy=remedy
        )
    rows = [line.split("\t") for line in lines[1:]]
    for number, row in enumerate(rows, 2):
        if len(row) != len(COLUMNS):
            raise UserError(
                f"{len(row)} columns instead of 3", where=f"{path}:{number}", remedy=remedy
            )
    return pd.DataFrame(rows, columns=COLUMNS, dtype="str")
