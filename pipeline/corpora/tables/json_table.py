"""Converts JSON records to the rows of a table."""

from __future__ import annotations

import collections
import json
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.corpora.json_records import Records
from pipeline.corpora.tables.table import JSON, Row, Table

MAX_COLUMNS = 1000
_MAX_DEPTH = 8


def as_table(
    records: Records, encoding: str = "UTF-8", header: Sequence[str] | None = None
) -> Table:
    """A table with a column for each key, and a first row that names them.

    Keys of an object within an object are joined to its own by a dot: of
    `{"translation": {"ko": "…", "en": "…"}}` the columns are translation.ko and translation.en,
    so code that compares names of columns must also compare the part behind the last dot.

    Values are written as text: true and 1 as such, null and a key that is missing as an empty
    cell. A list with one value becomes that value; any other list stays JSON. The header has the
    keys in the order in which they first occur, at most the 1,000 most frequent, and the line
    number 0.

    Args:
        header: that of an earlier table of the same file: other keys are left out, and no row
            names the columns.

    Example:
        >>> from pathlib import Path
        >>> from pipeline.corpora.json_records import read_records
        >>> records = read_records('{"text": "좋다", "label": 1}\\n', Path("a.jsonl"))
        >>> [row.fields for row in as_table(records).rows]
        [['text', 'label'], ['좋다', '1']]
    """
    flat = [dict(_flat("", record.values, 0)) for record in records.records]
    rows = []
    if header is None:
        counts = collections.Counter(name for cells in flat for name in cells)
        kept = {name for name, _ in counts.most_common(MAX_COLUMNS)}
        header = [name for name in counts if name in kept]
        rows = [Row(0, header)] if header else []
    for record, cells in zip(records.records, flat, strict=True):
        fields = [cells.get(name, "") for name in header]
        if any(map(str.strip, fields)):
            rows.append(Row(record.line, fields, record.written))
    return Table(rows, records.rejects, encoding, JSON)


def _flat(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict) and depth < _MAX_DEPTH:
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else key, inner, depth + 1)
    else:
        yield name, _as_text(value)


def _as_text(value: Any) -> str:
    if value is None or value == [] or value == {}:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
