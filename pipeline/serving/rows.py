"""Joins rows of several requests into one call of a model, and splits rows of one request."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.serving.request_error import RequestError

Array = npt.NDArray[Any]
Tensors = dict[str, Array]

_MAX_CELLS = 1 << 24
"""Of a table that is put together of several calls, as of one that a model gives."""


@dataclasses.dataclass(frozen=True)
class RowRules:
    """How the rows of a signature can be joined and split.

    Attributes:
        padding: name of an output that is a table -> what stands in its unused cells. A table has
            as many columns as the fullest row of a call needs, so that the rows beside it would
            show in the answer of another request.
    """

    padding: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def taken(self, outputs: Mapping[str, Array], rows: slice) -> Tensors:
        """The outputs of some rows, as if they had been computed alone."""
        taken = {name: values[rows] for name, values in outputs.items()}
        if not self.padding:
            return taken
        width = self._width(taken)
        return {
            name: values[:, :width] if name in self.padding else values
            for name, values in taken.items()
        }

    def _width(self, outputs: Mapping[str, Array]) -> int:
        """The number of columns that a row uses."""
        width = 0
        for name, padding in self.padding.items():
            values = outputs[name]
            used = values != padding
            used = used.reshape(*values.shape[:2], -1).any(axis=(0, 2)) if values.size else used
            if values.size and used.any():
                width = max(width, int(np.flatnonzero(used)[-1]) + 1)
        return width

    def joined(self, parts: Sequence[Mapping[str, Array]]) -> Tensors:
        """The outputs of several calls, concatenated."""
        if len(parts) == 1:
            return dict(parts[0])
        return {name: self._concatenated(name, parts) for name in parts[0]}

    def _concatenated(self, name: str, parts: Sequence[Mapping[str, Array]]) -> Array:
        arrays = [part[name] for part in parts]
        if name in self.padding:
            width = max(array.shape[1] for array in arrays)
            cells = width * sum(map(len, arrays))
            if cells > _MAX_CELLS:
                raise RequestError(
                    400,
                    f"Output {name} would be a table of {cells:,} cells: ask for fewer rows, or "
                    "with a signature that gives no tables",
                )
            arrays = [_widened(array, width, self.padding[name]) for array in arrays]
        return np.concatenate(arrays)


def _widened(array: Array, width: int, padding: Any) -> Array:
    wide = np.full((len(array), width, *array.shape[2:]), padding, array.dtype)
    wide[:, : array.shape[1]] = array
    return wide


def row_count(tensors: Mapping[str, Array]) -> int:
    """The number of rows of inputs."""
    return len(next(iter(tensors.values())))


def row_sizes(tensors: Mapping[str, Array]) -> npt.NDArray[np.int64]:
    """The size of each row in bytes: strings as they are, 4 for a number."""
    sizes = np.zeros(row_count(tensors), np.int64)
    for array in tensors.values():
        if array.dtype == object:
            lengths = np.fromiter(map(len, array.ravel().tolist()), np.int64, array.size)
            sizes += lengths.reshape(len(array), -1).sum(axis=1)
        else:
            sizes += 4 * (array.size // max(1, len(array)))
    return sizes


def size_of(tensors: Mapping[str, Array]) -> int:
    """The size of all rows together, or of tensors without rows."""
    return sum(
        sum(map(len, array.ravel().tolist())) if array.dtype == object else 4 * array.size
        for array in tensors.values()
    )


def split(tensors: Mapping[str, Array], max_rows: int, max_size: int) -> list[Tensors]:
    """Splits rows into parts of at most this many rows and at most this size; a larger row is a
    part of its own."""
    ends, total, start = [], 0, 0
    for row, size in enumerate(row_sizes(tensors).tolist()):
        if row > start and (row - start == max_rows or total + size > max_size):
            ends.append(row)
            start, total = row, 0
        total += size
    edges = [0, *ends, row_count(tensors)]
    return [
        {name: array[first:last] for name, array in tensors.items()}
        for first, last in zip(edges, edges[1:], strict=False)
    ]


def merged(requests: Sequence[Mapping[str, Array]]) -> Tensors:
    """The rows of several requests, concatenated."""
    if len(requests) == 1:
        return dict(requests[0])
    return {name: np.concatenate([r[name] for r in requests]) for name in requests[0]}


def shape_of_row(tensors: Mapping[str, Array]) -> tuple[Any, ...]:
    """The properties that two requests must share to be computed in one call."""
    return tuple(array.shape[1:] for array in tensors.values())
