"""Converts JSON values to tensors: shapes, types, bytes.

Stricter than TensorFlow Serving: a number that its type cannot hold is refused.
"""

from __future__ import annotations

import base64
import binascii
import re
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.serving.request_error import RequestError, shortened_value
from pipeline.serving.signature import TensorInfo

_MAX_AXES = 32
_SPACE = re.compile(r"\s+")
_KINDS: dict[type, str] = {
    int: "Number",
    float: "Number",
    str: "String",
    bool: "Boolean",
    type(None): "Null",
    dict: "Object",
    list: "Array",
}


def is_base64(value: object) -> bool:
    """Whether a value is `{"b64": "…"}`."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def to_array(value: object, name: str, info: TensorInfo) -> npt.NDArray[Any]:
    """Converts a JSON value to a tensor; strings become bytes in an array of objects.

    Args:
        value: a number, string, boolean or `{"b64": …}`, or lists of them in lists.
        name: of the input, for the error.
        info: what it must be.

    Raises:
        RequestError: it has another shape or type.
    """
    shape: list[int] = []
    inner = value
    while isinstance(inner, list):
        shape.append(len(inner))
        if not inner or len(shape) > _MAX_AXES:
            break
        inner = inner[0]
    _check_shape(shape, name, info)
    leaves: list[Any] = value if isinstance(value, list) else [value]
    for level, size in enumerate(shape[1:], 1):
        for item in leaves:
            if not isinstance(item, list) or len(item) != size:
                raise RequestError(
                    400,
                    f"Input {name}: lists of different sizes at level {level}: "
                    f"expected {size} values, got {shortened_value(item)}",
                )
        leaves = list(chain.from_iterable(leaves))
    return _converted(leaves, name, info).reshape(shape)


def _check_shape(shape: list[int], name: str, info: TensorInfo) -> None:
    if info.shape is None:
        fits = len(shape) <= _MAX_AXES
    else:
        # A list of nothing does not say how deep it would have been.
        open_end = bool(shape) and shape[-1] == 0
        fits = len(shape) == len(info.shape) or (open_end and len(shape) < len(info.shape))
        fits = fits and all(
            wanted is None or wanted == size
            for size, wanted in zip(shape, info.shape, strict=False)
        )
    if not fits:
        wanted = ["?" if n is None else n for n in info.shape or ()]
        raise RequestError(
            400,
            f"Input {name} has the shape [{','.join(map(str, shape))}]; "
            f"expected [{','.join(map(str, wanted))}]",
        )
    while info.shape is not None and len(shape) < len(info.shape):
        shape.append(info.shape[len(shape)] or 0)


def _converted(leaves: list[Any], name: str, info: TensorInfo) -> npt.NDArray[Any]:
    dtype = info.dtype
    if dtype == "string":
        array = np.empty(len(leaves), dtype=object)
        array[:] = [_to_bytes(leaf, name, info) for leaf in leaves]
        return array
    if dtype in ("float32", "float64"):
        allowed: tuple[type, ...] = (float, int)
    elif dtype == "bool":
        allowed = (bool,)
    elif dtype.removeprefix("u") in ("int8", "int16", "int32", "int64"):
        allowed = (int,)
    else:
        raise RequestError(501, f"Input {name}: conversion of JSON to {info.data_type}")
    if not set(map(type, leaves)) <= {*allowed}:
        raise _type_error(next(leaf for leaf in leaves if type(leaf) not in allowed), name, info)
    if float in allowed:
        return _floats(leaves, name, np.dtype(dtype))
    if dtype != "bool" and leaves:
        limits = np.iinfo(dtype)
        for number in (min(leaves), max(leaves)):
            if not limits.min <= number <= limits.max:
                raise _type_error(number, name, info)
    return np.array(leaves, dtype)


def _floats(leaves: list[Any], name: str, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    largest = 2 ** (np.finfo(dtype).nmant + 1) - 1
    for leaf in leaves:
        if type(leaf) is int and abs(leaf) > largest:
            raise _lossy(leaf, name, dtype)
    with np.errstate(over="ignore"):
        array = np.array(leaves, np.float64).astype(dtype)
    infinite = np.isinf(array)
    if infinite.any():
        raise _lossy(leaves[int(infinite.argmax())], name, dtype)
    return array


def _lossy(value: object, name: str, dtype: np.dtype[Any]) -> RequestError:
    return RequestError(
        400,
        f"Input {name}: Cannot convert JSON value: {shortened_value(value)} to {dtype.name} "
        "without loss of precision.",
    )


def _type_error(value: object, name: str, info: TensorInfo) -> RequestError:
    kind = _KINDS.get(type(value), "?")
    return RequestError(
        400,
        f"Input {name}: JSON Value: {shortened_value(value)} Type: {kind} is not of expected type: "
        f"{info.data_type}",
    )


def _to_bytes(value: object, name: str, info: TensorInfo) -> bytes:
    if isinstance(value, str):
        try:
            return value.encode("utf-8")
        except UnicodeEncodeError:
            raise RequestError(
                400, f"Input {name}: JSON Parse error: half a surrogate pair in a string"
            ) from None
    if isinstance(value, dict):
        if not is_base64(value):
            raise RequestError(
                400,
                f"Input {name}: JSON Value: {shortened_value(value)} not formatted correctly for "
                "base64 data",
            )
        return decode_base64(value["b64"], name)
    raise _type_error(value, name, info)


def decode_base64(text: str, name: str) -> bytes:
    """Decodes base64; white space and the `=` at the end are optional.

    Raises:
        RequestError: it is no base64.
    """
    text = _SPACE.sub("", text).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise RequestError(400, f"Input {name}: Unable to base64 decode") from None
