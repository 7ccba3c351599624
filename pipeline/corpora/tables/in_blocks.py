"""A user's table of any size, a block of rows at a time."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.compressed import unpacked_blocks, without_compression
from pipeline.corpora.json_records import (
    SUFFIXES,
    Records,
    begins_as_json,
    is_json_lines,
    records_of_lines,
)
from pipeline.corpora.tables.delimited import (
    ParsedLines,
    parse_lines,
    read_table,
    refuse_markup,
)
from pipeline.corpora.tables.json_table import as_table
from pipeline.corpora.tables.parquet import is_parquet, parquet_records
from pipeline.corpora.tables.table import Table
from pipeline.errors import UserError
from pipeline.text_lines import text_lines

LARGE = 1 << 25
"""Bytes, unpacked, up to which a file is read at once."""
BEGINNING = 1 << 22
"""Characters of a larger one that tell what it is; the rest is read in the same way."""
ROWS = 1 << 17
"""Rows of a block of a larger file."""


def read_in_blocks(path: Path) -> Iterator[Table]:
    """Takes a TSV, CSV, JSON or Parquet file apart: as `delimited.read_table` does, but a file that
    is larger than `LARGE` in tables of at most `ROWS` rows, in memory that does not grow with it.

    Of a larger file the beginning decides about delimiter, quotes, and keys of JSON; it is JSON
    where it has an object a line. Only the first table has a header. Parquet always comes so; its
    lines are rows.

    Raises:
        UserError: as `read_table`; or a large file that is one JSON value; or Parquet, and pyarrow
            is not installed.
    """
    if is_parquet(path):
        yield from _of_records(parquet_records(path, ROWS), "UTF-8")
    elif _is_large(path):
        yield from _of_lines(path)
    else:
        yield read_table(path)


def _is_large(path: Path) -> bool:
    """Whether a file is. What can be read only once, a pipe, is not."""
    if not path.is_file():
        return False
    size = 0
    for block in unpacked_blocks(path, shown=False):
        size += len(block)
        if size > LARGE:
            return True
    return False


def _of_lines(path: Path) -> Iterator[Table]:
    lines = text_lines(path)
    coming = lines.as_they_are()
    near = list(_characters(coming, BEGINNING))
    filled = list(itertools.islice((line for line in near if line.strip()), 100))
    beginning = "\n".join(filled)
    if is_json_lines(filled):
        every = enumerate(itertools.chain(_handed_over(near), coming), 1)
        parts = _parts((number, line) for number, line in every if line.strip())
        yield from _of_records(map(records_of_lines, parts), lines.encoding)
        return
    refuse_markup(beginning, path)
    if _is_called_json(path) or begins_as_json(beginning):
        raise UserError(
            f"is one JSON value of more than {LARGE >> 20} MB",
            where=path,
            remedy="write an object a line (.jsonl), as pandas does with lines=True",
        )
    first = parse_lines(near, path)
    how, delimiter, quoted = first.how, first.delimiter, first.quoted
    del first  # its rows are read again
    for number, rows in enumerate(_parts(how(itertools.chain(_handed_over(near), coming)))):
        table = ParsedLines(rows, how, delimiter, quoted).table(lines.encoding, begins=not number)
        yield dataclasses.replace(table, goes_on=len(rows) == ROWS)


def _of_records(parts: Iterable[Records], encoding: str) -> Iterator[Table]:
    header = None
    for records in parts:
        table = as_table(records, encoding, header)
        if header is None and table.rows:
            header = table.rows[0].fields
        yield dataclasses.replace(table, goes_on=len(records.records) == ROWS)


def _handed_over(lines: list[str]) -> Iterator[str]:
    """The lines of a list, which is empty then."""
    lines.reverse()
    while lines:
        yield lines.pop()


def _characters(lines: Iterable[str], max_characters: int) -> Iterator[str]:
    """Lines, until they have so many characters together."""
    for line in lines:
        max_characters -= len(line) + 1
        yield line
        if max_characters <= 0:
            return


def _parts(items: Iterable) -> Iterator[list]:
    coming = iter(items)
    while part := list(itertools.islice(coming, ROWS)):
        yield part


def _is_called_json(path: Path) -> bool:
    return Path(without_compression(path.name)).suffix.lower() in SUFFIXES
