"""Formats for files of answers: lines, JSON lines or Parquet; written in parts, then joined."""

from __future__ import annotations

import abc
import importlib
import importlib.util
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UserError
from pipeline.json_lines import json_line

if TYPE_CHECKING:
    from pipeline.export.predictor import Kind, Predictor

_PARQUET = "pyarrow"
_SUFFIXES = (".tsv", ".txt", ".jsonl", ".parquet")


class AnswerFile(abc.ABC):
    """A file format."""

    @abc.abstractmethod
    def write(self, path: Path, answers: Sequence[Any]) -> None:
        """Writes answers of a `Predictor` as one part."""

    @abc.abstractmethod
    def count(self, path: Path) -> int:
        """The number of answers in a part; -1 if it is not a part."""

    @abc.abstractmethod
    def join(self, parts: Sequence[Path], path: Path) -> None:
        """Writes the answers of all parts into one file."""


class LineFile(AnswerFile):
    """Lines of UTF-8.

    Args:
        line: an answer as one line.
        header: the first line of the whole file, if there is one.
    """

    def __init__(self, line: Callable[[Any], str], header: str | None = None):
        self._line, self._header = line, header

    def write(self, path: Path, answers: Sequence[Any]) -> None:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{self._line(answer)}\n" for answer in answers)

    def count(self, path: Path) -> int:
        with path.open("rb") as file:
            return sum(line.endswith(b"\n") for line in file)

    def join(self, parts: Sequence[Path], path: Path) -> None:
        with path.open("wb") as file:
            if self._header is not None:
                file.write(f"{self._header}\n".encode())
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, file)


class ParquetFile(AnswerFile):
    """A table; each part becomes a row group.

    Args:
        columns: name -> kind of its values.
    """

    def __init__(self, columns: Mapping[str, Kind]):
        self._arrow = importlib.import_module(_PARQUET)
        self._parquet = importlib.import_module(f"{_PARQUET}.parquet")
        kinds = {name: self._type(kind) for name, kind in columns.items()}
        self._schema = self._arrow.schema(list(kinds.items()))

    def write(self, path: Path, answers: Sequence[Any]) -> None:
        table = self._arrow.Table.from_pylist(list(answers), schema=self._schema)
        self._parquet.write_table(table, path)

    def count(self, path: Path) -> int:
        try:
            return int(self._parquet.read_metadata(path).num_rows)
        except (self._arrow.ArrowException, OSError):
            return -1

    def join(self, parts: Sequence[Path], path: Path) -> None:
        with self._parquet.ParquetWriter(path, self._schema) as writer:
            for part in parts:
                with self._parquet.ParquetFile(part) as file:
                    writer.write_table(file.read())

    def _type(self, kind: Kind) -> Any:
        if isinstance(kind, str):
            return getattr(self._arrow, kind)()
        if isinstance(kind, list):
            return self._arrow.list_(self._type(kind[0]))
        return self._arrow.struct([(name, self._type(each)) for name, each in kind.items()])


def check_format(out: Path) -> None:
    """Refuses a file name of an unknown format.

    Raises:
        UserError: it says no format, it is a folder, or pyarrow is needed and not installed.
    """
    suffix = out.suffix.lower()
    if suffix not in _SUFFIXES:
        raise UserError(
            f"{out.name!r} does not say in which format",
            where="--out",
            remedy=f"let it end in {', '.join(_SUFFIXES[:-1])} or {_SUFFIXES[-1]}",
        )
    if out.is_dir():
        raise UserError("is a folder", where=out, remedy="name a file in it")
    if suffix == ".parquet" and importlib.util.find_spec(_PARQUET) is None:
        raise UserError(
            f"{_PARQUET} is not installed",
            where="--out",
            remedy=f".venv/bin/pip install -c requirements-scale.txt {_PARQUET}, or write a .jsonl",
        )


def answer_file(out: Path, predictor: Predictor) -> AnswerFile:
    """The format for a file name.

    Args:
        out: a name that `check_format` took.

    Raises:
        UserError: the answers are lines and nothing else.
    """
    form, suffix = predictor.form, out.suffix.lower()
    if suffix in (".tsv", ".txt"):
        return LineFile(predictor.line, form.header if form else None)
    if form is None:
        raise UserError("has answers that are lines alone", where=out, remedy="let it end in .txt")
    if suffix == ".parquet":
        return ParquetFile(form.columns)
    return LineFile(json_line)
