"""A user's table, in whatever format it was written: rows of fields with their lines."""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Iterable, Sequence

from pipeline.corpora.rejects import Rejected
from pipeline.normalize import normalize

DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "bar": "|"}
JSON = "JSON"
"""In place of a delimiter: the table was made of JSON."""
SPACE = "space"
"""In place of a delimiter: label and text have a space between them."""

_MAX_NAME_LENGTH = 200


@dataclasses.dataclass(frozen=True)
class Row:
    """The fields of one row and the line it begins on (1 for the first line of the file).

    `written` is the row as it stands in the file, if joining the fields would give another text.
    """

    line: int
    fields: list[str]
    written: str | None = None


@dataclasses.dataclass(frozen=True)
class Table:
    """The result of `delimited.read_table`.

    Attributes:
        rows: in the order of the file, the header (if there is one) among them; rows in which
            every field is blank are not there.
        rejects: lines that could not be parsed into fields.
        encoding: as of `text_file.decode`.
        delimiter: a key of `DELIMITERS`, `JSON` (of which the first row is the header), or `SPACE`.
        quoted: whether fields may be quoted; between tabs a quote is mostly a plain character.
        goes_on: whether the file has further rows, which are in other tables.
    """

    rows: list[Row]
    rejects: list[Rejected]
    encoding: str
    delimiter: str
    quoted: bool = False
    goes_on: bool = False

    def written(self, row: Row) -> str:
        """The row as it stands in the file, without its quotes."""
        return row.written or DELIMITERS.get(self.delimiter, "\t").join(row.fields)


def usual_width(rows: Sequence[Row]) -> int:
    """The number of fields that most of the first rows have; 0 without rows."""
    counts = collections.Counter(len(row.fields) for row in rows[:1000])
    return counts.most_common(1)[0][0] if counts else 0


@functools.lru_cache(4096)
def column_name(cell: str) -> str:
    """The name of a column in the form in which names are compared: under the text policy (NFC, no
    characters without width), in small letters, without quotes around it."""
    return normalize(cell[:_MAX_NAME_LENGTH]).strip("\"' ").casefold()


def column_names(cells: Iterable[str]) -> list[str]:
    """`column_name` of each."""
    return [column_name(cell) for cell in cells]
