"""Reads texts from files, in the workers; checks the files before."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow.parquet
import tensorflow as tf
from apache_beam.io.filesystems import FileSystems
from apache_beam.io.tfrecordio import _TFRecordUtil
from google.protobuf.message import DecodeError

from pipeline.errors import UserError
from pipeline.scoring.records import feature_text
from pipeline.scoring.settings import FileSettings, InputKind
from pipeline.text_lines import piped_lines

Keyed = tuple[dict[str, Any], str]
"""Where a text stands (`file`, `row` from 1, and `id` if it is asked for), and the text."""
_BLOCK = 2**20  # bytes
_AT_ONCE = 16  # files that are looked at; of a cloud each is a wait


@dataclasses.dataclass(frozen=True)
class Reader:
    """Reads the texts of a file.

    Attributes:
        kind: of file.
        text_column: column or feature with the text.
        id_column: the same of the id; None where there is none.
    """

    kind: InputKind
    text_column: str
    id_column: str | None

    def __call__(self, path: str) -> Iterator[Keyed]:
        """All texts of one file, in their order."""
        with FileSystems.open(path) as file:
            for number, (text, id_) in enumerate(self._texts(file, path), start=1):
                key = {"file": path, "row": number}
                yield (key if id_ is None else {**key, "id": id_}), text

    def _texts(self, file: Any, path: str) -> Iterator[tuple[str, str | None]]:
        if self.kind == "text":
            return ((line, None) for line in _lines(file, path))
        return self._cells(file) if self.kind == "parquet" else self._examples(file)

    def _cells(self, file: Any) -> Iterator[tuple[str, str | None]]:
        columns = [self.text_column, *([self.id_column] if self.id_column else [])]
        for batch in pyarrow.parquet.ParquetFile(file).iter_batches(columns=columns):
            names = batch.schema.names
            texts = batch.column(names.index(self.text_column)).to_pylist()
            ids = batch.column(names.index(self.id_column)).to_pylist() if self.id_column else None
            for number, text in enumerate(texts):
                yield _cell(text), _cell(ids[number]) if ids is not None else None

    def _examples(self, file: Any) -> Iterator[tuple[str, str | None]]:
        while (record := _TFRecordUtil.read_record(file)) is not None:
            features = tf.train.Example.FromString(record).features.feature
            id_ = feature_text(features[self.id_column]) if self.id_column else None
            yield feature_text(features[self.text_column]), id_


def _lines(file: Any, path: str) -> Iterator[str]:
    """The lines of a text file, in the encoding that it is in."""
    return piped_lines(iter(lambda: file.read(_BLOCK), b""), path)


def _cell(cell: Any) -> str:
    return "" if cell is None else str(cell)


def reader_of(files: FileSettings, kind: InputKind) -> Reader:
    """Makes the reader for the input, after checking the beginning or the columns of each file.

    Raises:
        UserError: there is no file, or one is of another kind or has no such column.
    """
    reader = Reader(kind, files.text_column, files.id_column)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(functools.partial(_check, reader), _matched(files.input)):
            pass
    return reader


def _check(reader: Reader, path: str) -> None:
    try:
        with FileSystems.open(path) as file:
            if reader.kind == "text":
                next(_lines(file, path), None)
            else:
                _check_names(_names_in(file, reader.kind), reader, path)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"cannot be read as {reader.kind} ({reason})",
            where=path,
            remedy="look at --input-kind",
        ) from error


def _matched(pattern: str) -> list[str]:
    try:
        found = FileSystems.match([pattern])[0].metadata_list
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise UserError(reason, where=pattern) from error
    if not found:
        raise UserError("no such file", where=pattern, remedy="check the path in --input")
    return sorted(file.path for file in found)


def _names_in(file: Any, kind: InputKind) -> list[str] | None:
    """The columns of a file, or the features of its first example; None if it is empty."""
    if kind == "parquet":
        names: list[str] = pyarrow.parquet.ParquetFile(file).schema_arrow.names
        return names
    record = _TFRecordUtil.read_record(file)
    if record is None:
        return None
    try:
        return list(tf.train.Example.FromString(record).features.feature)
    except DecodeError as error:
        raise ValueError("its records are no tf.train.Example") from error


def _check_names(names: list[str] | None, reader: Reader, where: str) -> None:
    asked = {"--text-column": reader.text_column, "--id-column": reader.id_column}
    for option, name in asked.items():
        if names is not None and name is not None and name not in names:
            raise UserError(
                f"has no {name!r}",
                where=where,
                remedy=f"give one of {', '.join(sorted(names))} with {option}",
            )
