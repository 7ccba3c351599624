"""Reads a user's table in any common format: finds its delimiter, and parses its rows."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.compressed import without_compression
from pipeline.corpora.json_records import read_records
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.tables.json_table import as_table
from pipeline.corpora.tables.quoted import MAX_RECORD_LINES, RowsOf, quoted_rows, tab_rows
from pipeline.corpora.tables.table import DELIMITERS, SPACE, Row, Table, usual_width
from pipeline.errors import UserError
from pipeline.text_file import DAMAGED, is_damaged, read_text, unix_line_ends

__all__ = ["DELIMITERS", "MAX_RECORD_LINES", "Row", "Table", "as_rows", "read_table"]

_BY_SUFFIX = {".tsv": "tab", ".tab": "tab", ".csv": "comma"}
_SEP = re.compile(r'"?sep=(.|\\t)"?[\t,;| ]*$', re.IGNORECASE)
_LABELLED = re.compile(r"__label__(\S+)\s+(?!__label__)(.*)$")
MARKUP = re.compile(r"\s*<(?:!doctype\s+html|html|head|body|table|meta|\?xml)\b", re.IGNORECASE)
"""The beginning of an HTML or XML file."""
# Number of lines by which the delimiter is chosen.
_LINES_SEEN = 200
_MAX_LINES_ABOVE = 20
ABOVE = "stands above the table"


def read_table(path: Path) -> Table:
    """Parses a TSV, CSV or JSON file.

    A compressed file (gzip, xz, bzip2, zstd) is unpacked while it is read. JSON is recognised by
    `json_records.read_records`; `json_table.as_table` makes rows of it.

    Elsewhere a line ends with LF or CRLF and nothing else: U+2028, U+0085 and their like belong
    to the text. Fields are separated by tabs, commas, semicolons or bars: the one in a first line
    `sep=;`; else the one that the suffix names (.tsv, .tab, .csv), unless only another splits
    nearly all of the first lines into the same number of fields; else the one that splits most of
    them so. fastText's lines (`__label__1 좋다`) are label and text. Quotes are read by
    `quoted.tab_rows` between tabs, by `quoted.quoted_rows` elsewhere.

    Rejected are lines above the table that have one field where the others have several (a
    title, a comment), and rows with a character that is not valid in the encoding.

    Raises:
        UserError: as `read_text`; or JSON that cannot be read, HTML, XML.
    """
    return as_rows(*read_text(path), path)


def as_rows(text: str, encoding: str, path: Path) -> Table:
    """Parses the text of a file as `read_table` does.

    Args:
        encoding: of `text_file.decode`.
        path: for its suffix and for errors; the file need not exist (a member of an archive).
    """
    text = unix_line_ends(text)
    records = read_records(text, path)
    if records is not None:
        return as_table(records, encoding)
    refuse_markup(text, path)
    lines = text.lstrip("\ufeff").split("\n")
    return parse_lines(lines, path).table(encoding, is_damaged(text))


def refuse_markup(text: str, path: Path) -> None:
    """Raises UserError where a text begins as HTML or XML."""
    if MARKUP.match(text):
        raise UserError(
            "is HTML or XML, not a table",
            where=path,
            remedy="open it in a spreadsheet and save it as CSV in UTF-8",
        )


@dataclasses.dataclass(frozen=True)
class ParsedLines:
    """The first lines of a file as rows, and how to parse the others.

    Attributes:
        taken: rows of these lines.
        how: parses any number of lines of that file; rows are numbered from 1.
        delimiter, quoted: as of `Table`.
    """

    taken: list[Row | Rejected]
    how: RowsOf
    delimiter: str
    quoted: bool

    def table(self, encoding: str, may_be_damaged: bool = True, begins: bool = True) -> Table:
        """These rows as a table.

        Args:
            may_be_damaged: whether there may be characters that are not valid.
            begins: whether the file begins with them, so that a title may stand above.
        """
        rows = [row for row in self.taken if isinstance(row, Row)]
        rejects = [row for row in self.taken if isinstance(row, Rejected)]
        table = Table(rows, rejects, encoding, self.delimiter, self.quoted)
        if may_be_damaged:
            damaged = [row for row in rows if any(map(is_damaged, row.fields))]
            table = _without(table, damaged, DAMAGED)
        return _without(table, _above(table.rows), ABOVE) if begins else table


def parse_lines(lines: list[str], path: Path) -> ParsedLines:
    """Finds out how to parse lines, and parses them. A first line `sep=;` is made blank.

    Args:
        path: for its suffix.
    """
    delimiter = _delimiter(lines, Path(without_compression(path.name)).suffix.lower())
    if delimiter == SPACE:
        return ParsedLines(list(_labelled_lines(lines)), _labelled_lines, delimiter, False)
    if delimiter == "tab":
        taken, how, quoted = tab_rows(lines)
        return ParsedLines(taken, how, delimiter, quoted)
    return ParsedLines(*quoted_rows(lines, DELIMITERS[delimiter]), delimiter, True)


def _without(table: Table, rows: list[Row], reason: str) -> Table:
    """A copy with `rows` among the rejects."""
    if not rows:
        return table
    lines = {row.line for row in rows}
    rejects = [*table.rejects, *(Rejected(r.line, reason, table.written(r)) for r in rows)]
    return dataclasses.replace(
        table,
        rows=[row for row in table.rows if row.line not in lines],
        rejects=sorted(rejects, key=lambda reject: reject.line),
    )


def _above(rows: list[Row]) -> list[Row]:
    """The first rows with a single field, if the others have more."""
    width = usual_width(rows)
    above = []
    for row in rows[:_MAX_LINES_ABOVE]:
        filled = sum(bool(field.strip()) for field in row.fields)
        blank_behind = width > 2 and row.fields[0].strip() and filled == 1
        if width < 2 or not (len(row.fields) == 1 or blank_behind):
            return above
        above.append(row)
    return []


def _labelled_lines(lines: Iterable[str]) -> Iterator[Row]:
    """Label and text of lines in fastText's format, `__label__1 좋다`."""
    for number, line in enumerate(lines, 1):
        if line:
            match = _LABELLED.match(line)
            yield Row(number, list(match.groups()) if match else [line], line)


def _delimiter(lines: list[str], suffix: str) -> str:
    """A key of `DELIMITERS`, or SPACE. A line `sep=…` is made blank."""
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    said = _SEP.match(lines[first])
    if said:
        named = {"\\t": "\t"}.get(said[1], said[1])
        lines[first] = ""
        for name, character in DELIMITERS.items():
            if character == named:
                return name
    seen = [line for line in lines[:_LINES_SEEN] if line.strip()]
    if 2 * sum(_LABELLED.match(line) is not None for line in seen) > len(seen):
        return SPACE
    sample = "\n".join(seen)
    counts = {name: _Count(sample, character) for name, character in DELIMITERS.items()}
    named = _BY_SUFFIX.get(suffix, "")
    even = [name for name, count in counts.items() if count.is_even]
    # A character used as punctuation, or inside numbers, is no delimiter if another one fits.
    even = [name for name in even if not counts[name].is_punctuation] or even
    if even:
        return named if named in even else even[0]
    if named and counts[named].agreeing:
        return named
    return max(counts, key=lambda name: counts[name].agreeing)


class _Count:
    """How evenly a character occurs in lines, outside of quotes.

    Attributes:
        agreeing: number of lines with the most frequent count of it.
        is_even: whether these are nearly all lines.
        is_punctuation: whether mostly a space follows it, or it is between digits.
    """

    def __init__(self, sample: str, character: str):
        if character != "\t":
            quoted = rf'(?<![^{character}\n]) *"(?:[^"]|"")*+" *(?![^{character}\n])'
            sample = re.sub(quoted, "q", sample)
        lines = [line for line in sample.split("\n") if line.strip()]
        counts = collections.Counter(line.count(character) for line in lines)
        self.agreeing = max((rows for count, rows in counts.items() if count), default=0)
        others = len(lines) - self.agreeing
        self.is_even = bool(self.agreeing) and (
            others <= 0.1 * len(lines) or (others <= 2 and self.agreeing > others)
        )
        places = sample.count(character)
        written = rf"{re.escape(character)} |(?<=\d){re.escape(character)}(?=\d)"
        self.is_punctuation = character != "\t" and 2 * len(re.findall(written, sample)) > places
