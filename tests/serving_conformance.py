"""Requests and answers of TensorFlow Serving's REST protocol, as a table.

Each row: what it shows; model (and version, label or verb) in the path; body; status; answer. The
models are in `served_models.py`. An answer that is a string is a part of `error`. The first rows
are TensorFlow Serving's own published examples (docs of its RESTful API).
"""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

PREDICT = ":predict"


class Row(NamedTuple):
    """One request and its answer."""

    shows: str
    path: str
    body: Any
    status: int
    answer: Any


def b64(value: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(value).decode()}


def asked(signature: str, **body: Any) -> dict[str, Any]:
    return {"signature_name": signature, **body}


MANY = {"tag": "foo", "signal": [1, 2, 3, 4, 5], "sensor": [[1, 2], [3, 4]]}
MANY_TOO = {"tag": "bar", "signal": [3, 4, 1, 2, 5], "sensor": [[4, 5], [6, 8]]}
COLUMNS = {name: [MANY[name], MANY_TOO[name]] for name in MANY}
NUMBERS = {"whole": [1], "long": [2**40], "small": [255], "yes": [True], "wide": [0.1]}
THREE = "half_plus_three"
KINDS = "kinds"

TABLE = [
    # ---- the published examples
    Row(
        "predict",
        THREE + PREDICT,
        {"instances": [1.0, 2.0, 5.0]},
        200,
        {"predictions": [3.5, 4.0, 5.5]},
    ),
    Row(
        "regress",
        THREE + ":regress",
        asked("tensorflow/serving/regress", examples=[{"x": 1.0}, {"x": 2.0}]),
        200,
        {"results": [3.5, 4.0]},
    ),
    Row(
        "classify, a context that all examples share",
        THREE + ":classify",
        asked("classify_x_to_y", context={"x": 1.0}, examples=[{}, {"x": 2.0}]),
        200,
        {"results": [[["half plus three", 3.5]], [["half plus three", 4.0]]]},
    ),
    Row(
        "no such model",
        "half" + PREDICT,
        {"instances": [1.0, 5.0]},
        404,
        "Servable not found for request: Latest(half)",
    ),
    Row(
        "several inputs by rows",
        KINDS + PREDICT,
        {"instances": [MANY, MANY_TOO]},
        200,
        {"predictions": [{"tag": "foo", "total": 25.0}, {"tag": "bar", "total": 38.0}]},
    ),
    Row(
        "several inputs by columns",
        KINDS + PREDICT,
        {"inputs": COLUMNS},
        200,
        {"outputs": {"tag": ["foo", "bar"], "total": [25.0, 38.0]}},
    ),
    # ---- paths
    Row(
        "a version",
        THREE + "/versions/123" + PREDICT,
        {"instances": [1]},
        200,
        {"predictions": [3.5]},
    ),
    Row(
        "a label",
        THREE + "/labels/stable" + PREDICT,
        {"instances": [1]},
        200,
        {"predictions": [3.5]},
    ),
    Row(
        "no such label",
        THREE + "/labels/x" + PREDICT,
        {"instances": [1]},
        400,
        "Unrecognized servable version label: x",
    ),
    Row(
        "no such version",
        THREE + "/versions/7" + PREDICT,
        {"instances": [1]},
        404,
        "Specific(half_plus_three, 7)",
    ),
    Row(
        "a version that is no int64",
        THREE + "/versions/99999999999999999999" + PREDICT,
        {"instances": [1]},
        400,
        "to numeric",
    ),
    Row("no such verb", THREE + ":guess", {"instances": [1]}, 400, "Malformed request"),
    Row(
        "a label and a version",
        THREE + "/versions/1/labels/x" + PREDICT,
        {},
        400,
        "Malformed request",
    ),
    # ---- bodies
    Row("no body", THREE + PREDICT, b"", 400, "JSON Parse error"),
    Row("no JSON", THREE + PREDICT, b"{", 400, "JSON Parse error"),
    Row("no UTF-8", THREE + PREDICT, b'{"instances": ["\xff"]}', 400, "JSON Parse error"),
    Row(
        "a byte order mark",
        THREE + PREDICT,
        b'\xef\xbb\xbf{"instances": [1]}',
        200,
        {"predictions": [3.5]},
    ),
    Row("no object", THREE + PREDICT, [1], 400, "Is not object"),
    Row(
        "nested without end",
        THREE + PREDICT,
        b'{"instances": ' + b"[" * 100_000,
        400,
        "JSON Parse error",
    ),
    Row(
        "a number of 5,000 digits",
        THREE + PREDICT,
        b'{"instances": [' + b"1" * 5000 + b"]}",
        400,
        "JSON Parse error",
    ),
    Row("NaN is no JSON", THREE + PREDICT, b'{"instances": [NaN]}', 400, "NaN is no JSON"),
    Row(
        "Infinity is no JSON",
        THREE + PREDICT,
        b'{"instances": [-Infinity]}',
        400,
        "Infinity is no JSON",
    ),
    Row(
        "neither instances nor inputs",
        THREE + PREDICT,
        {"instance": [1]},
        400,
        "Missing 'inputs' or 'instances' key",
    ),
    Row("both", THREE + PREDICT, {"instances": [1], "inputs": [1]}, 400, "only one of"),
    Row("instances is no list", THREE + PREDICT, {"instances": 1}, 400, "to be a list"),
    Row("instances is empty", THREE + PREDICT, {"instances": []}, 400, "No values in 'instances'"),
    Row(
        "a signature's name is no string",
        THREE + PREDICT,
        asked(1, instances=[1]),
        400,
        "must be a string",
    ),
    Row(
        "no such signature",
        THREE + PREDICT,
        asked("x", instances=[1]),
        400,
        "not found in signature def",
    ),
    Row(
        "an empty name is the default",
        THREE + PREDICT,
        asked("", instances=[1]),
        200,
        {"predictions": [3.5]},
    ),
    # ---- rows and columns
    Row(
        "one input by its name",
        THREE + PREDICT,
        {"instances": [{"x": 1}]},
        200,
        {"predictions": [3.5]},
    ),
    Row(
        "a single input without its name", THREE + PREDICT, {"inputs": [1]}, 200, {"outputs": [3.5]}
    ),
    Row(
        "a single input with its name",
        THREE + PREDICT,
        {"inputs": {"x": [1]}},
        200,
        {"outputs": [3.5]},
    ),
    Row("no rows by columns", THREE + PREDICT, {"inputs": []}, 200, {"outputs": []}),
    Row(
        "a key too few",
        KINDS + PREDICT,
        {"instances": [{"tag": "a"}]},
        400,
        "keys must be equal to: sensor,signal,tag",
    ),
    Row(
        "a key too many",
        KINDS + PREDICT,
        {"instances": [{**MANY, "more": 1}]},
        400,
        "keys must be equal",
    ),
    Row(
        "a list in the place of an object",
        KINDS + PREDICT,
        {"instances": [MANY, [1]]},
        400,
        "Expecting object",
    ),
    Row(
        "an object in the place of a value",
        THREE + PREDICT,
        {"instances": [1, {"x": 1}]},
        400,
        "got object at item 1",
    ),
    Row(
        "a plain list for several inputs",
        KINDS + PREDICT,
        {"instances": ["a"]},
        400,
        "list of objects",
    ),
    Row(
        "a plain value for several inputs",
        KINDS + PREDICT,
        {"inputs": ["a"]},
        400,
        "expecting an object",
    ),
    Row(
        "a column is missing",
        KINDS + PREDICT,
        {"inputs": {"tag": ["a"]}},
        400,
        "Missing named input",
    ),
    Row(
        "more columns than inputs are ignored",
        THREE + PREDICT,
        {"inputs": {"x": [1], "y": 2}},
        200,
        {"outputs": [3.5]},
    ),
    Row(
        "columns of different lengths",
        KINDS + PREDICT,
        {"inputs": {**COLUMNS, "tag": ["a"]}},
        400,
        "different numbers of rows",
    ),
    Row(
        "one value for all rows",
        KINDS + PREDICT,
        asked("repeated", inputs={"text": ["a", "b"], "times": 2}),
        200,
        {"outputs": ["aa", "bb"]},
    ),
    Row(
        "which instances do not have",
        KINDS + PREDICT,
        asked("repeated", instances=[{"text": "a", "times": 2}]),
        400,
        "ask with 'inputs'",
    ),
    Row(
        "outputs of different lengths by columns",
        KINDS + PREDICT,
        asked("flat", inputs=["a b", "c"]),
        200,
        {"outputs": {"word": ["a", "b", "c"], "row": [0, 0, 1]}},
    ),
    Row(
        "a table is as wide as its fullest row",
        KINDS + PREDICT,
        asked("words", instances=["a b", "c"]),
        200,
        {
            "predictions": [
                {"word": ["a", "b"], "place": [0, 1]},
                {"word": ["c", ""], "place": [0, -1]},
            ]
        },
    ),
    # ---- shapes
    Row(
        "too shallow",
        KINDS + PREDICT,
        {"instances": [{**MANY, "sensor": [1, 2]}]},
        400,
        "has the shape",
    ),
    Row("too deep", THREE + PREDICT, {"instances": [[1]]}, 400, "has the shape"),
    Row(
        "another size than the signature's",
        KINDS + PREDICT,
        {"instances": [{**MANY, "signal": [1]}]},
        400,
        "has the shape",
    ),
    Row(
        "rows of different sizes",
        KINDS + PREDICT,
        {"instances": [MANY, {**MANY, "signal": [1]}]},
        400,
        "different sizes",
    ),
    Row(
        "a list among values", THREE + PREDICT, {"instances": [1, [2]]}, 400, "not of expected type"
    ),
    # ---- types
    Row(
        "a number for a string",
        KINDS + PREDICT,
        {"instances": [{**MANY, "tag": 1}]},
        400,
        "not of expected type: DT_STRING",
    ),
    Row(
        "a string for a number",
        THREE + PREDICT,
        {"instances": ["1"]},
        400,
        "not of expected type: DT_FLOAT",
    ),
    Row("null", THREE + PREDICT, {"instances": [None]}, 400, "not of expected type"),
    Row(
        "a boolean for a number",
        THREE + PREDICT,
        {"instances": [True]},
        400,
        "not of expected type",
    ),
    Row("an integer for a float", THREE + PREDICT, {"instances": [4]}, 200, {"predictions": [5.0]}),
    Row(
        "all kinds of numbers",
        KINDS + PREDICT,
        asked("numbers", inputs=NUMBERS),
        200,
        {"outputs": NUMBERS},
    ),
    Row(
        "a float for an integer",
        KINDS + PREDICT,
        asked("numbers", inputs={**NUMBERS, "whole": [1.0]}),
        400,
        "DT_INT32",
    ),
    Row(
        "beyond int32",
        KINDS + PREDICT,
        asked("numbers", inputs={**NUMBERS, "whole": [2**31]}),
        400,
        "DT_INT32",
    ),
    Row(
        "beyond int64",
        KINDS + PREDICT,
        asked("numbers", inputs={**NUMBERS, "long": [2**63]}),
        400,
        "DT_INT64",
    ),
    Row(
        "beyond uint8",
        KINDS + PREDICT,
        asked("numbers", inputs={**NUMBERS, "small": [-1]}),
        400,
        "DT_UINT8",
    ),
    Row(
        "a number for a boolean",
        KINDS + PREDICT,
        asked("numbers", inputs={**NUMBERS, "yes": [1]}),
        400,
        "DT_BOOL",
    ),
    Row(
        "an integer that float32 cannot hold",
        THREE + PREDICT,
        {"instances": [2**24 + 1]},
        400,
        "without loss",
    ),
    Row(
        "a float that float32 cannot hold",
        THREE + PREDICT,
        {"instances": [1e39]},
        400,
        "without loss",
    ),
    Row(
        "a float that no float can hold",
        THREE + PREDICT,
        b'{"instances": [1e999]}',
        400,
        "without loss",
    ),
    Row(
        "a type without JSON", KINDS + PREDICT, asked("complex", instances=[1]), 501, "DT_COMPLEX64"
    ),
    # ---- bytes
    Row(
        "base64 in, base64 out by the name",
        KINDS + PREDICT,
        asked("images", instances=[b64(b"\xff\x00"), b64(b"")]),
        200,
        {
            "predictions": [
                {"image_bytes": b64(b"\xff\x00"), "size": 2},
                {"image_bytes": b64(b""), "size": 0},
            ]
        },
    ),
    Row(
        "base64 in a row",
        KINDS + PREDICT,
        asked("images", instances=[{"image": b64(b"ab")}]),
        200,
        {"predictions": [{"image_bytes": b64(b"ab"), "size": 2}]},
    ),
    Row(
        "base64 as the only value",
        KINDS + PREDICT,
        asked("images", inputs=[b64(b"a")]),
        200,
        {"outputs": {"image_bytes": [b64(b"a")], "size": [1]}},
    ),
    Row(
        "base64 without its end",
        KINDS + PREDICT,
        asked("images", instances=[{"b64": "YQ"}]),
        200,
        {"predictions": [{"image_bytes": b64(b"a"), "size": 1}]},
    ),
    Row(
        "no base64",
        KINDS + PREDICT,
        asked("images", instances=[{"b64": "!"}]),
        400,
        "Unable to base64 decode",
    ),
    Row(
        "base64 and more",
        KINDS + PREDICT,
        asked("images", inputs=[{"b64": "YQ==", "x": 1}]),
        400,
        "not formatted correctly for base64",
    ),
    Row(
        "base64 for a number",
        THREE + PREDICT,
        {"instances": [b64(b"a")]},
        400,
        "not of expected type",
    ),
    Row(
        "text is UTF-8",
        KINDS + PREDICT,
        asked("images", instances=["가"]),
        200,
        {"predictions": [{"image_bytes": b64("가".encode()), "size": 3}]},
    ),
    Row(
        "half a surrogate pair",
        KINDS + PREDICT,
        b'{"signature_name": "images", "instances": ["\\ud800"]}',
        400,
        "surrogate",
    ),
    # ---- what the model says
    Row("NaN comes as an error", KINDS + PREDICT, asked("logarithm", instances=[-1]), 500, "NaN"),
    Row(
        "infinity comes as a number",
        KINDS + PREDICT,
        asked("logarithm", instances=[0]),
        200,
        {"predictions": [float("-inf")]},
    ),
    Row(
        "float32 with as few digits as it needs",
        KINDS + PREDICT,
        asked("logarithm", instances=[1.5]),
        200,
        {"predictions": [0.4054651]},
    ),
    Row("what the model refuses", KINDS + PREDICT, asked("strict", instances=["bad"]), 400, ""),
    # ---- classify and regress
    Row(
        "regress of a signature for predict",
        THREE + ":regress",
        {"examples": [{"x": 1.0}]},
        400,
        "Was: tensorflow/serving/predict",
    ),
    Row("no examples", THREE + ":regress", asked("tensorflow/serving/regress"), 400, "'examples'"),
    Row(
        "an example is no object",
        THREE + ":regress",
        asked("tensorflow/serving/regress", examples=[1]),
        400,
        "Example must be JSON object",
    ),
    Row(
        "a feature of two types",
        THREE + ":regress",
        asked("tensorflow/serving/regress", examples=[{"x": [1.0, "a"]}]),
        400,
        "different types",
    ),
    Row(
        "a feature is an object",
        THREE + ":regress",
        asked("tensorflow/serving/regress", examples=[{"x": {"y": 1}}]),
        400,
        "unexpected value",
    ),
    Row(
        "a feature is missing",
        THREE + ":regress",
        asked("tensorflow/serving/regress", examples=[{}]),
        400,
        "",
    ),
]


def body_of(row: Row) -> bytes:
    """What is sent."""
    return row.body if isinstance(row.body, bytes) else json.dumps(row.body).encode()
