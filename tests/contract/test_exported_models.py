"""The exported model of every task: what is in it, and what it answers when it is asked."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from plain_json import plain
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from answers_in_files import check_json_lines, check_parquet
from graph_nodes import saved_operations
from pipeline.stages.serve import check as check_model
from pipeline.workspace import read_json
from running_server import running


def test_saved_model_is_portable(run):
    operations = saved_operations(run.saved_model)
    assert not {op for op in operations if "cudnn" in op.lower() or op in ("PyFunc", "EagerPyFunc")}
    field = run.task.input
    for name in (*field.assets, "model_card.md", field.example_file):
        assert (run.saved_model / "assets.extra" / name).stat().st_size > 0
    if "vocab.txt" not in field.assets:
        return
    vocabulary = (run.saved_model / "assets.extra" / "vocab.txt").read_bytes()
    assert vocabulary.startswith(b"[PAD]\n[UNK]\n[BOS]\n[EOS]\n")
    assert vocabulary.endswith(b"\n")
    assert b"\r" not in vocabulary


def test_no_weight_is_saved_twice(run):
    stored = tf.train.list_variables(str(run.saved_model / "variables" / "variables"))
    saved = sum(int(np.prod(shape)) for _, shape in stored)
    trained = read_json(run.run / "training.json")["parameters"]
    assert saved <= 1.01 * trained + 1000


@pytest.fixture(scope="session")
def loaded(run):
    """Its SavedModel."""
    return tf.saved_model.load(str(run.saved_model))


def test_signature_is_what_the_record_says(run, loaded):
    signature = run.task.serving.SIGNATURE
    served = loaded.signatures[signature.name]
    _, inputs = served.structured_input_signature
    assert {name: spec.dtype.name for name, spec in inputs.items()} == {
        name: dtype for name, (dtype, _, _) in signature.inputs.items()
    }
    outputs = served.structured_outputs
    assert {name: spec.dtype.name for name, spec in outputs.items()} == {
        name: dtype for name, (dtype, _, _) in signature.outputs.items()
    }
    for specs, described in ((inputs, signature.inputs), (outputs, signature.outputs)):
        for name, (_, shape, meaning) in described.items():
            wanted = [part for part in shape.strip("[]").split(",") if part.strip()]
            assert len(specs[name].shape) == len(wanted), name
            assert meaning


def test_tensorflow_serving_can_warm_the_model(run, loaded):
    """As its documentation says: each record is a `PredictionLog`, whose request has an answer."""
    file = run.saved_model / "assets.extra" / "tf_serving_warmup_requests"
    asked = []
    for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
        request = PredictionLog.FromString(record).predict_log.request
        assert request.model_spec.name == run.task.name
        signature = loaded.signatures[request.model_spec.signature_name]
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        answer = signature(**{name: tf.constant(value) for name, value in inputs.items()})
        assert answer.keys() == signature.structured_outputs.keys()
        asked.append(request.model_spec.signature_name)
    assert sorted(asked) == sorted(loaded.signatures)


def test_the_server_says_what_the_model_says(run, loaded):
    """Over HTTP: several rows together, and each by itself beside the others."""
    signature, count = run.task.serving.SIGNATURE, 3
    given = {
        name: np.array(values, object if signature.inputs[name].dtype == "string" else None)
        for name, values in run.task.serving.inputs([run.example] * count).items()
    }
    model_itself = loaded.signatures[signature.name]

    def check(rows: slice) -> None:
        asked = {name: values[rows] if values.ndim else values for name, values in given.items()}
        body = {"signature_name": signature.name, "inputs": asked}
        path = f"/v1/models/{run.task.name}:predict"
        reply = server.ask("POST", path, json.dumps(body, default=plain).encode())
        assert reply.status == 200, reply.json
        answer = reply.json["outputs"]
        expected = model_itself(
            **{
                name: tf.constant(value, signature.inputs[name].dtype)
                for name, value in asked.items()
            }
        )
        got = answer if len(expected) > 1 else {next(iter(expected)): answer}
        assert got.keys() == expected.keys()
        for name, values in expected.items():
            if values.dtype == tf.string:
                assert np.array_equal(np.char.encode(np.array(got[name], str), "utf-8"), values)
            else:
                np.testing.assert_allclose(got[name], values, rtol=1e-4, atol=1e-5)

    folder = run.root / "saved_models"
    with running(folder, check=check_model, models=run.task.name) as server:
        model = server.service.registry.find(run.task.name, None).model
        check(slice(None))
        if signature.name in model.rules:
            with ThreadPoolExecutor(count) as pool:
                list(pool.map(check, [slice(row, row + 1) for row in range(count)]))


def test_predictor_gives_one_line_a_value(run, tmp_path):
    example = run.example
    unusual = run.task.input.unusual_values(example)
    assert unusual, f"{type(run.task.input).__name__} does not say which of its values are unusual"
    values = [example, *unusual]
    predictor = run.task.serving.load(run.saved_model, run.task.asking and run.task.asking())
    lines = predictor(values)
    assert len(lines) == len(values)
    assert not any("\n" in line for line in lines)
    assert all(isinstance(warning, str) for warning in predictor.warnings())
    if run.task.input.file_holds_many:
        check_json_lines(predictor, values, tmp_path)


@pytest.mark.scale
def test_a_table_takes_what_a_predictor_gives(run, tmp_path):
    if not run.task.input.file_holds_many:
        pytest.skip("its files hold one value each, so that there is no table of answers")
    predictor = run.task.serving.load(run.saved_model, run.task.asking and run.task.asking())
    values = [run.example, *run.task.input.unusual_values(run.example)]
    check_parquet(predictor, values, tmp_path)


def test_the_example_beside_the_model_is_the_one_of_the_task(run):
    field = run.task.input
    there = field.read_example(run.saved_model / "assets.extra")
    assert field.digest(there) == field.digest(run.example)
