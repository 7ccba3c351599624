"""TensorFlow Serving's REST protocol over HTTP: rows as in `serving_conformance.py`, and more."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf

import served_models
from running_server import Running, running
from serving_conformance import Row, body_of
from serving_conformance_requests import REQUESTS
from serving_conformance_values import VALUES


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("models")
    served_models.half_plus_three(folder / "half_plus_three" / "123")
    served_models.kinds(folder / "kinds" / "1")
    with running(folder, labels="half_plus_three:stable=123") as run:
        yield run


@pytest.mark.parametrize("row", [*REQUESTS, *VALUES], ids=lambda row: row.shows)
def test_a_row_of_the_table(server: Running, row: Row):
    reply = server.ask("POST", f"/v1/models/{row.path}", body_of(row))
    answer = reply.json
    assert (reply.status, reply.headers["content-type"]) == (row.status, "application/json"), answer
    if isinstance(row.answer, str):
        assert answer.keys() == {"error"}
        assert row.answer in answer["error"]
        assert "\n" not in answer["error"]
    else:
        assert answer == row.answer


def test_status_as_it_is_documented(server: Running):
    """The published answer to `GET /v1/models/half_plus_three`."""
    expected = {
        "model_version_status": [
            {
                "version": "123",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }
    for path in ("", "/versions/123", "/labels/stable"):
        reply = server.ask("GET", f"/v1/models/half_plus_three{path}")
        assert (reply.status, reply.json) == (200, expected)
    assert server.ask("GET", "/v1/models/half_plus_three/versions/4").status == 404
    assert server.ask("GET", "/v1/models/half").status == 404
    assert server.ask("GET", "/v1/models").json == {"error": "Missing model name in request."}


def test_metadata_as_it_is_documented(server: Running):
    reply = server.ask("GET", "/v1/models/half_plus_three/metadata")
    answer = reply.json
    assert answer["model_spec"] == {
        "name": "half_plus_three",
        "signature_name": "",
        "version": "123",
    }
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    regress = signatures["tensorflow/serving/regress"]
    assert regress["method_name"] == "tensorflow/serving/regress"
    assert regress["inputs"]["inputs"] == {
        "dtype": "DT_STRING",
        "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False},
        "name": "tf_example:0",
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/models/half_plus_three:predict", 400),
        ("POST", "/v1/models/half_plus_three", 400),
        ("PUT", "/v1/models/half_plus_three:predict", 400),
        ("GET", "/v1/", 400),
        ("GET", "/nowhere", 404),
        ("POST", "/healthz", 405),
        ("POST", "/V1/models/half_plus_three:Predict", 200),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
    ],
)
def test_paths(server: Running, method, path, status):
    reply = server.ask(method, path, {"instances": [1]} if method != "GET" else None)
    assert reply.status == status
    if status >= 400:
        assert reply.json.keys() == {"error"}


def test_answers_are_those_of_the_model(server: Running):
    """By the server and by the SavedModel itself."""
    folder = server.service.registry.find("kinds", None).model.folder
    x = [0.1 * i + 0.01 for i in range(100)]
    logarithm = tf.saved_model.load(str(folder)).signatures["logarithm"]
    expected = logarithm(x=tf.constant(x, tf.float32))["y"].numpy()
    reply = server.predict("kinds", signature_name="logarithm", instances=x)
    assert np.array_equal(np.array(reply.json["predictions"], np.float32), expected)
