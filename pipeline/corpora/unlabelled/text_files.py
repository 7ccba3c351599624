"""Reads a user's own file of texts without labels, in any of the common formats."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterable
from pathlib import Path

from pipeline.compressed import unpacked_blocks, without_compression
from pipeline.corpora.json_records import SUFFIXES as JSON_SUFFIXES
from pipeline.corpora.json_records import read_records
from pipeline.corpora.json_texts import texts_of_records
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.tables.delimited import MARKUP
from pipeline.corpora.unlabelled.text_tables import is_table, texts_of_table
from pipeline.corpora.unlabelled.wikipedia import articles, is_dump
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.normalize import normalize
from pipeline.text_file import DAMAGED, decode, is_damaged, split_lines, unix_line_ends
from pipeline.text_lines import decoded_lines

MIN_DOCUMENTS = 10
"""Empty lines separate documents only if they give at least so many."""
_LINES_SEEN = 100
_BLANK = re.compile(rb"[\xef\xbb\xbf\xff\xfe \t\r\n\0]*")


@dataclasses.dataclass(frozen=True)
class UnlabelledFile:
    """The result of `read_text_file`.

    Attributes:
        documents: the lines of each, as they are written, in the order of the file; each line is
            a document if the file has none. No line and no document is empty.
        rejects: lines that could not be used.
        encoding: as of `text_file.decode`.
        read_as: how the file was read, for people.
    """

    documents: list[list[str]]
    rejects: list[Rejected]
    encoding: str
    read_as: str


def read_text_file(path: Path) -> UnlabelledFile:
    """Reads the lines of a file, by document. The first of these that fits decides; a file is

    1. a dump of a wiki (`wikipedia.articles`): an article is a document;
    2. JSON: a record is a document (`json_texts.texts_of_records`);
    3. a table, if its name ends in .tsv or .csv, or if its first line names a column of texts
       and the lines below have the same number of columns: a row is a document (`text_tables`);
    4. plain text. Empty lines separate documents, unless there are fewer than MIN_DOCUMENTS;
       then each line is a document.

    A .gz, .xz, .bz2 or .zst is read without being unpacked to disk, and plain text in UTF-8 as a
    stream. Lines end with LF or CRLF (or CR, if there is nothing else); everything else stays as
    it is. A line with a character that is not valid in the encoding is rejected.

    Raises:
        UserError: the file is no text file, damaged, empty, HTML or XML; or a table or JSON whose
            texts cannot be found.
    """
    stream = unpacked_blocks(path)
    head = next(stream, b"")
    if is_dump(head):
        documents = list(articles(itertools.chain([head], stream), path))
        if not documents:
            raise _empty(path)
        read_as = f"{path.name}: a dump of a wiki, {counted(len(documents), 'article')}"
        return UnlabelledFile(documents, [], "UTF-8", read_as)
    begin = head[: head.rfind(b"\n") + 1] or head
    named = path.with_name(without_compression(path.name))
    text, encoding = decode(begin, path) if _has_text(begin) else ("", "UTF-8")
    text = unix_line_ends(text)
    if MARKUP.match(text):
        raise UserError(
            "is HTML or XML", where=path, remedy="save its text as .txt, one paragraph per line"
        )
    is_plain = not (_may_be_json(text, named) or is_table(text, named))
    if is_plain and encoding.startswith("UTF-8") and (b"\n" in begin or b"\r" not in begin):
        try:
            lines = decoded_lines(itertools.chain([head], stream), "utf-8-sig")
            return _of_lines(path, ((line, False) for line in lines), encoding)
        except UnicodeDecodeError as error:  # then the whole file decides
            if not path.is_file():
                raise UserError(
                    f"is not UTF-8 ({error.reason}), and a pipe cannot be read twice",
                    where=path,
                    remedy="give a file",
                ) from None
            head, stream = b"", unpacked_blocks(path)
    data = b"".join(itertools.chain([head], stream))
    if not _has_text(data):
        raise _empty(path)
    return _of_whole(path, named, *decode(data, path))


def _of_whole(path: Path, named: Path, text: str, encoding: str) -> UnlabelledFile:
    text = unix_line_ends(text)
    if (records := read_records(text, named)) is not None:
        found = texts_of_records(records, path)
        return _of_texts(
            path, (text for _, text in found.texts), found.rejects, encoding, found.read_as
        )
    if is_table(text, named):
        rows, rejects, read_as = texts_of_table(text, encoding, path, named)
        return _of_texts(path, rows, rejects, encoding, f"{path.name}: {read_as}")
    return _of_lines(path, ((line, is_damaged(line)) for line in split_lines(text)), encoding)


def _of_texts(
    path: Path, texts: Iterable[str], rejects: list[Rejected], encoding: str, read_as: str
) -> UnlabelledFile:
    """The result for records: each is a document."""
    documents = [lines for text in texts if (lines := _lines_of(text))]
    if not documents:
        raise _empty(path)
    return UnlabelledFile(documents, rejects, encoding, read_as)


def _of_lines(path: Path, lines: Iterable[tuple[str, bool]], encoding: str) -> UnlabelledFile:
    """The result for plain text.

    Args:
        lines: each with whether it is damaged.
    """
    groups: list[list[str]] = [[]]
    rejects = []
    for number, (line, damaged) in enumerate(lines, 1):
        if damaged:
            rejects.append(Rejected(number, DAMAGED, line))
        elif normalize(line):
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    if not groups[-1]:
        groups.pop()
    count = sum(map(len, groups))
    if not count:
        raise _empty(path)
    read_as = f"{path.name}: {counted(count, 'line')}"
    if len(groups) >= MIN_DOCUMENTS:
        return UnlabelledFile(
            groups, rejects, encoding, f"{read_as} in {len(groups):,} documents between empty lines"
        )
    if len(groups) > 1:
        read_as += f", each by itself: {counted(len(groups) - 1, 'empty line')} part no documents"
    return UnlabelledFile(
        [[line] for group in groups for line in group], rejects, encoding, read_as
    )


def _lines_of(text: str) -> list[str]:
    return [line for line in split_lines(text) if normalize(line)]


def _may_be_json(text: str, named: Path) -> bool:
    """Whether the beginning of a file is worth reading all of it as JSON."""
    seen = [line for line in text.split("\n", _LINES_SEEN)[:_LINES_SEEN] if line.strip()]
    opened = sum(line.lstrip().startswith("{") for line in seen)
    return (
        named.suffix.lower() in JSON_SUFFIXES
        or bool(seen and seen[0].lstrip("\ufeff \t").startswith(("{", "[")))
        or 2 * opened >= len(seen) > 0
    )


def _has_text(data: bytes) -> bool:
    return len(_BLANK.match(data)[0]) < len(data)  # type: ignore[index]


def _empty(path: Path) -> UserError:
    return UserError("has no text in it", where=path, remedy="give a file with text")
