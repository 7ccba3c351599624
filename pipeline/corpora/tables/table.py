"""A user's table, whatever it was written in: rows of fields and where they stand."""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Iterable, Sequence

from pipeline.corpora.rejects import Rejected
from pipeline.normalize import normalize

DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "bar": "|"}
JSON = "JSON"
"""What stands for the delimiter of a table that was made of JSON."""
SPACE = "space"
"""What stands for the delimiter where a label and a text have a space between them."""

_LONGEST_NAME = 200


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
        delimiter: a key of `DELIMITERS`, `JSON` (of which the first row is the header), or `SPACE`.
        quoted: whether a quote quotes; between tabs it mostly is a character like any other.
        goes_on: whether the file has further rows, which are in other tables.
    """

    rows: list[Row]
    rejects: list[Rejected]
    encoding: str
    delimiter: str
    quoted: bool = False
    goes_on: bool = False

    def written(self, row: Row) -> str:
        """The row as it stands in the file, but for quotes."""
        return row.written or DELIMITERS.get(self.delimiter, "\t").join(row.fields)


def usual_width(rows: Sequence[Row]) -> int:
    """How many fields most of the first rows have; 0 of no rows."""
    counts = collections.Counter(len(row.fields) for row in rows[:1000])
    return counts.most_common(1)[0][0] if counts else 0


@functools.lru_cache(4096)
def column_name(cell: str) -> str:
    """The name of a column as names are compared: under the text policy (NFC, nothing without
    width), without regard to case or to quotes around it."""
    return normalize(cell[:_LONGEST_NAME]).strip("\"' ").casefold()


def column_names(cells: Iterable[str]) -> list[str]:
    """`column_name` of each."""
    return [column_name(cell) for cell in cells]
