"""Rows about values: shapes, types and bytes that go in, numbers that come out, and examples."""

from __future__ import annotations

from serving_conformance import KINDS, MANY, NUMBERS, PREDICT, THREE, Row, asked, b64

VALUES = [
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
