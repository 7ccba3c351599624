"""A user's table of any common make: its delimiter, its rows and their lines."""

from __future__ import annotations

import collections
import csv
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline.corpora.json_records import read_records
from pipeline.corpora.json_table import as_table
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.table import DELIMITERS, Row, Table
from pipeline.text_file import DAMAGED, is_damaged, read_text, unix_line_ends

__all__ = ["DELIMITERS", "LONGEST_RECORD", "Row", "Table", "as_rows", "read_table"]

_BY_SUFFIX = {".tsv": "tab", ".tab": "tab", ".csv": "comma"}
# A quote that is never closed would swallow the rest of the file, one row at a time.
LONGEST_RECORD = 1000


def read_table(path: Path) -> Table:
    """Takes a TSV, CSV or JSON file apart.

    JSON is what `json_records.read_records` takes for it; `json_table.as_table` says which rows
    it gives. A row with a character that is not valid in the encoding is rejected.

    A line ends with LF or CRLF and nothing else: U+2028, U+0085 and their like belong to the
    text. The delimiter is the one the suffix names (.tsv, .tab, .csv), unless it does not occur,
    or every line of a .csv has equally many tabs and not equally many commas. Where the suffix
    does not tell, it is the one that cuts more of the first lines into equally many fields.

    Between tabs a quote is a character like any other. Between commas it quotes, as in RFC 4180,
    line ends included; a row whose quotes do not come out even, or that runs over more than
    1,000 lines, is rejected, and reading goes on with the line after its first.

    Raises:
        UserError: as `read_text`.
    """
    return as_rows(*read_text(path), path)


def as_rows(text: str, encoding: str, path: Path) -> Table:
    """The table that `text` is, as `read_table` says of a file.

    Args:
        encoding: of `text_file.decode`.
        path: whose suffix counts, and where errors are; no file needs to be there (the member of
            an archive).
    """
    text = unix_line_ends(text)
    records = read_records(text, path)
    if records is not None:
        return as_table(records, encoding)
    lines = text.split("\n")
    delimiter = _delimiter(lines, path.suffix.lower())
    if delimiter == "tab":
        rows = [Row(n, line.split("\t")) for n, line in enumerate(lines, 1) if line.strip()]
        table = Table(rows, [], encoding, delimiter)
    else:
        taken = list(_records(lines))
        rows = [record for record in taken if isinstance(record, Row)]
        rejects = [record for record in taken if isinstance(record, Rejected)]
        table = Table(rows, rejects, encoding, delimiter)
    return _without_damaged(table) if is_damaged(text) else table


def _without_damaged(table: Table) -> Table:
    damaged = [row for row in table.rows if any(map(is_damaged, row.fields))]
    rejects = [Rejected(row.line, DAMAGED, table.written(row)) for row in damaged]
    rows = [row for row in table.rows if not any(map(is_damaged, row.fields))]
    return dataclasses.replace(
        table, rows=rows, rejects=sorted([*table.rejects, *rejects], key=lambda row: row.line)
    )


def _delimiter(lines: list[str], suffix: str) -> str:
    first = [line for line in lines[:200] if line.strip()]
    counts = {
        name: collections.Counter(line.count(character) for line in first)
        for name, character in (("tab", "\t"), ("comma", ","))
    }

    def even(name: str) -> bool:
        return len(counts[name]) == 1 and 0 not in counts[name]

    named = _BY_SUFFIX.get(suffix)
    if named and set(counts[named]) != {0}:
        mistaken = named == "comma" and even("tab") and not even("comma")
        return "tab" if mistaken else named

    def agreeing(name: str) -> int:
        return max((lines for count, lines in counts[name].items() if count), default=0)

    return "comma" if agreeing("comma") > agreeing("tab") else "tab"


def _records(lines: list[str]) -> Iterator[Row | Rejected]:
    """The rows of comma-separated lines; strict, and every mishap costs one line."""
    csv.field_size_limit(sys.maxsize)
    start = 0
    while start < len(lines):
        taken = start

        def feed() -> Iterator[str]:
            nonlocal taken
            while taken < min(len(lines), start + LONGEST_RECORD):  # noqa: B023
                taken += 1
                yield lines[taken - 1] + "\n"

        reader = csv.reader(feed(), strict=True)
        try:
            for fields in reader:
                if any(fields):
                    yield Row(start + 1, fields)
                start = taken
        except csv.Error as error:
            yield Rejected(start + 1, _quotes(error), lines[start])
            start += 1


def _quotes(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "a quote opens and is not closed"
    if "new-line" in str(error):
        return "a carriage return stands outside quotes"
    return f"not valid CSV ({error})"
