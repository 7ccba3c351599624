"""The exports take memory and time in proportion to their text, whatever its lengths.

Each of these calls took gigabytes as long as a table of [texts, longest] was laid out somewhere,
or a text was copied for each of its entities.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import benchmarks.served_peak
from benchmarks.served_memory import cases, long_text, row, short_texts
from pipeline.corpora.annotated.entities import Entity
from pipeline.export import tagger
from pipeline.export.tagger import entities_by_row, served_entities

MOST_MIB = 300
SIZES = {
    "sentiment": (300, 100_000),
    "ner": (500, 120_000),
    "translation": (50, 100_000),
    "charlm": (200, 20_000),
}
"""Task -> short texts, and characters of the long one beside them."""
PROGRAM = Path(benchmarks.served_peak.__file__).read_text(encoding="utf-8")


@pytest.fixture
def taken(finished, warm_python, tmp_path):
    """(task, signature, texts) -> what one call of its export took, in a process of its own."""

    def ask(task: str, signature: str, texts: list[str]) -> dict:
        question = json.dumps({"signature": signature, "texts": texts})
        done = warm_python.run(PROGRAM, finished(task).saved_model, cwd=tmp_path, given=question)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask


@pytest.mark.parametrize("task", SIZES)
def test_a_long_text_beside_short_ones(taken, task):
    count, characters = SIZES[task]
    told = taken(task, "serving_default", [*short_texts(count), "ㅋ " * (characters // 2)])
    assert told["peak"] - told["idle"] < MOST_MIB


@pytest.mark.parametrize("task", SIZES)
def test_one_long_text(taken, task):
    told = taken(task, "serving_default", [long_text(SIZES[task][1])])
    assert told["peak"] - told["idle"] < MOST_MIB


def test_many_entities_beside_many_texts(taken):
    told = taken("ner", "entities", [*short_texts(500), long_text(50_000)])
    assert told["peak"] - told["idle"] < MOST_MIB


def test_the_benchmark_asks_for_twice_as_much():
    for what, (half, whole) in cases(10_000).items():
        sizes = [sum(map(len, texts)) for texts in (half, whole)]
        assert sizes[1] == pytest.approx(2 * sizes[0], rel=0.1), what


@pytest.mark.parametrize("refused", [False, True])
def test_a_row_of_the_table(monkeypatch, refused):
    calls = [(20, 1.5, 1.0), (40, 3.0, 1.9)]
    told = iter({"idle": 10, "peak": peak, "seconds": s, "cpu": cpu} for peak, s, cpu in calls)
    answer = (lambda *_: {"refused": "too large"}) if refused else (lambda *_: next(told))
    monkeypatch.setattr("benchmarks.served_memory.measured", answer)
    cells = row("texts", [["가"], ["가", "나"]], Path("model"), "serving_default")
    assert cells[1:] == ["2 texts, 2 characters"] + (
        ["refused", "", "", ""] if refused else ["30", "1.50", "3.00", "1.9"]
    )


# ---- the tagger's two ways to answer


FOUND = {
    "row": tf.constant([0, 0, 2], tf.int32),
    "entity": tf.constant(["가", "나", "다"]),
    "label": tf.constant(["PS", "LC", "PS"]),
    "start": tf.constant([0, 4, 1], tf.int32),
    "end": tf.constant([1, 6, 2], tf.int32),
}
EXPECTED = [[Entity(0, 1, "PS"), Entity(4, 6, "LC")], [], [Entity(1, 2, "PS")], []]


def test_tables_hold_what_was_found():
    tables = {
        name: values.numpy() for name, values in tagger._tables(FOUND, tf.constant(4)).items()
    }
    assert tables["entity"].tolist() == [[b"\xea\xb0\x80", "나".encode()], [b"", b""],
                                         ["다".encode(), b""], [b"", b""]]  # fmt: skip
    assert served_entities(tables) == EXPECTED
    flat = {name: values.numpy() for name, values in FOUND.items()}
    assert entities_by_row(flat, 4) == EXPECTED


@pytest.mark.parametrize("count", [0, 3])
def test_tables_of_nothing(count):
    nothing = {name: values[:0] for name, values in FOUND.items()}
    tables = tagger._tables(nothing, tf.constant(count))
    assert {name: values.shape.as_list() for name, values in tables.items()} == {
        name: [count, 0] for name in ("entity", "label", "start", "end")
    }


def test_a_table_that_would_fill_the_memory_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(tagger, "MOST_CELLS", 8)
    tagger._tables(FOUND, tf.constant(4))
    graph = tf.function(lambda count: tagger._tables(FOUND, count))
    with pytest.raises(tf.errors.InvalidArgumentError, match="signature entities"):
        graph(tf.constant(5))


def test_both_signatures_say_the_same(finished):
    loaded = tf.saved_model.load(str(finished("ner").saved_model))
    text = tf.constant([*short_texts(20), "", "e\u0301 김민수가 👩‍👩‍👧 서울에", long_text(2_000)])
    tables, flat = (
        {name: values.numpy() for name, values in loaded.signatures[signature](text=text).items()}
        for signature in ("serving_default", "entities")
    )
    assert {name: values.shape for name, values in flat.items()} == dict.fromkeys(
        ("row", "entity", "label", "start", "end"), flat["row"].shape
    )
    assert entities_by_row(flat, 23) == served_entities(tables)
    assert flat["entity"].tolist() == tables["entity"][tables["start"] >= 0].tolist()
    assert (np.diff(flat["row"]) >= 0).all()
