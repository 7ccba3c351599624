"""The texts of JSON records."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from pipeline.corpora.json_records import Records
from pipeline.corpora.labelled.columns import text_of_records
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.tables.json_table import as_table
from pipeline.errors import UserError


@dataclasses.dataclass(frozen=True)
class RecordTexts:
    """The result of `texts_of_records`.

    Attributes:
        texts: line and text of each record.
        rejects: lines that are no records.
        read_as: which key holds the texts, for people.
    """

    texts: list[tuple[int, str]]
    rejects: list[Rejected]
    read_as: str


def texts_of_records(records: Records, path: Path) -> RecordTexts:
    """The text of each record: the value of a key with a known name (`columns.TEXT_NAMES`), else
    of the only key that holds texts.

    Args:
        path: the file, for errors and for people.

    Raises:
        UserError: no key holds texts, or several do.
    """
    table = as_table(records)
    key = text_of_records(table.rows) if len(table.rows) > 1 else None
    if key is None:
        keys = ", ".join(table.rows[0].fields[:20]) if table.rows else "none"
        raise UserError(
            f"is JSON, and which key holds the text is not clear ({keys})",
            where=path,
            remedy='call it "text"',
        )
    name = table.rows[0].fields[key]
    return RecordTexts(
        [(row.line, row.fields[key]) for row in table.rows[1:]],
        table.rejects,
        f"{path.name} is JSON: {len(table.rows) - 1:,} records, their text is {name}",
    )
