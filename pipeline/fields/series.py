"""Series: numbers over time, in one or several channels."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import math
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.fields.field import Field, read_bytes
from pipeline.fields.whole_series import StepRange, WholeSeries
from pipeline.workspace import atomic_file

Array = npt.NDArray[np.float32]
_SHOWN = 24
"""Steps of a series that people are shown."""
_STRETCH = re.compile(r"(series/[0-9a-f]+\.npy)\[(\d+):(\d+)\]")


@dataclasses.dataclass(frozen=True)
class Series(Field[Array]):
    """Numbers over time, float32 [time, channels]: an .npy file, `--file prices.csv`, a tensor.

    A value that is stored may be a `StepRange` of a long series, which then is in one file.

    Example:
        >>> Series("history", "daily prices").tensor
        Tensor(dtype='float32', shape='[n, time, channels]', description='daily prices')
    """

    dtype: ClassVar[str] = "float32"
    example_file: ClassVar[str] = "example.npy"
    example_imports: ClassVar[tuple[str, ...]] = ("numpy",)

    @property
    def shape(self) -> str:
        return "[n, time, channels]"

    def store(self, value: Array | StepRange, folder: Path) -> str:
        """Writes `series/<hash>.npy` below `folder`; for a stretch of a longer series the cell has
        its steps, `series/<hash>.npy[12:36]`."""
        if isinstance(value, StepRange):
            path = folder / "series" / f"{value.whole.digest[:16]}.npy"
            if not path.with_suffix(".json").exists():  # which is written last
                value.whole.save(path)
            return f"{path.relative_to(folder).as_posix()}[{value.start}:{value.stop}]"
        array = _checked(value)
        path = folder / "series" / f"{self.digest(array)[:16]}.npy"
        if not path.exists():
            _save(path, array)
        return path.relative_to(folder).as_posix()

    def load(self, cell: str, folder: Path) -> Array:
        (value,) = self.load_all([cell], folder)
        return value

    def load_all(self, cells: Sequence[str], folder: Path) -> list[Array]:
        return [
            value.values
            if isinstance(value, StepRange)
            else _load(io.BytesIO(read_bytes(folder / value)), folder / value)
            for value in self._located(cells, folder)
        ]

    def stretches(self, cells: Sequence[str], folder: Path) -> list[StepRange]:
        """The stretches of cells in their long series; each file is opened once.

        Raises:
            UserError: a file is gone or damaged.
            ValueError: a cell is no stretch.
        """
        located = self._located(cells, folder)
        stretches = [value for value in located if isinstance(value, StepRange)]
        if len(stretches) != len(located):
            raise ValueError("a series of its own is no stretch of another")
        return stretches

    def _located(self, cells: Sequence[str], folder: Path) -> list[StepRange | str]:
        """For each cell the stretch, or the cell itself if it names a file of its own."""
        wholes: dict[str, WholeSeries] = {}
        located: list[StepRange | str] = []
        for cell in cells:
            parts = _STRETCH.fullmatch(cell)
            if parts is None:
                located.append(cell)
                continue
            file = parts[1]
            if file not in wholes:
                wholes[file] = WholeSeries.load(folder / file)
            located.append(StepRange(wholes[file], int(parts[2]), int(parts[3])))
        return located

    def digest(self, value: Array) -> str:
        array = _checked(value)
        return hashlib.sha256(str(array.shape).encode() + array.tobytes()).hexdigest()

    def from_file(self, path: str) -> list[Array]:
        """One series: an .npy file, or a CSV file whose columns are channels.

        A header line and a first column that is no number (a date) are left out.
        """
        content = sys.stdin.buffer.read() if path == "-" else read_bytes(path)
        if content.startswith(b"\x93NUMPY"):
            return [_load(io.BytesIO(content), path)]
        return [_from_csv(content, path)]

    def show(self, value: Array) -> str:
        """Spaces between channels, semicolons between steps if there are several; only the end of a
        long series."""
        steps = np.asarray(value) + 0.0  # no -0
        between = " " if steps.shape[-1] == 1 else "; "
        shown = [" ".join(f"{number:g}" for number in step) for step in steps[-_SHOWN:]]
        before = [f"({len(steps) - _SHOWN:,} steps) …"] if len(steps) > _SHOWN else []
        return between.join([*before, *shown])

    def answer(self, line: str) -> str:
        """One step per line, if there are several channels."""
        return line.replace("; ", "\n")

    def unusual_values(self, example: Array) -> list[Array]:
        return [np.zeros_like(example), np.full_like(example, 1e6), -np.asarray(example)]

    def to_json(self, value: Array) -> Any:
        return value.tolist()

    def from_json(self, value: Any) -> Array:
        return _checked(value)

    def example_code(self, value: Array, file: str) -> str:
        return f'numpy.load("{file}")[None]'

    def write_example(self, value: Array, folder: Path) -> None:
        _save(folder / self.example_file, _checked(value))

    def read_example(self, folder: Path) -> Array:
        path = folder / self.example_file
        return _load(io.BytesIO(path.read_bytes()), path)


def _checked(value: npt.ArrayLike) -> Array:
    """Converts to float32 [time, channels].

    Raises:
        ValueError: it has another shape, or numbers that are not finite.
    """
    array = np.ascontiguousarray(value, dtype=np.float32)
    if array.ndim != 2:
        raise ValueError(f"a series is [time, channels], not {list(array.shape)}")
    if not np.isfinite(array).all():
        raise ValueError("a series holds finite numbers only")
    return array


def _save(path: Path, array: Array) -> None:
    with atomic_file(path) as temporary:
        np.save(temporary, array, allow_pickle=False)


def _load(file: io.BytesIO, where: object) -> Array:
    try:
        return _checked(np.load(file, allow_pickle=False))
    except (ValueError, OSError, EOFError) as error:
        raise UserError(f"is no series ({error})", where=where) from error


def _from_csv(content: bytes, where: object) -> Array:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError("is not UTF-8", where=where, remedy="save it as UTF-8") from None
    lines = list(enumerate(csv.reader(io.StringIO(text, newline="")), 1))
    rows = [(number, cells) for number, cells in lines if any(map(str.strip, cells))]
    if rows and not any(map(_is_number, rows[0][1])):
        rows = rows[1:]
    if not rows:
        raise UserError("holds no numbers", where=where, remedy="give one row per time step")
    first = 0 if _is_number(rows[0][1][0]) else 1
    width, values = len(rows[0][1]), []
    for number, cells in rows:
        if len(cells) != width:
            raise UserError(
                f"has {counted(len(cells), 'column')}, not {width}", where=f"{where}:{number}"
            )
        for cell in cells[first:]:
            if not _is_number(cell):
                raise UserError(
                    f"{cell!r} is no number", where=f"{where}:{number}", remedy="fill the gap"
                )
        values.append([float(cell) for cell in cells[first:]])
    return _checked(values)


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
