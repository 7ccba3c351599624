"""The protocol as pure functions: requests to tensors, outputs to answers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline.serving.answer_json import answer_body, json_values, to_json
from pipeline.serving.json_tensors import to_array
from pipeline.serving.paths import Target, read_path
from pipeline.serving.reading import as_far_as_read
from pipeline.serving.request_error import RequestError
from pipeline.serving.request_json import parse_body, read_question
from pipeline.serving.rows import RowRules, merged, row_count, row_sizes, split
from pipeline.serving.signature import ServedSignature, TensorInfo


def signature(**inputs: TensorInfo) -> ServedSignature:
    return ServedSignature("serving_default", inputs, {"y": TensorInfo("float32", (None,))})


def outcome(function, *arguments):
    """What it gives, or how it refuses."""
    try:
        return function(*arguments)
    except RequestError as error:
        return error


def finite(dtype):
    width = 8 * np.dtype(dtype).itemsize
    return arrays.arrays(
        dtype,
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
        elements=st.floats(allow_nan=False, allow_infinity=False, width=width),
    )


@given(finite("float32") | finite("float64"))
def test_numbers_go_out_and_come_back_as_they_were(array):
    body = to_json({"values": json_values("x", array)})
    shape = tuple(None for _ in array.shape)
    info = TensorInfo(array.dtype.name, shape)
    again = to_array(json.loads(body)["values"], "x", info)
    assert again.dtype == array.dtype
    if array.size:
        assert np.array_equal(again, array)


@given(st.integers(0, 2**32 - 1))
def test_many_float32_are_written_as_numpy_writes_one(seed):
    random = np.random.default_rng(seed)
    array = np.concatenate(
        [
            random.integers(0, 2**32, 300, np.uint32).view(np.float32),  # of all sizes
            random.random(300, np.float32),
            random.integers(-99, 99, 100).astype(np.float32) / 8,
        ]
    )
    array = array[np.isfinite(array)]
    written = json_values("x", array)
    assert np.array_equal(np.array(written, np.float32), array)
    usual = (np.abs(array) > 1e-11) & (np.abs(array) < 1e8)
    for index in np.flatnonzero(usual):
        assert len(repr(written[index])) <= len(repr(float(str(array[index]))))


@given(st.lists(st.binary(max_size=9), max_size=9))
def test_bytes_go_out_and_come_back(values):
    array = np.empty(len(values), object)
    array[:] = values
    body = json.loads(to_json(json_values("x_bytes", array)))
    again = to_array(body, "x", TensorInfo("string", (None,)))
    assert again.tolist() == values


def test_infinity_is_json():
    values = json_values("x", np.array([np.inf, 1, -np.inf], np.float32))
    body = to_json({"x": values, "text": "Infinity"})
    strict = json.loads(body, parse_constant=lambda word: pytest.fail(word))
    assert strict == {"x": [float("inf"), 1.0, float("-inf")], "text": "Infinity"}


def test_an_empty_table_keeps_its_rows():
    assert json_values("x", np.zeros((2, 0, 3), np.float32)) == [[], []]
    assert json_values("x", np.zeros((2, 3, 0), np.float32)) == [[[], [], []]] * 2
    assert json_values("x", np.array(1.5, np.float32)) == 1.5


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["b64", "x", "y", "a"]), inner, max_size=3)
    ),
    max_leaves=12,
)
infos = st.builds(
    TensorInfo,
    st.sampled_from(["string", "float32", "int32", "uint8", "bool", "complex64"]),
    st.none() | st.lists(st.none() | st.integers(0, 3), max_size=3).map(tuple),
)


@given(st.sampled_from(["instances", "inputs", "neither"]), json_like, infos, infos)
def test_whatever_is_asked_is_tensors_or_one_error(key, value, first, second):
    for asked in (signature(x=first), signature(x=first, y=second)):
        question = outcome(read_question, {key: value}, asked)
        if isinstance(question, RequestError):
            assert question.status in (400, 501)
            assert json.loads(question.body)["error"] == question.what
            assert len(question.what) < 400
        else:
            assert question.tensors.keys() == asked.inputs.keys()
            for name, tensor in question.tensors.items():
                shape = asked.inputs[name].shape
                assert shape is None or len(shape) == tensor.ndim
                assert shape is None or all(
                    w in (None, n) for w, n in zip(shape, tensor.shape, strict=True)
                )


@given(st.binary(max_size=40))
def test_any_bytes_are_an_object_or_one_error(body):
    document = outcome(parse_body, body)
    assert isinstance(document, dict) or document.status == 400


@given(st.text(max_size=60), st.sampled_from(["GET", "POST", "PUT"]))
def test_any_path_is_a_target_or_one_error(path, method):
    for tried in (path, f"/v1/models/{path}", f"/v1/models/a{path}:predict"):
        target = outcome(read_path, method, tried)
        assert isinstance(target, Target) or target.status == 400


def test_paths():
    assert read_path("POST", "/v1/models/한글/labels/b:regress") == Target(
        "한글", None, "b", "regress"
    )
    assert read_path("GET", "/v1/models/a/versions/3") == Target("a", 3, None, "status")
    assert read_path("GET", "/V1/Models/a/metadata") == Target("a", None, None, "metadata")


# ---- rows of several requests


tables = st.lists(
    st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=4), min_size=1, max_size=4
)


def table(rows: list[list[int]]) -> dict[str, np.ndarray]:
    """As a graph would lay out these rows: as wide as the fullest."""
    width = max(map(len, rows), default=0)
    number = np.full((len(rows), width), -1)
    word = np.full((len(rows), width), b"", object)
    for i, row in enumerate(rows):
        number[i, : len(row)] = row
        word[i, : len(row)] = [str(n).encode() for n in row]
    return {"number": number, "word": word, "count": np.array([len(row) for row in rows])}


@given(tables)
def test_rows_beside_others_are_what_they_are_alone(requests):
    rules = RowRules({"number": -1, "word": b""})
    together = table([row for rows in requests for row in rows])
    edges = np.cumsum([0, *map(len, requests)])
    for rows, first, last in zip(requests, edges, edges[1:], strict=False):
        taken = rules.taken(together, slice(first, last))
        for name, alone in table(rows).items():
            assert np.array_equal(taken[name], alone)
    joined = rules.joined([table(rows) for rows in requests])
    for name, whole in together.items():
        assert np.array_equal(joined[name], whole)


@given(
    st.lists(st.binary(max_size=9), min_size=1, max_size=30), st.integers(1, 5), st.integers(1, 20)
)
def test_a_request_is_split_and_put_together_again(texts, most_rows, most_size):
    array = np.empty(len(texts), object)
    array[:] = texts
    tensors = {"text": array, "number": np.arange(len(texts), dtype=np.int32)}
    parts = split(tensors, most_rows, most_size)
    for name, whole in tensors.items():
        assert merged(parts)[name].tolist() == whole.tolist()
    for part in parts:
        assert 1 <= row_count(part) <= most_rows
        assert row_count(part) == 1 or row_sizes(part).sum() <= most_size


@given(
    st.lists(
        st.sampled_from(["가", "a b", "!", "\u200b", "\n", " ", "ㅋㅋ\t", "한 글"]), min_size=1
    ),
    st.integers(1, 30),
)
def test_what_is_left_of_a_giant_text_has_the_words_that_count(parts, pieces):
    text = "".join(parts) * (70_000 // len("".join(parts).encode()) + 1)
    left = as_far_as_read(text.encode(), pieces).decode()
    assert text.startswith(left)
    if left != text:
        solid = [word for word in left.split() if any(c.isalnum() for c in word)]
        assert len(solid) >= pieces
        assert left[-1].isspace()


def test_a_giant_word_stays_whole():
    word = ("가" * 50_000).encode()
    assert as_far_as_read(word, 5) == word
    assert as_far_as_read(b"\xff " * 50_000, 5) == b"\xff " * 50_000


def test_rows_that_are_not_as_many_are_refused_by_rows():
    with pytest.raises(RequestError) as refused:
        answer_body({"a": [1, 2], "b": [1]}, by_rows=True)
    assert refused.value.status == 400
    assert json.loads(answer_body({"a": [1, 2], "b": 1}, by_rows=False)) == {
        "outputs": {"a": [1, 2], "b": 1}
    }
