"""What every task promises, whatever it does."""

from __future__ import annotations

import ast
import base64
import dataclasses
import inspect
import json
import os
import re
import sys
import typing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
import yaml
from hub_tasks import PIPELINE_TAGS
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from answers_in_files import check_json_lines, check_parquet
from graph_nodes import saved_operations
from pipeline.corpora.splits import read_split
from pipeline.records import as_json, from_json
from pipeline.settings import check_ranges, leaves, without_run
from pipeline.stages.serve import check as check_model
from pipeline.tasks.base import Data, Evaluation, Serving, Training
from pipeline.workspace import read_json
from running_server import running

# Runs where only tensorflow and tensorflow-text are to be had: asks a model with the raw strings
# of a JSON file, and does what the model card says.
FOREIGN = """
import base64, importlib.util, json, sys
folder, question, answer, card = sys.argv[1:]
assert importlib.util.find_spec("pipeline") is None, "the project can be imported here"
import numpy as np
import tensorflow as tf
import tensorflow_text
model = tf.saved_model.load(folder)
decode = lambda v: base64.b64decode(v["b64"]) if set(v) == {"b64"} else v
asked = json.load(open(question, encoding="utf-8"), object_hook=decode)
signature = model.signatures[asked["signature"]]
given = {name: tf.constant(v, asked["dtypes"][name]) for name, v in asked["inputs"].items()}
answers = {name: value.numpy() for name, value in signature(**given).items()}
np.savez(answer, **{k: v.astype("S") if v.dtype == object else v for k, v in answers.items()})
exec(open(card, encoding="utf-8").read())
ours = {name.split(".")[0] for name in sys.modules} & {"pipeline", "keras_hub", "tokenizers"}
assert not ours, ours
"""


def test_task_record_is_complete(task):
    assert dataclasses.is_dataclass(task)
    assert task.summary
    assert task.example(task.settings()) is not None
    assert isinstance(task.tiny, task.settings)
    groups = {field.name for field in dataclasses.fields(task.settings)}
    assert "run" in groups
    assert {*task.corpus_groups, *task.prepare_groups} <= groups


def settings_classes(cls: type) -> list[type]:
    hints = typing.get_type_hints(cls)
    inner = [hints[f.name] for f in dataclasses.fields(cls)]
    return [
        cls,
        *(c for kind in inner if dataclasses.is_dataclass(kind) for c in settings_classes(kind)),
    ]


def documented_fields(cls: type) -> set[str]:
    """Fields with a string literal below them, which is what `--help` prints."""
    tree = ast.parse(Path(sys.modules[cls.__module__].__file__).read_text(encoding="utf-8"))
    body = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == cls.__name__).body
    return {
        first.target.id
        for first, second in zip(body, body[1:], strict=False)
        if isinstance(first, ast.AnnAssign)
        and isinstance(second, ast.Expr)
        and isinstance(getattr(second.value, "value", None), str)
    }


def test_settings_are_frozen_and_each_is_explained(task):
    names = [name for name, _ in leaves(task.settings)]
    assert len(names) == len(set(names)), "two settings share a name on the command line"
    for cls in settings_classes(task.settings):
        assert cls.__dataclass_params__.frozen, cls
        assert cls.__doc__
        fields = {f.name for f in dataclasses.fields(cls)}
        groups = {f for f in fields if dataclasses.is_dataclass(typing.get_type_hints(cls)[f])}
        assert fields - groups <= documented_fields(cls), cls


def test_settings_survive_json(task):
    assert from_json(task.settings, json.loads(json.dumps(as_json(task.tiny)))) == task.tiny
    assert task.settings() == task.settings()


def test_the_command_line_takes_the_defaults(task):
    check_ranges(task.settings())
    check_ranges(task.tiny)


def test_run_folder_holds_what_it_must(run):
    for name in ("config.json", "metrics.json", "training.json", "report.html"):
        assert (run.run / name).stat().st_size > 0, name
    config = read_json(run.run / "config.json")
    expected = without_run(run.task.tiny)
    assert {k: config[k] for k in expected} == expected
    history = pd.read_csv(run.run / "history.csv")
    assert {"epoch", "step", "loss", "gradient_norm", "learning_rate"} <= set(history.columns)
    assert history["step"].is_monotonic_increasing
    assert np.isfinite(history.select_dtypes("number").to_numpy()).all()
    with np.load(run.run / "checkpoint" / "state.npz", allow_pickle=False) as stored:
        assert len(stored.files) > 3
    assert (run.run / "best.weights.h5").stat().st_size > 1000
    assert list((run.run / "tensorboard").glob("events.out.tfevents.*"))
    report = (run.run / "report.html").read_text(encoding="utf-8")
    assert run.task.name in report.lower()
    assert not list(run.root.rglob("*.partial*"))


def test_writes_only_where_it_may(run):
    assert {path.name for path in run.root.iterdir()} <= {"data", "runs", "saved_models"}


def test_no_pickle_anywhere(run):
    """Nothing the pipeline wrote needs code to be read: no Python pickle, no object arrays."""
    folders = os.walk(run.root, followlinks=True)
    for path in (Path(folder, name) for folder, _, names in folders for name in names):
        assert path.suffix not in (".pkl", ".pickle", ".keras"), path
        assert not path.read_bytes().startswith(b"\x80\x04"), path
        if path.suffix in (".npz", ".npy"):
            np.load(path, allow_pickle=False)


def test_training_does_not_see_the_test_split(run):
    """It was out of sight while the fixture trained."""
    assert "test.tsv" in run.hidden
    assert len(run.hidden) >= 2
    config = read_json(run.run / "config.json")
    assert config["inputs"]


def test_numbers_belong_to_the_weights(run):
    metrics = read_json(run.run / "metrics.json")
    assert metrics["summary"]
    assert re.fullmatch("[0-9a-f]{64}", metrics["weights"])


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


def python_of(card: str) -> str:
    return re.search("```python\n(.*?)```", card, re.S).group(1)


def plain(value: object) -> object:
    """What JSON has no word for: arrays, and the bytes of a picture."""
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode("ascii")}
    return value.tolist()


@pytest.fixture(scope="session")
def foreign(run, warm_python, tmp_path_factory):
    """What another process says, that has the model and no code of ours: (answers, its output)."""
    folder = tmp_path_factory.mktemp("foreign")
    serving, test = run.task.serving, read_split(run.corpus / "test.tsv")
    question = {
        "signature": serving.SIGNATURE.name,
        "dtypes": {name: dtype for name, (dtype, _, _) in serving.SIGNATURE.inputs.items()},
        "inputs": serving.test_inputs(test, run.corpus),
    }
    (folder / "question.json").write_text(json.dumps(question, default=plain), encoding="utf-8")
    card = (run.saved_model / "assets.extra" / "model_card.md").read_text(encoding="utf-8")
    (folder / "card.py").write_text(python_of(card), encoding="utf-8")
    answer = folder / "answer.npz"
    files = ("question.json", "answer.npz", "card.py")
    # The card names the model as seen from the checkout, in which there is no code here.
    paths = [folder / file for file in files]
    done = warm_python.run(FOREIGN, run.saved_model, *paths, cwd=run.root)
    assert done.returncode == 0, done.stderr
    with np.load(answer, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}, done.stdout + done.stderr


def test_a_process_without_our_code_repeats_the_reported_numbers(run, foreign):
    answers, _ = foreign
    test = read_split(run.corpus / "test.tsv")
    again = run.task.serving.scores(answers, test, run.corpus)
    reported = read_json(run.run / "metrics.json")
    assert again
    for name, value in again.items():
        assert value == pytest.approx(reported[name], rel=1e-6, abs=1e-9), name


def test_the_example_of_the_model_card_runs(run, foreign):
    _, printed = foreign
    for name in run.task.serving.SIGNATURE.outputs:
        assert re.search(rf"^{name} ", printed, re.M), printed


def test_model_card_tells_what_matters(run):
    card = (run.saved_model / "assets.extra" / "model_card.md").read_text(encoding="utf-8")
    origin = read_json(run.run / "corpus.json")["facts"]["origin"]
    metrics = read_json(run.run / "metrics.json")
    for expected in (origin["title"], origin["licence"], metrics["summary"], "```python"):
        assert expected in card
    assert ("NFC" in card) == run.task.input.follows_text_policy
    signature = run.task.serving.SIGNATURE
    for name in (*signature.inputs, *signature.outputs):
        assert f"`{name}`" in card


def test_a_model_hub_reads_the_card(run):
    card = (run.saved_model / "README.md").read_text(encoding="utf-8")
    assert card == (run.saved_model / "assets.extra" / "model_card.md").read_text(encoding="utf-8")
    values = yaml.safe_load(re.match("---\n(.*?)\n---\n", card, re.S).group(1))
    hub = run.task.serving.HUB
    assert values["pipeline_tag"] == hub.pipeline_tag in PIPELINE_TAGS
    assert values["license"]
    assert values.get("language", []) == list(hub.languages(run.task.tiny, run.prepared))
    metrics = read_json(run.run / "metrics.json")
    (model,) = values["model-index"]
    (result,) = model["results"]
    shown = {metric["name"].replace(" ", "_"): metric["value"] for metric in result["metrics"]}
    assert shown == {name: metrics[name] for name in hub.metrics}
    assert [metric["type"] for metric in result["metrics"]] == list(hub.metrics.values())
    assert result["task"]["type"] == hub.pipeline_tag


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


def test_second_evaluation_and_training_do_nothing(run, tmp_path, capsys):
    copy = run.copy(tmp_path)
    before = {p: p.read_bytes() for p in copy.run.rglob("*") if p.is_file()}
    copy.do("train", "evaluate")
    said = capsys.readouterr().err
    assert "already trained" in said
    assert "already evaluated" in said
    assert {p: p.read_bytes() for p in copy.run.rglob("*") if p.is_file()} == before


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


@pytest.mark.parametrize("part", ["data", "training", "evaluation", "serving"])
def test_each_part_of_a_task_has_the_functions_that_stages_call(task, part):
    """With the parameters of the protocol, by the same names."""
    protocol = {"data": Data, "training": Training, "evaluation": Evaluation, "serving": Serving}
    functions = {
        name: function
        for name, function in vars(protocol[part]).items()
        if inspect.isfunction(function) and not name.startswith("_")
    }
    assert functions
    for name, function in functions.items():
        _, *expected = inspect.signature(function).parameters
        ours = inspect.signature(getattr(getattr(task, part), name)).parameters
        assert list(ours) == expected, name


def test_cells_of_a_corpus_come_back(run, tmp_path):
    """Through the field: what a split holds is loaded, stored again and is the same value."""
    test = read_split(run.corpus / "test.tsv")
    for field in (run.task.input, run.task.output):
        for cell in test[field.in_column][:5]:
            value = field.load(cell, run.corpus)
            again = field.load(field.store(value, tmp_path), tmp_path)
            assert field.digest(again) == field.digest(value)
            through_json = field.from_json(json.loads(json.dumps(field.to_json(value))))
            assert field.digest(through_json) == field.digest(value)
            assert "\n" not in field.show(value)


def test_the_example_beside_the_model_is_the_one_of_the_task(run):
    field = run.task.input
    there = field.read_example(run.saved_model / "assets.extra")
    assert field.digest(there) == field.digest(run.example)


def test_a_record_names_only_groups_that_there_are(task):
    with pytest.raises(ValueError, match="no group 'nothing'"):
        dataclasses.replace(task, prepare_groups=("nothing",))
