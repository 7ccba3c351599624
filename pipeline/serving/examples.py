"""The methods `:classify` and `:regress`: JSON to `tf.train.Example`s, and results to JSON.

For models that were written for them, by TensorFlow's estimators for instance; the models of this
project are asked with `:predict`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from tensorflow.core.example import example_pb2, feature_pb2

from pipeline.serving.answer_json import to_json
from pipeline.serving.json_tensors import decode_base64
from pipeline.serving.request_error import RequestError, shortened_value
from pipeline.serving.request_json import Tensors
from pipeline.serving.signature import CLASSIFY, REGRESS, ServedSignature

_INT64 = 2**63
_FLOAT_MAX = float(np.finfo(np.float32).max)


def read_examples(document: Mapping[str, Any], signature: ServedSignature, verb: str) -> Tensors:
    """The serialized examples of a request.

    Args:
        document: the body: `examples`, and perhaps `context`, which all of them share.
        signature: that is asked.
        verb: "classify" or "regress".

    Raises:
        RequestError: the signature is for something else, or the body is not as it must be.
    """
    method = CLASSIFY if verb == "classify" else REGRESS
    if signature.method != method:
        raise RequestError(
            400, f"Expected {verb} signature method_name to be {method}. Was: {signature.method}"
        )
    examples = document.get("examples")
    if not isinstance(examples, list) or not examples:
        raise RequestError(400, f"When method is {verb}, key 'examples' must be a list of values")
    context = _features(document.get("context", {}))
    serialized = np.empty(len(examples), dtype=object)
    for number, values in enumerate(examples):
        features = {**context, **_features(values)}
        example = example_pb2.Example(features=feature_pb2.Features(feature=features))
        serialized[number] = example.SerializeToString()
    return {"inputs": serialized}


def _features(values: object) -> dict[str, feature_pb2.Feature]:
    if not isinstance(values, dict):
        raise RequestError(400, f"Example must be JSON object but got {shortened_value(values)}")
    return {
        name: _feature(name, value if isinstance(value, list) else [value])
        for name, value in values.items()
    }


def _feature(name: str, values: list[Any]) -> feature_pb2.Feature:
    read = [_value(name, value) for value in values]
    kinds = set(map(type, read))
    if len(kinds) > 1:
        raise RequestError(400, f"Feature: {name} has elements of different types")
    if kinds == {bytes}:
        return feature_pb2.Feature(bytes_list=feature_pb2.BytesList(value=read))
    if kinds == {float}:
        return feature_pb2.Feature(float_list=feature_pb2.FloatList(value=read))
    if kinds == {int}:
        return feature_pb2.Feature(int64_list=feature_pb2.Int64List(value=read))
    return feature_pb2.Feature()


def _value(name: str, value: object) -> bytes | float | int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return value
    if isinstance(value, float) and abs(value) <= _FLOAT_MAX:
        return value
    if isinstance(value, str):
        try:
            return value.encode("utf-8")
        except UnicodeEncodeError:
            raise RequestError(400, f"Feature: {name} has half a surrogate pair") from None
    if isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str):
        return decode_base64(value["b64"], name)
    raise RequestError(
        400, f"Feature: {name} has element with unexpected value {shortened_value(value)}"
    )


def results_body(verb: str) -> Callable[[Mapping[str, Any]], bytes]:
    """The body of an answer: a label and a score per class for each example, or one number per
    example."""
    return _classes if verb == "classify" else _values


def _classes(outputs: Mapping[str, Any]) -> bytes:
    scores, labels = outputs.get("scores"), outputs.get("classes")
    given = scores if scores is not None else labels
    if given is None:
        raise RequestError(400, "the signature gives neither classes nor scores")
    rows = []
    for number in range(len(given)):
        row_scores = [0.0] * len(given[number]) if scores is None else scores[number]
        row_labels = [""] * len(given[number]) if labels is None else labels[number]
        rows.append([list(pair) for pair in zip(row_labels, row_scores, strict=True)])
    return to_json({"results": rows})


def _values(outputs: Mapping[str, Any]) -> bytes:
    values = outputs.get("outputs")
    if values is None:
        raise RequestError(400, "the signature gives no outputs")
    return to_json({"results": [v[0] if isinstance(v, list) else v for v in values]})
