"""Reads Parquet files, if pyarrow is installed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.corpora.json_records import Records, add_record
from pipeline.errors import UserError, user_file_errors

_MAGIC = b"PAR1"
_KNOWN = (str, int, float, bool, type(None))


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does; False for a pipe, which is not read."""
    if not path.is_file():
        return False
    with user_file_errors(path), path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def parquet_records(path: Path, rows: int) -> Iterator[Records]:
    """The rows of a Parquet file, at most `rows` at a time; the first is line 1.

    Raises:
        UserError: pyarrow is not installed, or the file is damaged.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        raise UserError(
            "is a Parquet file, and pyarrow is not installed",
            where=path,
            remedy="pip install -c requirements-scale.txt pyarrow, or give it as .csv or .jsonl",
        ) from None
    line = 1
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=rows):
                found = Records([], [])
                for values in map(_plain, batch.to_pylist()):
                    add_record(found, line, values, json.dumps(values, ensure_ascii=False))
                    line += 1
                yield found
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"is Parquet and damaged ({error})", where=path, remedy="make it again"
        ) from error


def _plain(value: Any) -> Any:
    """A value as JSON has it: bytes as UTF-8 text, dates and the like as text."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return list(map(_plain, value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, _KNOWN) else str(value)
