"""Scoring many texts: all of it that needs no apache-beam."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import tensorflow as tf

from make_checkout import Checkout
from pipeline.errors import UserError
from pipeline.export.saved_model import load_asker
from pipeline.scoring.files import Output, input_kind, output_of
from pipeline.scoring.model import TextModel, rows_of
from pipeline.scoring.records import feature_text, tf_example
from pipeline.scoring.settings import FileSettings, split_options
from pipeline.stages import score

TEXTS = ["꿀잼ㅋㅋ", "", "김민수 대표는 지난해 12월 서울 종로구에서 기자들을 만났다.", "별로"]


@pytest.mark.parametrize(
    ("typed", "ours", "beams"),
    [
        ([], [], []),
        (["--input", "a.txt", "--output=b"], ["--input", "a.txt", "--output=b"], []),
        (["--direct_num_workers", "2", "--input", "a"], ["--input", "a"], "direct_num_workers 2"),
        (["--model_copies=2", "--streaming"], ["--model_copies=2"], "streaming"),
        (["--text_colum", "a", "--region=x"], ["--text_colum", "a"], "region=x"),
        (["--spark_version", "3", "-input", "a"], ["-input", "a"], "spark_version 3"),
        (["--experiments", "x", "-i"], [], "experiments x -i"),
        (
            ["--settings", "--runner FlinkRunner --version 2"],
            ["--version", "2"],
            "runner FlinkRunner",
        ),
        (["--help", "--region", "x"], ["--help"], "region x"),
    ],
)
def test_options_that_are_not_ours_are_for_beam(typed, ours, beams):
    expected = f"--{beams}".split() if beams else []
    assert split_options(typed) == (ours, expected)


@pytest.mark.parametrize(
    ("given", "output", "kind", "expected"),
    [
        ("a.txt", "b/c.jsonl", "text", Output("jsonl", "b/c", ".jsonl")),
        ("a.txt.gz", "c.jsonl.gz", "text", Output("jsonl", "c", ".jsonl.gz")),
        ("a.txt.xz", "c.jsonl.xz", "text", Output("jsonl", "c", ".jsonl.xz")),
        ("a.txt", "c", "text", Output("jsonl", "c", ".jsonl")),
        ("a.parquet", "gs://b/c", "parquet", Output("parquet", "gs://b/c", ".parquet")),
        ("a.tfrecords.gz", "c.v2", "tfrecord", Output("tfrecord", "c.v2", ".tfrecord")),
        ("a-*.tfrecord", "c.parquet", "tfrecord", Output("parquet", "c", ".parquet")),
    ],
)
def test_names_say_what_kinds_of_file_are_meant(given, output, kind, expected):
    files = FileSettings(input=given, output=output)
    assert input_kind(files) == kind
    assert output_of(files) == expected


def test_an_output_of_unknown_kind_is_said_in_words():
    files = FileSettings(input="a", input_kind="text", output="b.txt", output_kind="parquet")
    assert output_of(files) == Output("parquet", "b.txt", ".parquet")
    with pytest.raises(UserError, match="--input-kind"):
        input_kind(FileSettings(input="reviews.docx"))


@pytest.mark.parametrize("task", ["sentiment", "ner", "translation", "encoder"])
def test_a_row_is_what_the_model_says_of_a_text_alone(finished, task):
    folder = finished(task).saved_model
    ask = load_asker(folder)
    fields = sorted(ask([""]))
    together = TextModel(str(folder), fields)(TEXTS)
    for text, row in zip(TEXTS, together, strict=True):
        assert list(row) == fields
        for name, value in ask([text]).items():
            if value.dtype == object:
                assert np.array_equal(row[name], np.vectorize(bytes.decode, otypes="O")(value[0]))
            else:
                np.testing.assert_allclose(row[name], value[0], atol=1e-5)


def test_fields_are_those_that_were_asked_for(finished):
    model = TextModel(str(finished("encoder").saved_model), ["vectors"])
    short, long = model(["가", "봄이 오면 산에 들에 진달래가 핀다."])
    assert list(short) == ["vectors"]
    assert len(short["vectors"]) < len(long["vectors"])


def test_what_fills_up_a_batch_is_left_out():
    outputs = {
        "entity": np.array([[b"a", b"b"], [b"", b""]], object),
        "start": np.array([[0, 2], [-1, -1]], np.int32),
        "score": np.array([0.5, 0.25], np.float32),
    }
    first, second = rows_of(outputs, ["start", "entity", "score"], {"entity", "start"})
    assert (first["start"].tolist(), first["entity"], first["score"]) == ([0, 2], ["a", "b"], 0.5)
    assert (second["start"].tolist(), second["entity"], second["score"]) == ([], [], 0.25)


ROW = {
    "file": "가.txt",
    "row": 3,
    "text": '따옴표 "\n',
    "label": "긍정",
    "score": np.float32(0.1),
    "vectors": np.array([[0.1, 2], [1 / 3, 4]], np.float32),
    "entity": [],
    "start": np.array([], np.int32),
}


def test_an_example_holds_all_of_a_row():
    features = tf.train.Example.FromString(tf_example(ROW)).features.feature
    assert [feature_text(features[name]) for name in ("file", "row", "text")] == [
        "가.txt", "3", '따옴표 "\n'
    ]  # fmt: skip
    assert list(features["vectors"].float_list.value) == ROW["vectors"].ravel().tolist()
    assert feature_text(features["entity"]) == feature_text(features["absent"]) == ""


class TestMistakes:
    """One line, exit code 2, before anything is imported that takes time."""

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ([], "--input is missing"),
            (["--input", "a.txt"], "--output is missing"),
            (["--input", "a.docx", "--output", "b"], "--input-kind"),
            (["--input", "a.txt", "--output", "b"], "there is no exported model — make train-"),
            (["--input", "a.txt", "--output", "b", "--id-column", "c"], "has no columns"),
            (["--input", "a.txt", "--output", "b", "--text-column", "c"], "has no columns"),
            (["--input", "a.txt", "again"], "unexpected argument 'again'"),
            (["--batch-size", "0"], "--batch-size must be at least 1"),
            (["--runner", "FlinkRunner", "--text-colum", "a"], "closest: --text-column"),
            (["--modle=a", "--input", "a.txt"], "closest: --model"),
            (["--output-kind", "json"], "jsonl"),
        ],
    )
    def test_of_the_command_line(self, command, tmp_path, arguments, expected):
        outcome = command(tmp_path, "score", "sentiment", *arguments)
        assert expected in outcome.error
        assert outcome.err.count("\n") == 1

    def test_unknown_task(self, command, tmp_path):
        assert "sentiment" in command(tmp_path, "score", "sentimnet").error

    def test_without_beam(self, command, finished, monkeypatch):
        find = importlib.util.find_spec
        monkeypatch.setattr(
            score.importlib.util,
            "find_spec",
            lambda name: None if name == "apache_beam" else find(name),
        )
        outcome = command(finished("sentiment").root, "score", "--input", "a.txt", "--output", "b")
        assert "requirements-scale.txt" in outcome.error


def test_help_names_every_setting(command, tmp_path):
    outcome = command(tmp_path, "score", "--help")
    assert outcome.code == 0
    for option in ("--input", "--output", "--text-column", "--model", "--fields", "--version"):
        assert option in outcome.out


def test_make_hands_on_what_was_typed(tmp_path):
    checkout = Checkout(tmp_path).with_environment()
    (tmp_path / ".venv" / ".ready-scale").touch()
    words = ["TASK=ner", "INPUT=in/*.txt", "OUTPUT=out.jsonl", "SETTINGS=--runner X --region y"]
    assert checkout.make("score", *words).returncode == 0
    assert checkout.calls == [
        [
            *("-m", "pipeline", "score", "ner", "--input=in/*.txt", "--output=out.jsonl"),
            "--settings=--runner X --region y",
        ]
    ]
