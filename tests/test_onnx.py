"""Models from ids to numbers as ONNX files, held to the models they were made of."""

from __future__ import annotations

import dataclasses
import importlib.util
import json

import numpy as np
import pytest
import tensorflow as tf

from pipeline.export.ids_model import IdsModel
from pipeline.models.classifier import recurrent_classifier
from pipeline.models.settings import ClassifierSettings
from pipeline.models.tagger import best_tags
from pipeline.stages import export as export_stage
from pipeline.stages.files import RunFiles
from pipeline.stages.options import ExportOptions
from pipeline.text.vocabulary import Vocabulary
from pipeline.workspace import read_json

onnx = pytest.importorskip("onnx", reason="pip install -r requirements-dev.txt")
runtime = pytest.importorskip("onnxruntime", reason="pip install -r requirements-dev.txt")
onnx_file = pytest.importorskip(
    "pipeline.export.onnx_file", reason="pip install -r requirements-dev.txt"
)

SHAPES = ((1, 2), (1, 9), (5, 3), (16, 40))


def padded_ids(shape: tuple[int, int], pieces: int) -> np.ndarray:
    """Rows of random pieces, of different lengths, one of them as long as there is room."""
    generator = np.random.default_rng(shape[1])
    ids = generator.integers(4, pieces, shape).astype(np.int32)
    for row, length in zip(ids[1:], generator.integers(2, shape[1] + 1, len(ids) - 1), strict=True):
        row[length:] = 0
    return ids


def check_same(path, given: IdsModel, pieces: int):
    """The answers of the file to batches of any size and length, beside those of the model."""
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (ids_input,) = session.get_inputs()
    assert (ids_input.name, ids_input.type, ids_input.shape) == (
        "ids",
        "tensor(int32)",
        ["n", "time"],
    )
    for shape in SHAPES:
        ids = padded_ids(shape, pieces)
        lengths = np.count_nonzero(ids, axis=1).astype(np.int32)
        (answer,) = session.run([given.output], {"ids": ids})
        expected = given.model.predict_on_batch({"ids": ids, "lengths": lengths})
        assert answer.shape == expected.shape
        real = (np.arange(shape[1]) < lengths[:, None]) if answer.ndim == 3 else slice(None)
        np.testing.assert_allclose(answer[real], expected[real], atol=1e-4)
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["names"]) == list(given.names)
    return session


@pytest.mark.parametrize("cell", ["lstm", "gru", "irnn"])
def test_each_cell_says_the_same(tmp_path, cell):
    settings = ClassifierSettings(cell=cell, units=4, direction="backward", embedding_size=4)
    model = recurrent_classifier(settings, vocabulary_size=20, classes=3)
    given = IdsModel(model, "logits", ["나쁨", "보통", "좋음"])
    onnx_file.write_onnx(given, tmp_path / "model.onnx")
    check_same(tmp_path / "model.onnx", given, 20)
    operations = [node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node]
    # ONNX has an LSTM of its own, whole; the others go step by step.
    assert operations.count("LSTM" if cell == "lstm" else "Loop") == 1


@pytest.mark.parametrize("count", [1, 2, 7, 8, 1000])
def test_the_search_in_sorted_keys(count):
    keys = np.arange(count, dtype=np.int32) * 3
    wanted = np.arange(-2, 3 * count + 2, dtype=np.int32)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, name="wanted")])
    def place(wanted):
        return {"place": tf.searchsorted(tf.constant(keys), wanted)}

    model, _ = onnx_file.tf2onnx.convert.from_function(
        place,
        input_signature=place.input_signature,
        opset=onnx_file.OPSET,
        custom_op_handlers=onnx_file.OPERATIONS,
    )
    session = runtime.InferenceSession(model.SerializeToString())
    (found,) = session.run(["place"], {"wanted": wanted})
    assert found.tolist() == np.searchsorted(keys, wanted).tolist()


def export(run, **options) -> None:
    export_stage.run(run.task, run.task.tiny, run.workspace, ExportOptions(**options))


def with_onnx(run, folder):
    """A copy of a finished run, exported again; the model of ids; how many pieces it knows."""
    copy = run.copy(folder)
    export(copy, onnx=True)
    trained = RunFiles.of(copy.task, copy.task.tiny, copy.workspace).trained()
    given = copy.task.serving.ids_model(copy.task.tiny, trained)
    vocabulary = Vocabulary.load(copy.saved_model / "assets.extra" / "vocab.txt")
    return copy, given, len(vocabulary)


def test_the_classifier(finished, tmp_path, capsys):
    run, given, pieces = with_onnx(finished("sentiment"), tmp_path)
    file = run.saved_model / "model.onnx"
    check_same(file, given, pieces)
    assert "model.onnx" in read_json(run.saved_model / "assets.extra/manifest.json")["outputs"]
    before = file.stat().st_mtime_ns
    capsys.readouterr()
    export(run, onnx=True)
    export(run)
    assert capsys.readouterr().err.count("already exported") == 2
    assert file.stat().st_mtime_ns == before


def test_the_tagger(finished, tmp_path):
    run, given, pieces = with_onnx(finished("ner"), tmp_path)
    session = check_same(run.saved_model / "model.onnx", given, pieces)
    ids = padded_ids((4, 12), pieces)
    lengths = np.count_nonzero(ids, axis=1).astype(np.int32)
    names = ["potentials", "start", "transitions", "end"]
    potentials, *rest = session.run(names, {"ids": ids})
    tags = dataclasses.replace(run.task.tiny.model, decoding="tags")
    expected = best_tags(given.model, tags).predict_on_batch({"ids": ids, "lengths": lengths})
    for row, length, tags in zip(potentials, lengths, expected, strict=True):
        assert viterbi(row[:length], *rest) == tags[:length].tolist()


def viterbi(potentials, start, transitions, end) -> list[int]:
    """The best sequence of tags, as the documentation shows it."""
    score, before = start + potentials[0], []
    for now in potentials[1:]:
        paths = score[:, None] + transitions
        before.append(paths.argmax(axis=0))
        score = paths.max(axis=0) + now
    tags = [int((score + end).argmax())]
    for step in reversed(before):
        tags.append(int(step[tags[-1]]))
    return tags[::-1]


def test_what_cannot_be_written_is_refused(finished, command, monkeypatch):
    run = finished("charlm")
    words = ["--name", run.task.tiny.run.name, "--onnx"]
    assert "cannot be written as ONNX" in command(run.root, "export", "charlm", *words).error
    there = importlib.util.find_spec
    absent = lambda name, *rest: None if name == "tf2onnx" else there(name, *rest)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", absent)
    run = finished("sentiment")
    error = command(run.root, "export", "sentiment", *words).error
    assert "pip install tf2onnx==" in error
    assert not (run.saved_model / "model.onnx").exists()
