"""Reads NSMC and the bundled sample; checks whether a classifier can be trained on labels."""

from __future__ import annotations

import collections
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pipeline.corpora.labelled.labelled_file import (
    LabelledTexts,
    labelled_frame,
    read_labelled,
)
from pipeline.corpora.labelled.labels import (
    number_of,
    shortened_label,
)
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.splits import FEWEST_ROWS
from pipeline.counts import counted
from pipeline.errors import UserError

POLARITY = {"0": "negative", "1": "positive"}


def read_nsmc(path: Path, counts: Mapping[str, int] | None = None) -> LabelledTexts:
    """Reads one file of NSMC (https://github.com/e9t/nsmc): id, document, label 0 or 1.

    A line ends with LF alone. Empty documents are kept. Every document in which a quote occurs
    was written through CSV twice: doubled and enclosed, and that doubled and enclosed again.
    Both layers are undone (`_unquote_twice`), never a third, which would take the quotes that a
    reviewer put around the whole text (31 do). A document whose quotes do not have both layers
    is left as it is; the published files have none: 623 documents of train and 233 of test have
    quotes, all of them in two layers.

    Args:
        counts: expected numbers: `rows`, and rows per label (`Corpus.counts`).

    Raises:
        UserError: no such file, not NSMC, or other counts than expected.
    """
    try:
        lines = path.read_bytes().decode("utf-8").split("\n")
    except FileNotFoundError:
        raise UserError("no such file", where=path, remedy="fetch it first") from None
    except UnicodeDecodeError as error:
        raise UserError(f"is not valid UTF-8 ({error.reason})", where=path) from None
    if lines[0].split("\t") != ["id", "document", "label"]:
        raise UserError(
            "is not an NSMC file: its first line is not id, document, label",
            where=path,
            remedy="give it as a file of your own instead",
        )
    rows, rejects, unquoted = [], [], 0
    for number, line in enumerate(lines[1:], 2):
        fields = line.split("\t")
        if len(fields) == 3 and fields[2] in POLARITY:
            if (plain := _unquote_twice(fields[1])) is not None:
                unquoted += 1
                fields[1] = plain
            rows.append((fields[0], fields[1], POLARITY[fields[2]]))
        elif line:
            wrong = (
                "its label is not 0 or 1" if len(fields) == 3 else counted(len(fields), "column")
            )
            rejects.append(Rejected(number, wrong, line))
    frame = labelled_frame(rows)
    empty = int((frame["text"] == "").sum())
    details = {"rows": len(rows), "rejected": len(rejects), "empty": empty, "unquoted": unquoted}
    if counts:
        _check_counts(frame, counts, path)
    return LabelledTexts(frame, rejects, details)


def read_sample(path: Path) -> LabelledTexts:
    """Reads the bundled sample: document and label, 0 for negative and 1 for positive."""
    read = read_labelled(path, "document", "label")
    unknown = set(read.frame["label"]) - set(POLARITY)
    if unknown or read.rejects:
        raise UserError(
            "is not the bundled sample: it has labels other than 0 and 1, or broken rows",
            where=path,
            remedy="check the file out again",
        )
    frame = read.frame.assign(label=read.frame["label"].map(POLARITY))
    return LabelledTexts(frame, [], read.details)


def check_trainable(counts: Mapping[str, int], empty: int, where: object = None) -> None:
    """Raises UserError unless a classifier can be trained on rows.

    That needs at least ten rows, a text in one of them, two labels, and for half of the rows a
    label that others have, too.

    Args:
        counts: label -> number of rows.
        empty: number of rows with a blank text.
    """
    rows = sum(counts.values())
    if rows < FEWEST_ROWS:
        raise UserError(
            f"has {counted(rows, 'usable row')}; at least {FEWEST_ROWS} are needed",
            where=where,
            remedy="give more rows",
        )
    if empty == rows:
        raise UserError(
            "every text is empty", where=where, remedy="say with --text-column where the text is"
        )
    if len(counts) == 1:
        raise UserError(
            f"every row has the same label, {shortened_label(next(iter(counts)))!r}",
            where=where,
            remedy="give rows of at least two labels",
        )
    once = [label for label, count in counts.items() if count == 1]
    if 2 * len(once) > rows:
        every = "no label occurs twice" if len(once) == len(counts) else "most labels occur once"
        raise UserError(
            f"{every} ({shortened_label(once[0])!r} and {len(counts) - 1:,} more)",
            where=where,
            remedy="they seem to be numbers on a scale; group them into a few classes"
            if all(_is_decimal(label) for label in once)
            else "is --label-column the right column?",
        )


def _is_decimal(label: str) -> bool:
    return number_of(label.replace(",", ".", 1)) is not None


def _unquote_twice(document: str) -> str | None:
    once = _unquote(document)
    return None if once is None else _unquote(once)


def _unquote(field: str) -> str | None:
    """The content of a quoted CSV field; None if `field` is not exactly one."""
    if len(field) < 2 or field[0] != '"' or field[-1] != '"':
        return None
    inner = field[1:-1]
    return None if '"' in inner.replace('""', "") else inner.replace('""', '"')


def _check_counts(frame: pd.DataFrame, expected: Mapping[str, int], path: Path) -> None:
    found = {"rows": len(frame), **collections.Counter(frame["label"])}
    for name, count in expected.items():
        if found.get(name, 0) != count:
            raise UserError(
                f"{name}: {found.get(name, 0):,} found, {count:,} expected",
                where=path,
                remedy="delete it and run again; it will be fetched anew",
            )
