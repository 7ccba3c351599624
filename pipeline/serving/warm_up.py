"""Warms up a model after loading, and finds out how its rows can be joined."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.export.warm_up_requests import read_warm_up
from pipeline.serving.request_error import RequestError
from pipeline.serving.rows import RowRules, Tensors
from pipeline.serving.signature import ServedSignature, TensorInfo

Ask = Callable[[Mapping[str, npt.NDArray[Any]]], Tensors]


def row_rules(signature: ServedSignature, ask: Ask, folder: Path) -> RowRules | None:
    """How rows of several requests can be joined; None if each request must be computed alone.

    Rows go together where all inputs and outputs have a row for each. What is no row shows when
    one row, three rows and one empty text are asked about: of entities one behind the other there
    are none in an empty text. Where an output is a table as wide as its fullest row, an empty text
    beside the example shows what stands in unused cells. A table of which more than one axis
    follows the rows beside it (of attention) is asked alone.

    Args:
        signature: of the model.
        ask: calls it.
        folder: of the SavedModel, where an example may lie.
    """
    asked = next(_answered(signature, ask, folder), None)
    if not signature.has_rows or signature.has_wide_tables:
        return None
    if asked is None:
        return None if signature.tables else RowRules()
    row, answer = asked
    three = {name: np.repeat(values, 3, axis=0) for name, values in row.items()}
    if _rows(answer) != {1} or _rows(ask(three)) != {3}:
        return None
    texts = [name for name, info in signature.inputs.items() if _is_text(info)]
    if len(texts) != len(signature.inputs):
        # A table is as wide as its input then, and only rows of one shape go together.
        return RowRules()
    empty = {name: _strings([b""]) for name in texts}
    both = {name: np.concatenate([empty[name], row[name]]) for name in texts}
    try:
        if _rows(ask(empty)) != {1}:
            return None
        answer = ask(both)
    except RequestError:  # an empty text is none to it: a picture
        return None if signature.tables else RowRules()
    padding = {name: _unused(answer[name]) for name in signature.tables}
    return None if None in padding.values() else RowRules(padding)


def _rows(outputs: Mapping[str, npt.NDArray[Any]]) -> set[int]:
    return {len(values) if values.ndim else -1 for values in outputs.values()}


def _is_text(info: TensorInfo) -> bool:
    return info.dtype == "string" and info.shape == (None,)


def _unused(table: npt.NDArray[Any]) -> Any:
    """The value of all cells of the first row; None if there are none, or different ones."""
    cells = table[0].ravel().tolist()
    return cells[0] if cells and all(cell == cells[0] for cell in cells) else None


def _answered(
    signature: ServedSignature, ask: Ask, folder: Path
) -> Iterator[tuple[Tensors, Tensors]]:
    """A request of one row that the model can answer, and the answer."""
    for question in _questions(signature, folder):
        try:
            yield question, ask(question)
        except (RequestError, TypeError):  # TypeError: numbers that numpy has no type for
            continue


def _questions(signature: ServedSignature, folder: Path) -> Iterator[Tensors]:
    """Candidates for requests: those stored with the model, and made-up ones of the right shape."""
    for request in read_warm_up(folder):
        if request.signature == signature.name and request.inputs.keys() == signature.inputs.keys():
            # Of a request of several rows the first.
            rows = slice(1) if signature.has_rows else ...
            yield {name: values[rows] for name, values in request.inputs.items()}
    for text in ("가 a".encode(), b""):
        yield {name: _value(info, text) for name, info in signature.inputs.items()}


def _value(info: TensorInfo, text: bytes) -> npt.NDArray[Any]:
    """One row for an input: a text, or ones."""
    shape = tuple(1 if size is None else size for size in info.shape or ())
    if info.dtype == "string":
        return _strings([text] * math.prod(shape)).reshape(shape)
    return np.ones(shape, info.dtype)


def _strings(values: list[bytes]) -> npt.NDArray[Any]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
