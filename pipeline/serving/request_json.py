"""From the JSON of a request to tensors, as TensorFlow Serving's REST protocol has it.

https://www.tensorflow.org/tfx/serving/api_rest. What is stricter here: `NaN` and `Infinity`, which
are no JSON, are refused, and so is a number that its type cannot hold.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import json
import re
from collections.abc import Mapping
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.serving.request_error import RequestError, shown
from pipeline.serving.signature import ServedSignature, TensorInfo

Tensors = dict[str, npt.NDArray[Any]]

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


class Question(NamedTuple):
    """What a body asks.

    Attributes:
        tensors: name of an input -> its values.
        by_rows: whether it was asked by `instances`, and the answer is `predictions`.
    """

    tensors: Tensors
    by_rows: bool


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def parse_body(body: bytes | bytearray) -> dict[str, Any]:
    """The JSON object of a request.

    Raises:
        RequestError: it is none.
    """
    if not body:
        raise RequestError(400, "JSON Parse error: The document is empty")
    if body.startswith(codecs.BOM_UTF8):
        body = body[len(codecs.BOM_UTF8) :]
    try:
        document = _DECODER.decode(body.decode("utf-8"))
    except RecursionError:
        raise RequestError(400, "JSON Parse error: nested too deeply") from None
    except ValueError as error:
        raise RequestError(400, f"JSON Parse error: {str(error)[:200]}") from None
    if not isinstance(document, dict):
        raise RequestError(400, f"JSON Value: {shown(document)} Is not object")
    return document


def signature_name(document: Mapping[str, Any]) -> str:
    """The signature that is asked; `serving_default` where none is named.

    Raises:
        RequestError: its name is no string.
    """
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise RequestError(400, "'signature_name' key must be a string value.")
    return name or "serving_default"


def read_question(document: Mapping[str, Any], signature: ServedSignature) -> Question:
    """The tensors that a body of `:predict` holds, by `instances` or by `inputs`.

    Args:
        document: `parse_body` of it.
        signature: that is asked.

    Raises:
        RequestError: they are not what the signature takes.

    Example:
        >>> text = ServedSignature("serving_default", {"text": TensorInfo("string", (None,))}, {})
        >>> read_question({"instances": ["좋다"]}, text).tensors["text"].tolist()
        [b'\\xec\\xa2\\x8b\\xeb\\x8b\\xa4']
    """
    by_rows = "instances" in document
    if by_rows == ("inputs" in document):
        raise RequestError(
            400,
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"
            if by_rows
            else "Missing 'inputs' or 'instances' key",
        )
    if by_rows:
        for name, info in signature.inputs.items():
            if info.shape == ():
                raise RequestError(
                    400, f"Input {name} is one value for all rows: ask with 'inputs'"
                )
        values = _columns(document["instances"], signature.inputs)
    else:
        values = _named(document["inputs"], signature.inputs)
    tensors = {
        name: to_array(value, name, signature.inputs[name]) for name, value in values.items()
    }
    if signature.has_rows:
        rows = {len(array) for array in tensors.values()}
        if len(rows) > 1:
            raise RequestError(400, "the inputs have different numbers of rows")
    return Question(tensors, by_rows)


def _is_object(value: object) -> bool:
    return isinstance(value, dict) and not _is_base64(value)


def _is_base64(value: object) -> bool:
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def _columns(rows: object, inputs: Mapping[str, TensorInfo]) -> dict[str, list[Any]]:
    """The rows of `instances`, one input after the other."""
    if not isinstance(rows, list):
        raise RequestError(400, "Expecting 'instances' to be a list/array")
    if not rows:
        raise RequestError(400, "No values in 'instances' array")
    if not _is_object(rows[0]):
        if len(inputs) != 1:
            raise RequestError(
                400,
                "instances is a plain list, but expecting list of objects as multiple input "
                f"tensors required: {', '.join(sorted(inputs))}",
            )
        for number, row in enumerate(rows):
            if isinstance(row, dict) and _is_object(row):
                raise RequestError(
                    400, f"Expecting value/list but got object at item {number} of input list"
                )
        return {next(iter(inputs)): rows}
    names = inputs.keys()
    for number, row in enumerate(rows):
        if not _is_object(row):
            raise RequestError(400, f"Expecting object but got list at item {number} of input list")
        if row.keys() != names:
            raise RequestError(
                400,
                f"Failed to process element: {number} of 'instances' list. JSON object: "
                f"{shown(row)} keys must be equal to: {','.join(sorted(names))}",
            )
    return {name: [row[name] for row in rows] for name in inputs}


def _named(value: object, inputs: Mapping[str, TensorInfo]) -> dict[str, Any]:
    """The values of `inputs`."""
    if not isinstance(value, dict) or _is_base64(value):
        if len(inputs) != 1:
            raise RequestError(
                400,
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                f"required: {', '.join(sorted(inputs))}",
            )
        return {next(iter(inputs)): value}
    for name in inputs:
        if name not in value:
            raise RequestError(400, f"Missing named input: {name} in 'inputs' object.")
    return {name: value[name] for name in inputs}


def to_array(value: object, name: str, info: TensorInfo) -> npt.NDArray[Any]:
    """A JSON value as a tensor; strings are bytes in an array of objects.

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
                    f"expected {size} values, got {shown(item)}",
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
        f"Input {name}: Cannot convert JSON value: {shown(value)} to {dtype.name} without loss of "
        "precision.",
    )


def _type_error(value: object, name: str, info: TensorInfo) -> RequestError:
    kind = _KINDS.get(type(value), "?")
    return RequestError(
        400,
        f"Input {name}: JSON Value: {shown(value)} Type: {kind} is not of expected type: "
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
        if not _is_base64(value):
            raise RequestError(
                400,
                f"Input {name}: JSON Value: {shown(value)} not formatted correctly for base64 data",
            )
        return decode_base64(value["b64"], name)
    raise _type_error(value, name, info)


def decode_base64(text: str, name: str) -> bytes:
    """The bytes; white space in them and `=` at the end may be there or not.

    Raises:
        RequestError: it is no base64.
    """
    text = _SPACE.sub("", text).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise RequestError(400, f"Input {name}: Unable to base64 decode") from None
