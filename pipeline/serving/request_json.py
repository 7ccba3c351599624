"""Parses the JSON of requests into tensors, by TensorFlow Serving's REST protocol.

https://www.tensorflow.org/tfx/serving/api_rest. What is stricter here: `NaN` and `Infinity`, which
are no JSON, are refused, and so is a number that its type cannot hold.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy.typing as npt

from pipeline.serving.json_tensors import is_base64, to_array
from pipeline.serving.request_error import RequestError, shortened_value
from pipeline.serving.signature import ServedSignature, TensorInfo

Tensors = dict[str, npt.NDArray[Any]]


class ParsedRequest(NamedTuple):
    """A parsed request to `:predict`.

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
    """Parses the JSON object of a request.

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
        raise RequestError(400, f"JSON Value: {shortened_value(document)} Is not object")
    return document


def signature_name(document: Mapping[str, Any]) -> str:
    """The name of the requested signature; `serving_default` by default.

    Raises:
        RequestError: its name is no string.
    """
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise RequestError(400, "'signature_name' key must be a string value.")
    return name or "serving_default"


def read_question(document: Mapping[str, Any], signature: ServedSignature) -> ParsedRequest:
    """Reads the tensors of a body of `:predict`, from `instances` or from `inputs`.

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
    return ParsedRequest(tensors, by_rows)


def _is_object(value: object) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _columns(rows: object, inputs: Mapping[str, TensorInfo]) -> dict[str, list[Any]]:
    """The rows of `instances`, grouped by input."""
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
                f"{shortened_value(row)} keys must be equal to: {','.join(sorted(names))}",
            )
    return {name: [row[name] for row in rows] for name in inputs}


def _named(value: object, inputs: Mapping[str, TensorInfo]) -> dict[str, Any]:
    """The values of `inputs` by name."""
    if not isinstance(value, dict) or is_base64(value):
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
