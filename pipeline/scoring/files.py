"""Finds out the kinds of the input and output files by their names."""

from __future__ import annotations

import dataclasses
from pathlib import PurePosixPath

from pipeline.errors import UserError
from pipeline.scoring.settings import FileSettings, InputKind, OutputKind

_COMPRESSED = (".gz", ".xz", ".bz2", ".zst")
_INPUTS: dict[str, InputKind] = {
    ".txt": "text",
    ".parquet": "parquet",
    ".tfrecord": "tfrecord",
    ".tfrecords": "tfrecord",
}
_OUTPUTS: dict[str, OutputKind] = {
    ".jsonl": "jsonl",
    ".parquet": "parquet",
    ".tfrecord": "tfrecord",
    ".tfrecords": "tfrecord",
}


@dataclasses.dataclass(frozen=True)
class Output:
    """The output files.

    Attributes:
        kind: how they are written.
        prefix, suffix: what the name of each part begins and ends with.
    """

    kind: OutputKind
    prefix: str
    suffix: str

    @property
    def parts(self) -> str:
        """A pattern that matches all parts."""
        return f"{self.prefix}-*-of-*{self.suffix}"


def input_kind(files: FileSettings) -> InputKind:
    """The kind of the input files.

    Raises:
        UserError: its name does not tell.
    """
    kind = files.input_kind or _INPUTS.get(_split_suffix(files.input)[1])
    if kind is None:
        raise UserError(
            "its name does not say what kind of file it is",
            where=files.input,
            remedy="say it: --input-kind text, parquet or tfrecord",
        )
    return kind


def check_columns(files: FileSettings, kind: InputKind) -> None:
    """Refuses to look for columns in text files.

    Raises:
        UserError: --text-column or --id-column is set, and the input is lines of text.
    """
    asked = {
        "--text-column": files.text_column != FileSettings.text_column,
        "--id-column": files.id_column is not None,
    }
    for option, is_set in asked.items():
        if kind == "text" and is_set:
            raise UserError(
                "a text file has no columns",
                where=option,
                remedy="leave it out: each line is a text, and `row` is its number",
            )


def output_of(files: FileSettings) -> Output:
    """The output: its kind by its name, or else that of the input.

    Raises:
        UserError: neither the name of the output nor that of the input tells what kind of file is
            meant.
    """
    prefix, suffix = _split_suffix(files.output)
    named = _OUTPUTS.get(suffix)
    kind = files.output_kind or named
    if kind is None:
        given = input_kind(files)
        kind = "jsonl" if given == "text" else given
    if named is None:
        return Output(kind, files.output, f".{kind}")
    return Output(kind, prefix, files.output[len(prefix) :])


def _split_suffix(name: str) -> tuple[str, str]:
    """Splits a name into stem and suffix, without the suffix of a compression."""
    path = PurePosixPath(name)
    compression = path.suffix if path.suffix in _COMPRESSED else ""
    plain = name.removesuffix(compression)
    suffix = PurePosixPath(plain).suffix
    return plain.removesuffix(suffix), suffix
