"""Training splits that are drawn a block after the other, held to draws of each block alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.text import sampling
from pipeline.text.line_file import line_writer
from pipeline.text.ragged import Ragged
from pipeline.text.sampling import SegmentationSampler, segmentations
from pipeline.text.tokenizers import learn_tokenizer

TEXTS = [f"{n}번째 영화는 정말 재미있었다 {'ㅋ' * (n % 4)}".strip() for n in range(23)]
STRENGTH, SEED = 0.4, 7


@pytest.fixture(params=["wordpiece", "sentencepiece"])
def prepared(request, tmp_path) -> Path:
    tokenizer = learn_tokenizer(request.param, TEXTS * 4, 120, min_frequency=1, normalized=True)
    tokenizer.save(tmp_path)
    with line_writer(tmp_path / "train.txt") as append:
        append(TEXTS)
    return tmp_path


def drawn(prepared: Path, epoch: int, **more) -> Ragged:
    tokenizer = sampling.load_tokenizer(prepared)
    rows = tokenizer.encode_normalized(TEXTS)
    texts = prepared / "train.txt"
    return segmentations(prepared, texts, rows, strength=STRENGTH, seed=SEED, **more)(epoch)


def rows_of(ragged: Ragged) -> list[list[int]]:
    return [ragged.row(index).tolist() for index in range(len(ragged))]


@pytest.mark.parametrize("at_once", [1, 5, 22, 23, 24])
def test_each_block_is_drawn_as_if_alone(prepared, monkeypatch, at_once: int):
    monkeypatch.setattr(sampling, "ROWS_AT_ONCE", at_once)
    tokenizer = sampling.load_tokenizer(prepared)
    expected = []
    for block, start in enumerate(range(0, len(TEXTS), at_once)):
        texts = TEXTS[start : start + at_once]
        sampler = SegmentationSampler(
            tokenizer, texts, strength=STRENGTH, seed=SEED, normalized=True
        )
        expected += rows_of(sampler.draw(3, block))
    assert rows_of(drawn(prepared, 3)) == expected
    assert {path.name for path in prepared.iterdir()} >= {"train.txt", "tokenizer.json"}
    assert not [path for path in prepared.iterdir() if path.name.startswith("tmp")]


def test_equal_blocks_are_not_drawn_alike(prepared):
    tokenizer = sampling.load_tokenizer(prepared)
    sampler = SegmentationSampler(tokenizer, TEXTS, strength=STRENGTH, seed=SEED, normalized=True)
    draws = [sampler.draw(0, 0), sampler.draw(0, 1), sampler.draw(1, 0)]
    assert len({tuple(draw.ids.tolist()) for draw in draws}) == 3


@pytest.mark.parametrize("at_once", [4, 100])
def test_long_rows_are_cut_block_by_block(prepared, monkeypatch, at_once: int):
    monkeypatch.setattr(sampling, "ROWS_AT_ONCE", at_once)
    whole, cut = drawn(prepared, 2), drawn(prepared, 2, max_length=8)
    assert whole.lengths.max() > 8
    assert rows_of(cut) == rows_of(whole.truncated(8))


def test_without_dropout_the_rows_are_those_on_disk(prepared, monkeypatch):
    monkeypatch.setattr(sampling, "ROWS_AT_ONCE", 4)
    rows = Ragged.from_lists([[2, 3]])
    draw = segmentations(prepared, prepared / "train.txt", rows, strength=0.0, seed=SEED)
    assert draw(0) is draw(5) is rows


def test_a_draw_is_what_it_was(prepared, monkeypatch):
    """Asked for again, as after a kill, and by another process's order of asking."""
    monkeypatch.setattr(sampling, "ROWS_AT_ONCE", 6)
    later, first = drawn(prepared, 4), drawn(prepared, 0)
    again = drawn(prepared, 4)
    np.testing.assert_array_equal(later.ids, again.ids)
    np.testing.assert_array_equal(later.row_splits, again.row_splits)
    assert rows_of(first) != rows_of(later)
