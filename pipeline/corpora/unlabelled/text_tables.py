"""Reads tables of texts: recognises them, and finds the column of the texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.corpora.labelled.column_contents import describe_columns, text_among
from pipeline.corpora.labelled.columns import TEXT_NAMES, text_of_records
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.tables.delimited import DELIMITERS, as_rows
from pipeline.corpora.tables.table import SPACE, Row, Table, column_names, usual_width
from pipeline.counts import counted
from pipeline.errors import UserError

TABLE_SUFFIXES = (".tsv", ".tab", ".csv")
_FASTTEXT = "__label__"
_LINES_SEEN = 200
_MAX_NAME_LENGTH = 40
_EVEN = 0.9


def is_table(text: str, named: Path) -> bool:
    """Whether a text, or its beginning, is a table and not a text per line.

    It is one if its name ends so; if most lines begin with a label in fastText's format; or if its
    first line is a header that names a column of texts (`columns.TEXT_NAMES`) and nine of ten
    lines below have the same number of columns. A plain text without such a header never is.

    Args:
        text: with LF line ends.
        named: the file name without the ending of a compression.
    """
    if named.suffix.lower() in TABLE_SUFFIXES:
        return True
    lines = [
        line
        for line in text.lstrip("\ufeff").split("\n", _LINES_SEEN)[:_LINES_SEEN]
        if line.strip()
    ]
    if not lines:
        return False
    if 2 * sum(line.startswith(_FASTTEXT) for line in lines) > len(lines):
        return True
    if not any(_names_text(lines[0].split(character)) for character in DELIMITERS.values()):
        return False
    table = as_rows("\n".join(lines), "", named)
    if len(table.rows) < 2 or not _names_text(table.rows[0].fields):
        return False
    return _evenness(table.rows[1:], len(table.rows[0].fields)) >= _EVEN


def texts_of_table(
    text: str, encoding: str, path: Path, named: Path
) -> tuple[list[str], list[Rejected], str]:
    """The texts of a table, the rows that could not be used, and how it was read.

    The column of the texts is the one that the header names (`columns.TEXT_NAMES`), else the one
    that by its content holds texts (`column_contents.text_among`), else the only one.

    Raises:
        UserError: it is not clear which column it is, or lines have different numbers of columns.
    """
    table = as_rows(text, encoding, named)
    if not table.rows:
        return [], table.rejects, "no rows"
    has_header = table.delimiter != SPACE and _names_text(table.rows[0].fields, fewest=1)
    width = len(table.rows[0].fields) if has_header else usual_width(table.rows)
    column = _text_column(table, has_header, width)
    body = table.rows[has_header:]
    if column is None or (not has_header and _evenness(body, width) < _EVEN):
        raise UserError(
            f"is called {named.suffix}, and which column holds the text is not clear",
            where=path,
            remedy="name it text in the first line, or call the file .txt if each line is a text",
        )
    header = table.rows[0].fields if has_header else None
    rejects = list(table.rejects)
    texts = []
    for row in body:
        if len(row.fields) != width:
            reason = f"{counted(len(row.fields), 'column')} instead of {width}"
            rejects.append(Rejected(row.line, reason, table.written(row)))
        elif row.fields == header:
            rejects.append(Rejected(row.line, "names the columns again", table.written(row)))
        else:
            texts.append(row.fields[column])
    name = f" ({header[column][:_MAX_NAME_LENGTH]})" if header else ""
    read_as = f"{counted(len(texts), 'row')}, column {column + 1}{name} is the text"
    return texts, sorted(rejects, key=lambda reject: reject.line), read_as


def _text_column(table: Table, has_header: bool, width: int) -> int | None:
    if width < 2:
        return 0
    if table.delimiter == SPACE:
        return 1
    if has_header:
        return text_of_records(table.rows)
    return text_among(describe_columns(table.rows, width), range(width))


def _names_text(fields: Sequence[str], fewest: int = 2) -> bool:
    """Whether these are names of columns, with one of a text among them."""
    names = column_names(fields)
    return (
        len(names) >= fewest
        and len(set(names)) == len(names)
        and all(len(name) <= _MAX_NAME_LENGTH for name in names)
        and not {name.rpartition(".")[2] for name in names}.isdisjoint(TEXT_NAMES)
    )


def _evenness(rows: Sequence[Row], width: int) -> float:
    """The share of rows with `width` fields."""
    return sum(len(row.fields) == width for row in rows) / max(len(rows), 1)
