"""A user's table, whatever it was written in: rows of fields and where they stand."""

from __future__ import annotations

import dataclasses

from pipeline.corpora.rejects import Rejected

DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "bar": "|"}
JSON = "JSON"
"""What stands for the delimiter of a table that was made of JSON."""


@dataclasses.dataclass(frozen=True)
class Row:
    """The fields of one row and the line it begins on (1 for the first line of the file).

    `written` is the row as it stands in the file, where joining the fields would not show it.
    """

    line: int
    fields: list[str]
    written: str | None = None


@dataclasses.dataclass(frozen=True)
class Table:
    """What `delimited.read_table` gives.

    Attributes:
        rows: in the order of the file, the header (if there is one) among them; rows in which
            every field is blank are not there.
        rejects: what could not be taken apart into fields.
        encoding: as of `text_file.decode`.
        delimiter: a key of `DELIMITERS`, or `JSON`; of JSON the first row is the header.
    """

    rows: list[Row]
    rejects: list[Rejected]
    encoding: str
    delimiter: str

    def written(self, row: Row) -> str:
        """The row as it stands in the file, but for quotes."""
        return row.written or DELIMITERS.get(self.delimiter, "\t").join(row.fields)
