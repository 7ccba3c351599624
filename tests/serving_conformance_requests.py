"""Rows about requests: what is asked of which model, and how a body names its inputs.

The first rows are TensorFlow Serving's own published examples (docs of its RESTful API).
"""

from __future__ import annotations

from serving_conformance import COLUMNS, KINDS, MANY, MANY_TOO, PREDICT, THREE, Row, asked

REQUESTS = [
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
]
