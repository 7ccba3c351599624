"""Scoring many texts, with apache-beam: `make test-scale`."""

from __future__ import annotations

import gzip
import importlib
import json
import lzma
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pipeline.corpora.splits import read_split
from pipeline.export.saved_model import load_asker
from pipeline.scoring.model import TextModel
from pipeline.scoring.records import feature_text
from pipeline.scoring.settings import split_options
from pipeline.settings import option_of

# Beam's own warnings are Beam's.
pytestmark = [pytest.mark.scale, pytest.mark.filterwarnings("ignore")]

# What DirectRunner runs after it could not download a runner in Go.
LOCAL = ("--runner", "FnApiRunner")
PROCESSES = ("--direct_running_mode", "multi_processing", "--direct_num_workers", "2")


@pytest.fixture
def texts(finished) -> list[str]:
    """Of reviews, one of them twice, some of no text."""
    rows = list(read_split(finished("sentiment").corpus / "test.tsv")["text"])
    return [*rows, "", rows[0], " \u2028꿀잼 ", "x" * 3000]


def parts(folder: Path, name: str) -> list[Path]:
    found = sorted(folder.glob(f"{name}-*-of-*"))
    assert found
    return found


def json_rows(folder: Path, name: str = "scores") -> list[dict]:
    lines = [line for part in parts(folder, name) for line in part.read_text("utf-8").split("\n")]
    return [json.loads(line) for line in lines if line]


def test_two_processes_without_our_code_say_what_predict_says(command, finished, tmp_path, texts):
    run = finished("sentiment").copy(tmp_path)
    # A worker that asked for our code would find this.
    (tmp_path / "pipeline.py").write_text("raise ImportError('the workers have none of it')")
    files = {
        tmp_path / f"in/{name}.txt": part
        for name, part in zip("ab", (texts[:9], texts[9:]), strict=True)
    }
    (tmp_path / "in").mkdir()
    for file, lines in files.items():
        file.write_text("".join(f"{line}\r\n" for line in lines), "utf-8", newline="")
    words = ["--input", "in/*.txt", "--output", "scores.jsonl", "--batch-size", "8"]
    outcome = command(tmp_path, "score", *words, "--runner", "DirectRunner", *PROCESSES)
    assert outcome.code == 0, outcome.err
    scored = {(row["file"], row["row"]): row for row in json_rows(tmp_path)}
    assert len(scored) == len(json_rows(tmp_path)) == len(texts)

    everything = tmp_path / "all.txt"
    everything.write_text("".join(f"{text}\n" for text in texts), "utf-8")
    said = command(run.root, "predict", "--file", everything, "--probabilities").out
    header, *rows = [line.split("\t") for line in said.rstrip("\n").split("\n")]
    places = [
        (str(file), number) for file, lines in files.items() for number in range(1, len(lines) + 1)
    ]
    for place, text, (_, label, *probabilities) in zip(places, texts, rows, strict=True):
        row = scored[place]
        assert (row["text"], row["label"]) == (text, label)
        np.testing.assert_allclose(row["probabilities"], list(map(float, probabilities)), atol=1e-6)
    assert len(header) == 2 + len(scored[places[0]]["probabilities"])


def test_parquet_keeps_ids_and_types(command, finished, tmp_path, texts):
    arrow, parquet = map(importlib.import_module, ("pyarrow", "pyarrow.parquet"))
    run = finished("ner")
    rows = {"review": [*texts[:20], None], "number": [*range(100, 120), None]}
    parquet.write_table(arrow.table(rows), tmp_path / "in.parquet", row_group_size=7)
    words = ["--input", tmp_path / "in.parquet", "--output", tmp_path / "out"]
    columns = ["--text-column", "review", "--id-column", "number"]
    outcome = command(run.root, "score", "ner", *words, *columns, *LOCAL)
    assert outcome.code == 0, outcome.err
    assert all(part.suffix == ".parquet" for part in parts(tmp_path, "out"))
    table = arrow.concat_tables([parquet.read_table(part) for part in parts(tmp_path, "out")])
    assert table.schema.field("start").type == arrow.list_(arrow.field("item", arrow.int32()))
    found = sorted(table.to_pylist(), key=lambda row: row["row"])
    assert [row["id"] for row in found] == [*map(str, range(100, 120)), ""]
    fields = ["entity", "label", "start", "end"]
    for row, alone in zip(found, TextModel(str(run.saved_model), fields)(texts[:20]), strict=False):
        assert {name: row[name] for name in fields} == {
            name: list(value) for name, value in alone.items()
        }


def test_examples_of_tensorflow_keep_every_number(command, finished, tmp_path, texts):
    run = finished("encoder")
    with tf.io.TFRecordWriter(str(tmp_path / "in.tfrecord.gz"), "GZIP") as file:
        for text in texts:
            feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))
            example = tf.train.Example(features=tf.train.Features(feature={"text": feature}))
            file.write(example.SerializeToString())
    words = ["--input", tmp_path / "in.tfrecord.gz", "--output", tmp_path / "out.tfrecord"]
    more = ["--fields", "text_vector", "--model-copies", "1"]
    outcome = command(run.root, "score", "encoder", *words, *more, *LOCAL, *PROCESSES)
    assert outcome.code == 0, outcome.err
    records = tf.data.TFRecordDataset([str(part) for part in parts(tmp_path, "out")])
    found = [tf.train.Example.FromString(r).features.feature for r in records.as_numpy_iterator()]
    found.sort(key=lambda features: int(feature_text(features["row"])))
    assert [feature_text(features["text"]) for features in found] == texts
    assert set(found[0]) == {"file", "row", "text", "text_vector"}
    expected = load_asker(run.saved_model)(texts)["text_vector"]
    vectors = [features["text_vector"].float_list.value for features in found]
    np.testing.assert_allclose(np.array(vectors), expected, atol=1e-5)


@pytest.mark.parametrize(("suffix", "packed"), [(".gz", gzip.open), (".xz", lzma.open)])
def test_a_packed_file_in_cp949_is_read_as_such(command, finished, tmp_path, suffix, packed):
    with packed(tmp_path / f"old.txt{suffix}", "wb") as file:
        file.write("꿀잼\r\n별로예요".encode("cp949"))
    words = ["--input", tmp_path / f"*.txt{suffix}", "--output", tmp_path / "scores.jsonl"]
    assert command(finished("sentiment").root, "score", *words, *LOCAL).code == 0
    assert {row["text"]: row["row"] for row in json_rows(tmp_path)} == {"꿀잼": 1, "별로예요": 2}


def test_a_model_that_lies_elsewhere_is_copied_whole(finished, tmp_path):
    copy = importlib.import_module("pipeline.scoring.handler").copy_folder
    folder = finished("sentiment").saved_model
    copy(f"{folder}/", tmp_path)
    for file in (path for path in folder.rglob("*") if path.is_file()):
        assert (tmp_path / file.relative_to(folder)).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("task", "words", "expected"),
    [
        ("sentiment", ["--input", "none-*.txt"], "no such file"),
        ("sentiment", ["--input", "a.txt", "--input-kind", "parquet"], "cannot be read as parquet"),
        ("sentiment", ["--input", "a.txt", "--input-kind", "tfrecord"], "cannot be read as tfrec"),
        ("sentiment", ["--input", "a.parquet"], "has no 'text' — give one of review"),
        ("sentiment", ["--input", "b-*.parquet"], "b-2.parquet: has no 'text' — give one of"),
        ("sentiment", ["--input", "c-*.parquet"], "c-2.parquet: cannot be read as parquet"),
        ("sentiment", ["--input", "a.txt", "--fields", "lable"], "closest: label"),
        ("sentiment", ["--input", "a.txt", "--runner", "NoRunner"], "NoRunner"),
        ("sentiment", ["--input", "a.txt", "--direct_num_worker", "2"], "--direct_num_workers"),
        ("sentiment", ["--input", "a.txt", "--direct_num_workers", "x"], "invalid int value: 'x'"),
        ("sentiment", ["--input", "a.parquet", "--text-col=review"], "closest: --text-column"),
        ("sentiment", ["--input", "a.txt", "--streaming", "again"], "again"),
        ("sentiment", ["--input", "a.txt", "--model", "."], "give a folder with saved_model.pb"),
        ("sentiment", ["--input", "a.txt", "--output", "done.jsonl"], "is there already"),
        ("charlm", ["--input", "a.txt"], "only models that take text alone"),
    ],
)
def test_a_mistake_is_one_line_that_helps(command, finished, tmp_path, task, words, expected):
    arrow, parquet = map(importlib.import_module, ("pyarrow", "pyarrow.parquet"))
    (tmp_path / "saved_models").symlink_to(finished(task).root / "saved_models")
    (tmp_path / "a.txt").write_text("꿀잼\n", "utf-8")
    (tmp_path / "done-00000-of-00001.jsonl").touch()
    for name in ("a", "b-2"):
        parquet.write_table(arrow.table({"review": ["꿀잼"]}), tmp_path / f"{name}.parquet")
    for name in ("b-1", "b-3", "c-1"):
        parquet.write_table(arrow.table({"text": ["꿀잼"]}), tmp_path / f"{name}.parquet")
    (tmp_path / "c-2.parquet").write_text("꿀잼\n", "utf-8")
    outcome = command(tmp_path, "score", task, "--output", "scores.jsonl", *words)
    assert expected in outcome.error
    assert not list(tmp_path.glob("scores*"))


def test_no_option_of_beam_is_called_as_one_of_ours():
    options = importlib.import_module("apache_beam.options.pipeline_options").PipelineOptions
    beams = {option_of(name) for name in options().get_all_options()}
    assert "--runner" in beams
    assert split_options(sorted(beams)) == ([], sorted(beams))
