from __future__ import annotations

import os
from unittest import mock

import numpy as np
import psutil
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batches import length_buckets
from pipeline.batches.length_buckets import LengthBuckets
from pipeline.batches.padding import pad
from pipeline.text.ragged import Ragged

lengths_of_rows = st.lists(st.integers(2, 30), min_size=1, max_size=60)


def make_rows(lengths) -> Ragged:
    return Ragged.from_lists([[2, *range(10, 10 + n - 2), 3] for n in lengths])


@given(lengths_of_rows, st.integers(1, 9), st.integers(0, 5))
def test_each_row_stands_in_exactly_one_batch_unharmed(lengths, batch_size, epoch):
    rows = make_rows(lengths)
    batches = LengthBuckets(rows, np.arange(len(rows)), batch_size, seed=1, epoch=epoch)
    seen = []
    for inputs, targets in batches:
        ids, lengths_ = inputs["ids"], inputs["lengths"]
        assert ids.dtype == lengths_.dtype == np.int32
        assert ids.shape == (len(targets), lengths_.max())
        for row, target, length in zip(ids, targets, lengths_, strict=True):
            np.testing.assert_array_equal(row[:length], rows.row(target))
            assert (row[length:] == 0).all()
        seen.extend(targets)
    assert sorted(seen) == list(range(len(rows)))


@given(lengths_of_rows, st.integers(1, 9))
def test_a_batch_of_an_evaluation_has_fewer_of_long_rows(lengths, batch_size):
    rows = make_rows(lengths)
    with mock.patch.object(length_buckets, "_MAX_PLACES", 40):
        batches = LengthBuckets(rows, None, batch_size)
    for inputs, _ in batches:
        assert len(inputs["ids"]) == 1 or inputs["ids"].size <= 40
        assert len(inputs["ids"]) <= batch_size
    order = np.concatenate(batches.batch_rows)
    assert sorted(order) == list(range(len(rows)))
    assert sorted(lengths) == [lengths[row] for row in order]


@given(lengths_of_rows)
def test_order_is_a_function_of_seed_and_epoch(lengths):
    rows = make_rows(lengths)

    def order(seed, epoch):
        batches = LengthBuckets(rows, None, 4, seed=seed, epoch=epoch)
        return [tuple(b) for b in batches.batch_rows]

    assert order(1, 2) == order(1, 2)


def test_epochs_and_seeds_differ():
    rows = make_rows(np.random.default_rng(0).integers(2, 30, size=200))
    orders = {
        tuple(np.concatenate(LengthBuckets(rows, None, 8, seed=s, epoch=e).batch_rows))
        for s in (1, 2)
        for e in (0, 1)
    }
    assert len(orders) == 4


def test_little_is_padded():
    lengths = np.random.default_rng(0).geometric(1 / 17, size=5000).clip(2, 150)
    rows = make_rows(lengths)
    batches = LengthBuckets(rows, None, 128, seed=1)
    padded = sum(batches[i][0]["ids"].size for i in range(len(batches)))
    assert batches.real_tokens == lengths.sum()
    assert padded < 1.2 * batches.real_tokens


def test_width_is_a_multiple():
    ids, lengths = pad(make_rows([2, 5, 9]), np.array([0, 2]), multiple=8)
    assert ids.shape == (2, 16)
    assert lengths.tolist() == [2, 9]


@given(lengths_of_rows, st.integers(1, 9))
def test_targets_of_ids_are_padded_with_minus_one(lengths, batch_size):
    rows = make_rows(lengths)
    tags = Ragged(np.arange(len(rows.ids)) % 7, rows.row_splits)
    batches = LengthBuckets(rows, tags, batch_size, seed=1)
    for indices, (inputs, targets) in zip(batches.batch_rows, batches, strict=True):
        assert targets.shape == inputs["ids"].shape
        for row, target, length in zip(indices, targets, inputs["lengths"], strict=True):
            np.testing.assert_array_equal(target[:length], tags.row(row))
            assert (target[length:] == -1).all()


def test_rows_on_disk_do_not_stay_in_memory(tmp_path):
    """Neither those of an epoch that is drawn in blocks, nor those that were prepared."""
    part = Ragged.from_lengths(np.arange(1 << 21, dtype=np.int32), np.full(1 << 9, 1 << 12))
    part.save(tmp_path / "train")
    drawn = Ragged.in_temporary_file([part] * 4, tmp_path)
    for rows in (drawn, Ragged.load(tmp_path / "train")):
        before = _mapped_bytes()
        for inputs, targets in LengthBuckets(rows, np.arange(len(rows)), 64, seed=1):
            np.testing.assert_array_equal(inputs["ids"][:, 0], targets % (1 << 9) << 12)
        assert _mapped_bytes() - before < rows.ids.nbytes / 4


def _mapped_bytes() -> int:
    """Memory of this process that belongs to mapped files; 0 where the system does not say."""
    return getattr(psutil.Process(os.getpid()).memory_info(), "shared", 0)
