"""Reviews that are prepared in blocks: the same arrays, whatever a block holds."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.corpora.labelled.probabilities import with_probabilities
from pipeline.corpora.split_file import SplitFile
from pipeline.corpora.splits import write_split
from pipeline.evaluation.seen_texts import SeenTexts
from pipeline.tasks.sentiment import data
from pipeline.tasks.sentiment.settings import TINY
from pipeline.text.line_file import line_blocks
from pipeline.text.ragged import Ragged
from pipeline.text.tokenizers import learn_tokenizer
from pipeline.workspace import read_json

SETTINGS = dataclasses.replace(
    TINY, text=dataclasses.replace(TINY.text, vocabulary_size=200, max_length=9)
)


def reviews(rows: int, seed: int, labels=("나쁨", "좋음")) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    words = np.array(["영화", "배우는", "정말", "최고다", "지루했다", "그냥", "ㅋㅋ", "음악이"])
    texts = [" ".join(random.choice(words, random.integers(1, 9))) for _ in range(rows)]
    chosen = random.choice(np.array(labels), rows)
    return pd.DataFrame({"id": map(str, range(rows)), "text": texts, "label": chosen}, dtype="str")


@pytest.fixture
def splits(tmp_path) -> dict[str, Path]:
    train = reviews(120, 1)
    shares = np.random.default_rng(2).dirichlet([1, 1], 120).astype(np.float32)
    given = [None if row % 5 == 0 else share for row, share in enumerate(shares)]
    train = with_probabilities(train, ["나쁨", "좋음"], given, np.arange(120) % 3 == 0)
    frames = {"train": train, "dev": reviews(40, 3), "test": reviews(30, 4, ("좋음", "모름"))}
    for name, frame in frames.items():
        write_split(tmp_path / f"{name}.tsv", frame)
    return {name: tmp_path / f"{name}.tsv" for name in frames}


def prepared(splits: dict[str, Path], size: int, folder: Path) -> dict[str, bytes]:
    """What is written, by file, and what is said."""
    folder.mkdir()
    files = {name: SplitFile(path, size) for name, path in splits.items()}
    facts = data.prepare(SETTINGS, files, folder.parent, folder)
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {**written, "facts": repr(facts).encode()}


@pytest.mark.parametrize("size", [1, 700, 3000])
def test_any_block_size_gives_the_same_files(splits, tmp_path, monkeypatch, size: int):
    whole = prepared(splits, 1 << 20, tmp_path / "whole")
    monkeypatch.setattr(data, "_LINES_AT_ONCE", 7)
    assert prepared(splits, size, tmp_path / "blocks") == whole
    assert {"train.ids.npy", "train.probabilities.npy", "train.labelled.npy"} < whole.keys()


def test_arrays_are_of_the_rows(splits, tmp_path):
    folder = tmp_path / "prepared"
    prepared(splits, 500, folder)
    labels = read_json(folder / data.LABELS)
    assert labels == ["나쁨", "좋음"]
    for name, path in splits.items():
        frame = SplitFile(path).frame()
        tokenizer = data.load_tokenizer(folder)
        expected = tokenizer.encode(list(frame["text"])).truncated(9)
        found = Ragged.load(folder / name)
        np.testing.assert_array_equal(found.ids, expected.ids)
        np.testing.assert_array_equal(found.row_splits, expected.row_splits)
        numbers = np.load(folder / f"{name}.labels.npy")
        assert numbers.dtype == np.int32
        assert [labels[n] if n >= 0 else "모름" for n in numbers] == list(frame["label"])


def test_pieces_of_a_large_corpus_are_learnt_from_a_part_of_it(splits, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "MAX_REVIEWS_TO_LEARN_FROM", 40)
    folder = tmp_path / "prepared"
    said = prepared(splits, 500, folder)["facts"].decode()
    assert "learnt from 40 reviews" in said
    lines = [line for block in line_blocks(folder / data.TRAIN_TEXTS, 50) for line in block]
    expected = learn_tokenizer("wordpiece", lines[::3], 200, min_frequency=2, normalized=True)
    assert data.load_tokenizer(folder).vocabulary == expected.vocabulary
    assert len(Ragged.load(folder / "train")) == len(lines) == 120


def test_seen_texts_are_those_that_were_given():
    given = [f"리뷰 {number}" for number in range(0, 200, 3)]
    seen = SeenTexts(given)
    assert [f"리뷰 {number}" in seen for number in range(200)] == [n % 3 == 0 for n in range(200)]
    assert "리뷰 0" not in SeenTexts([])
