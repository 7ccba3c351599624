"""Turns outputs of a model into the JSON of an answer, as TensorFlow Serving writes it.

What is better here: an answer is always JSON. `NaN` is an error, for nobody could read it; an
infinite number is written `1e999`, which programs read as infinity.
"""

from __future__ import annotations

import base64
import json
import math
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.serving.request_error import RequestError

_BYTES = "_bytes"
"""What the name of an output ends in whose strings are no text."""
_FEW = 64
# What json cannot write, on its way to bytes: a string that no model gives.
_INFINITE = f"infinite-{secrets.token_hex(16)}"
_INFINITIES = {float("inf"): f"{_INFINITE}+", float("-inf"): f"{_INFINITE}-"}


def json_values(name: str, values: npt.NDArray[Any]) -> Any:
    """The values of an output in the form that `json` writes: nested lists, or one value.

    Args:
        name: of the output.
        values: strings as bytes in an array of objects.

    Raises:
        RequestError: 500, a number is NaN; 501, numbers of a type that JSON has no place for.

    Example:
        >>> plain("score", np.array([0.1, 2], np.float32))
        [0.1, 2.0]
    """
    kind = values.dtype.kind
    if kind in "OS":
        write = _as_base64 if name.endswith(_BYTES) else _as_text
        return _nested([write(value) for value in values.ravel().tolist()], values.shape)
    if kind in "biu":
        return values.tolist()
    if kind != "f":
        raise RequestError(501, f"Output {name}: {values.dtype.name} has no place in JSON")
    if np.isnan(values).any():
        raise RequestError(500, f"Output {name} holds NaN, which JSON cannot hold")
    if values.dtype == np.float64:
        numbers = values.ravel().tolist()
    elif values.size <= _FEW or values.dtype != np.float32:
        numbers = [float(str(number)) for number in values.ravel()]
    else:
        numbers = _shortest(values.ravel()).tolist()
    if np.isinf(values).any():
        numbers = [_INFINITIES.get(number, number) for number in numbers]
    return _nested(numbers, values.shape)


def answer_body(outputs: Mapping[str, Any], by_rows: bool) -> bytes:
    """The body of an answer to `:predict`.

    Args:
        outputs: name -> what `json_values` made of it.
        by_rows: whether it was asked by `instances`.

    Raises:
        RequestError: the outputs are not as many rows each, and cannot be answered by rows.
    """
    if not by_rows:
        values = next(iter(outputs.values())) if len(outputs) == 1 else outputs
        return to_json({"outputs": values})
    counts = {len(values) if isinstance(values, list) else -1 for values in outputs.values()}
    if len(counts) != 1 or -1 in counts:
        raise RequestError(
            400,
            "The outputs have different numbers of rows, or none: ask with 'inputs' in the place "
            "of 'instances'",
        )
    if len(outputs) == 1:
        return to_json({"predictions": next(iter(outputs.values()))})
    names = list(outputs)
    rows = zip(*outputs.values(), strict=True)
    return to_json({"predictions": [dict(zip(names, row, strict=True)) for row in rows]})


def to_json(value: object) -> bytes:
    """Encodes as UTF-8, without white space; the numbers come from `json_values`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if _INFINITE in text:
        text = text.replace(f'"{_INFINITE}+"', "1e999").replace(f'"{_INFINITE}-"', "-1e999")
    return text.encode("utf-8")


def _as_base64(value: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(value).decode("ascii")}


def _as_text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _nested(values: list[Any], shape: Sequence[int]) -> Any:
    """A flat list as nested lists of a shape."""
    if not shape:
        return values[0]
    for axis in range(len(shape) - 1, 0, -1):
        size = shape[axis]
        count = math.prod(shape[:axis])
        values = [values[i * size : (i + 1) * size] for i in range(count)]
    return values


# Powers of ten that float64 holds exactly.
_TENS = np.array([10.0**n for n in range(23)])


def _shortest(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """float32 as float64 values with the fewest digits that are read back as the same float32."""
    exact = values.astype(np.float64)
    size = np.abs(exact)
    usual = (size >= 1e-12) & (size < 1e9)
    exponent = np.floor(np.log10(np.where(usual, size, 1.0))).astype(np.int64)
    result, todo = exact.copy(), usual
    for digits in range(6, 10):
        places = digits - 1 - exponent
        up, down = _TENS[np.clip(places, 0, 22)], _TENS[np.clip(-places, 0, 22)]
        rounded = np.rint(exact * up / down) * down / up
        good = todo & (rounded.astype(np.float32) == values)
        result[good] = rounded[good]
        todo = todo & ~good
    return result
