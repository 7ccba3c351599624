"""Reads a user's table of any size, a block of rows at a time."""

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
"""Largest size in bytes, unpacked, of a file that is read at once."""
BEGINNING = 1 << 22
"""Characters at the beginning of a larger file that decide how all of it is read."""
ROWS = 1 << 17
"""Rows of a block of a larger file."""


def read_in_blocks(path: Path) -> Iterator[Table]:
    """Parses a TSV, CSV, JSON or Parquet file as `delimited.read_table` does, but one larger than
    `LARGE` in tables of at most `ROWS` rows, in memory that does not grow with it.

    The beginning of a larger file decides about delimiter, quotes, and keys of JSON; it is JSON if
    it has an object per line. Only the first table has a header. Parquet is always read in such
    tables; its lines are rows.

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
    """Whether a file is larger than `LARGE`; a pipe, which can be read only once, never is."""
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
        every = enumerate(itertools.chain(_drained(near), coming), 1)
        parts = _parts((number, line) for number, line in every if line.strip())
        yield from _of_records(map(records_of_lines, parts), lines.encoding)
        return
    refuse_markup(beginning, path)
    if _is_called_json(path) or begins_as_json(beginning):
        raise UserError(
            f"is one JSON value of more than {LARGE >> 20} MB",
            where=path,
            remedy="write one object per line (.jsonl), as pandas does with lines=True",
        )
    first = parse_lines(near, path)
    how, delimiter, quoted = first.how, first.delimiter, first.quoted
    del first  # its rows are read again
    for number, rows in enumerate(_parts(how(itertools.chain(_drained(near), coming)))):
        table = ParsedLines(rows, how, delimiter, quoted).table(lines.encoding, begins=not number)
        yield dataclasses.replace(table, goes_on=len(rows) == ROWS)


def _of_records(parts: Iterable[Records], encoding: str) -> Iterator[Table]:
    header = None
    for records in parts:
        table = as_table(records, encoding, header)
        if header is None and table.rows:
            header = table.rows[0].fields
        yield dataclasses.replace(table, goes_on=len(records.records) == ROWS)


def _drained(lines: list[str]) -> Iterator[str]:
    """Yields the lines of a list and empties it, so that they are not kept in memory."""
    lines.reverse()
    while lines:
        yield lines.pop()


def _characters(lines: Iterable[str], max_characters: int) -> Iterator[str]:
    """The first lines, until they have `max_characters` together."""
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
