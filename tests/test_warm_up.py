"""The requests that a server asks a model when it has loaded it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    model_pb2,
    predict_pb2,
    prediction_log_pb2,
)

import page_models
from pipeline.errors import UserError
from pipeline.export.warm_up_requests import WARM_UP, read_warm_up, write_warm_up
from pipeline.serving.model import LoadedModel
from served_models import adds, function, rows, write


def predict(signature: str, **inputs) -> bytes:
    """A record as TensorFlow Serving's documentation makes it."""
    request = predict_pb2.PredictRequest(
        model_spec=model_pb2.ModelSpec(name="any", signature_name=signature),
        inputs={name: tf.make_tensor_proto(value) for name, value in inputs.items()},
    )
    log = prediction_log_pb2.PredictLog(request=request)
    return prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString()


def write_records(folder, *records: bytes) -> None:
    (folder / WARM_UP).parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / WARM_UP)) as file:
        for record in records:
            file.write(record)


@pytest.fixture
def picky(tmp_path):
    """A model that takes one syllable at most, and has a signature with a state."""

    @function(text=rows(tf.string))
    def syllable(text):
        short = tf.debugging.assert_less_equal(tf.strings.length(text), 3)
        with tf.control_dependencies([short]):
            return {"word": tf.strings.split(text).to_tensor("")}

    @function(step=rows(tf.float32, None, 2), state=rows(tf.float32, 3))
    def _stream(step, state):
        return {"sum": tf.reduce_sum(step, [1, 2]) + tf.reduce_sum(state, 1)}

    @function(image=rows(tf.string))
    def _pictures(image):
        return {"size": tf.strings.length(image)}

    return write(tmp_path / "picky" / "1", syllable, _stream, _pictures)


def test_each_signature_is_asked_whose_strings_an_example_has(picky):
    write_warm_up(picky, "picky", {"text": ["봄"], "step": [[[1.0, 2.0]]]})
    asked = {request.signature: request.inputs for request in read_warm_up(picky)}
    assert asked.keys() == {"serving_default", "stream"}
    assert asked["serving_default"]["text"].tolist() == ["봄".encode()]
    assert asked["stream"]["step"].dtype == np.float32
    assert asked["stream"]["state"].tolist() == [[0, 0, 0]]


def test_the_same_example_is_the_same_file(picky):
    write_warm_up(picky, "picky", {"text": ["봄"]})
    before = (picky / WARM_UP).read_bytes()
    write_warm_up(picky, "picky", {"text": ["봄"]})
    assert (picky / WARM_UP).read_bytes() == before


def test_the_server_learns_from_it_how_rows_go_together(picky):
    """By itself it has no text in which a word is found beside an unused cell."""
    assert "serving_default" not in LoadedModel("picky", 1, picky).rules
    write_records(picky, predict("", text=["봄", "봄"]))
    assert LoadedModel("picky", 1, picky).rules["serving_default"].padding == {"word": b""}


def test_a_table_with_two_axes_of_its_own_is_asked_alone(tmp_path):
    folder = page_models.translator(tmp_path / "translation" / "1")
    assert LoadedModel("translation", 1, folder).rules.keys() == {"serving_default", "n_best"}


def test_of_a_foreign_file_what_does_not_fit_is_passed_over(tmp_path):
    folder = adds(tmp_path / "adds" / "1", 2)
    request = classification_pb2.ClassificationRequest()
    log = prediction_log_pb2.ClassifyLog(request=request)
    classify = prediction_log_pb2.PredictionLog(classify_log=log).SerializeToString()
    wrong = [predict("other", x=[1.0]), predict("", y=[1.0]), predict("", x=["a"])]
    write_records(folder, classify, *wrong, predict("", x=[1.0, 2.0]))
    assert len(read_warm_up(folder)) == 4
    model = LoadedModel("adds", 1, folder)
    assert model.call("serving_default", {"x": np.float32([3])})["y"].tolist() == [5]
    assert "serving_default" in model.rules


@pytest.mark.parametrize("damage", ["no record", "no message", "no tensor"])
def test_a_damaged_file_is_refused_in_a_line(tmp_path, damage):
    folder = adds(tmp_path / "adds" / "1", 2)
    if damage == "no record":
        (folder / WARM_UP).parent.mkdir()
        (folder / WARM_UP).write_bytes(b"nothing of the kind")
    elif damage == "no message":
        write_records(folder, b"\xff\xff\xff")
    else:
        tensor = tf.make_tensor_proto([1.0, 2.0])
        tensor.tensor_content = b"abc"
        record = predict_pb2.PredictRequest(inputs={"x": tensor})
        log = prediction_log_pb2.PredictLog(request=record)
        message = prediction_log_pb2.PredictionLog(predict_log=log)
        write_records(folder, message.SerializeToString())
    with pytest.raises(UserError, match="no warm-up requests"):
        LoadedModel("adds", 1, folder)
