"""Reads running text as documents, and splits it in its order."""

from __future__ import annotations

import bisect
import dataclasses
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from pipeline.corpora.json_records import read_records
from pipeline.corpora.json_texts import texts_of_records
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.settings import Division
from pipeline.corpora.splits import COLUMNS
from pipeline.errors import UserError
from pipeline.normalize import normalize
from pipeline.one_line import as_written, on_one_line
from pipeline.text_file import DAMAGED, is_damaged, printable, read_text, unix_line_ends

ENDS, GOES_ON = "ends", "goes on"
"""Values of the column `label`: whether the document ends with this row, or in another split."""

DEV_SHARE = 0.1
"""Share of the text, at its end, that is dev."""
SLACK = 0.02
"""Largest distance between a border and its exact place, as a share of the text."""
MIN_CHARACTERS = 1000
MIN_IN_SPLIT = 50

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


@dataclasses.dataclass(frozen=True)
class Document:
    """A document, or the part of one that is in a split.

    Attributes:
        source: name of its file.
        line: on which it begins in that file, from 1.
        text: with line feeds between its lines, none behind the last.
        ends: whether the document ends here; False if the rest is in another split.
    """

    source: str
    line: int
    text: str
    ends: bool = True

    def __len__(self) -> int:
        """Number of characters; the end counts as one, as a line feed in a file."""
        return len(self.text) + self.ends


@dataclasses.dataclass(frozen=True)
class DocumentFile:
    """The result of `read_documents`.

    Attributes:
        documents: in the order of the file.
        encoding: as of `text_file.decode`.
        rejects: lines with damaged characters, which are kept, and JSON that has no text.
        read_as: how the file was read, for people; "" if there is nothing to say.
    """

    documents: list[Document]
    encoding: str
    rejects: list[Rejected]
    read_as: str = ""


def read_documents(path: Path, division: Division) -> DocumentFile:
    """Reads the documents of a file.

    Lines end with LF or CRLF (or CR, if there is nothing else). Blank lines at either end of a
    document are removed; everything else stays as it is, with U+FFFD for what is not valid in the
    encoding.

    Of JSON (`json_records.read_records`) the text of each record is one file: the value of a key
    with a known name (`columns.TEXT_NAMES`), else the only one that holds texts.

    Args:
        division: "file" for one document per file, "paragraph" for one between blank lines,
            "line" for one per line.

    Raises:
        UserError: no text file, or nothing in it; or JSON in which no key holds texts.
    """
    text, encoding = read_text(path)
    text = unix_line_ends(text)
    records = read_records(text, path)
    if records is None:
        rejects = [
            Rejected(number, DAMAGED, line, kept=True)
            for number, line in enumerate(text.split("\n") if is_damaged(text) else (), 1)
            if is_damaged(line)
        ]
        documents = list(_divided(path.name, printable(text), 1, division))
        read_as = ""
    else:
        found = texts_of_records(records, path)
        documents = [
            document
            for line, record in found.texts
            for document in _divided(path.name, record, line, division)
        ]
        rejects, read_as = found.rejects, found.read_as
    if not documents:
        raise UserError("has no text in it", where=path, remedy="give a file with text")
    return DocumentFile(documents, encoding, rejects, read_as)


def _divided(source: str, text: str, line: int, division: Division) -> Iterator[Document]:
    """The documents of a text that begins on `line` of its file."""
    borders = {
        "file": (),
        "paragraph": (match.span() for match in _BLANK_LINES.finditer(text)),
        "line": ((match.start(), match.end()) for match in re.finditer("\n", text)),
    }[division]
    start = 0
    for end, begin in (*borders, (len(text), len(text))):
        document = text[start:end].rstrip()
        if document:
            # Indentation of the first line belongs to the document, blank lines before it do not.
            skipped = re.match(r"(?:[^\S\n]*\n)*", document).end()
            first = line + document.count("\n", 0, skipped)
            yield Document(source, first, document[skipped:])
        line += text.count("\n", start, begin)
        start = begin


def cut_in_order(documents: Sequence[Document], test_share: float) -> dict[str, list[Document]]:
    """Splits a text in its order into train, test and dev, by default about 80, 10 and 10 % of its
    characters.

    A split begins at the beginning of a document, if there is one within 2 % of the text (or a
    quarter of the test, if that is less) from its exact place; else at the nearest line within
    that distance, else behind the nearest white space, else at the exact place.

    Args:
        documents: the text.
        test_share: share of all characters that is test; 0: there is no test.

    Returns:
        The documents of each part; the parts of one that was cut are joined by nothing.

    Raises:
        UserError: fewer than 1,000 characters in all, or fewer than 50 in a split.
    """
    begins = [0]
    for document in documents:
        begins.append(begins[-1] + len(document))
    total = begins[-1]
    if total < MIN_CHARACTERS:
        raise UserError(
            f"too few characters: {total:,}; at least {MIN_CHARACTERS:,} are needed",
            where=documents[0].source if documents else None,
            remedy="give more text",
        )
    dev_from, slack = 1 - DEV_SHARE, min(SLACK, test_share / 4 or SLACK) * total
    cuts = {"train": dev_from - test_share, "test": dev_from} if test_share else {"train": dev_from}
    ends = {part: _border(documents, begins, round(at * total), slack) for part, at in cuts.items()}
    ends["dev"] = total
    parts: dict[str, list[Document]] = {part: [] for part in ends}
    for document, begin in zip(documents, begins[:-1], strict=True):
        first = begin
        for part, end in ends.items():
            last = min(end, begin + len(document))
            if last > first:
                parts[part].append(_piece(document, first - begin, last - begin))
                first = last
    for part, found in parts.items():
        if (size := sum(len(normalize(document.text)) for document in found)) < MIN_IN_SPLIT:
            raise UserError(
                f"too few characters for {part}: {size:,}",
                where=documents[0].source,
                remedy="give more text, or a larger --test-share, or --test-share 0",
            )
    return parts


def to_frame(documents: Sequence[Document]) -> pd.DataFrame:
    """Columns id (file and line), text (`on_one_line`) and label (`ENDS` or `GOES_ON`)."""
    rows = [
        (f"{d.source}:{d.line}", on_one_line(d.text), ENDS if d.ends else GOES_ON)
        for d in documents
    ]
    return pd.DataFrame(rows, columns=COLUMNS, dtype="str")


def from_frame(frame: pd.DataFrame) -> tuple[list[str], list[bool]]:
    """The texts of a frame of `to_frame`, with line breaks, and whether each document ends."""
    return [as_written(text) for text in frame["text"]], list(frame["label"] == ENDS)


def _border(documents: Sequence[Document], begins: list[int], place: int, slack: float) -> int:
    """Where to cut near `place`, at most `slack` from it, counted over all documents."""
    inside = bisect.bisect_right(begins, place) - 1
    near = [begin for begin in begins[inside : inside + 2] if 0 < begin < begins[-1]]
    nearest = min(near, key=lambda begin: abs(begin - place), default=None)
    if nearest is not None and abs(nearest - place) <= slack:
        return nearest
    text, local = documents[inside].text, place - begins[inside]
    first, last = max(local - int(slack), 0), local + int(slack)
    for space in ("\n", r"\s"):
        behind = [match.end() for match in re.compile(space).finditer(text, first, last)]
        if behind:
            return begins[inside] + min(behind, key=lambda end: abs(end - local))
    return place


def _piece(document: Document, first: int, last: int) -> Document:
    """Characters `first` to `last` of a document, its end counted as one."""
    return dataclasses.replace(
        document,
        line=document.line + document.text.count("\n", 0, first),
        text=document.text[first:last],
        ends=document.ends and last == len(document),
    )
