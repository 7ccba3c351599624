"""Rows of ids of different lengths, in memory and on disk."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.array_file import array_writer, mapped_array
from pipeline.errors import UserError
from pipeline.text.ragged import Ragged, ragged_writer
from pipeline.text.vocabulary import BOS, EOS

ROWS = st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=6), max_size=8)
FILES = ["train.ids.npy", "train.row_splits.npy"]


def assert_same(ours: Ragged, others: Ragged) -> None:
    for name in ("ids", "row_splits"):
        mine, theirs = getattr(ours, name), getattr(others, name)
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)


@given(ROWS)
def test_ragged_holds_its_rows(rows: list[list[int]]):
    ragged = Ragged.from_lists(rows)
    assert len(ragged) == len(rows)
    assert [ragged.row(i).tolist() for i in range(len(rows))] == rows
    assert ragged.lengths.tolist() == [len(row) for row in rows]
    framed = ragged.framed(BOS, EOS)
    assert [framed.row(i).tolist() for i in range(len(rows))] == [[2, *row, 3] for row in rows]


@given(ROWS.filter(len), st.data())
def test_ragged_takes_rows_in_any_order(rows: list[list[int]], data):
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=12))
    taken = Ragged.from_lists(rows).take(np.array(chosen, dtype=np.int64))
    assert [taken.row(i).tolist() for i in range(len(chosen))] == [rows[i] for i in chosen]


@settings(deadline=None)
@given(st.lists(ROWS))
def test_blocks_come_back_as_one(tmp_path_factory, blocks):
    path = tmp_path_factory.getbasetemp() / "blocks"
    parts = [Ragged.from_lists(rows) for rows in blocks]
    with ragged_writer(path) as append:
        for part in parts:
            append(part)
    whole = Ragged.concatenate(parts)
    assert_same(Ragged.load(path), whole)
    assert_same(Ragged.in_temporary_file(parts, path.parent), whole)
    for name in ("ids", "row_splits"):
        np.save(path.with_name("numpy.npy"), getattr(whole, name))
        written = path.with_name(f"blocks.{name}.npy").read_bytes()
        assert written == path.with_name("numpy.npy").read_bytes()


@given(ROWS)
def test_counts_are_those_of_all_rows(rows):
    ragged = Ragged.from_lists([[id_ % 7 for id_ in row] for row in rows])
    assert ragged.counts(9).tolist() == np.bincount(ragged.ids, minlength=9).tolist()


def test_what_is_loaded_stays_on_disk(tmp_path):
    rows = Ragged.from_lengths(np.arange(2_000_000) % 9, np.full(100_000, 20))
    rows.save(tmp_path / "train")
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    tracemalloc.start()
    loaded = Ragged.load(tmp_path / "train")
    taken = loaded.take(np.array([70_000, 3]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < loaded.ids.nbytes / 10
    assert taken.row(1).tolist() == rows.row(3).tolist()
    with pytest.raises(ValueError, match="read-only"):
        loaded.ids[0] = 1


def test_drawn_rows_leave_no_file_behind(tmp_path):
    rows = Ragged.from_lists([[2, 5, 3], [2, 3]])
    drawn = Ragged.in_temporary_file([rows, rows], tmp_path)
    assert not list(tmp_path.iterdir())
    assert_same(drawn, Ragged.concatenate([rows, rows]))


def test_what_breaks_off_leaves_what_was_there(tmp_path):
    rows = Ragged.from_lists([[2, 5, 3]])
    rows.save(tmp_path / "train")
    with pytest.raises(KeyboardInterrupt), ragged_writer(tmp_path / "train") as append:
        append(Ragged.from_lists([[7]] * 1000))
        raise KeyboardInterrupt
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    assert_same(Ragged.load(tmp_path / "train"), rows)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", ["absent", "empty", "cut", "objects", "other", "archive"])
def test_damaged_rows_are_a_user_error(tmp_path, damage: str, file: str):
    Ragged.from_lists([[1, 2, 3], [4]]).save(tmp_path / "train")
    path = tmp_path / file
    whole = path.read_bytes()
    path.unlink()
    if damage in ("empty", "cut"):
        path.write_bytes(whole[: -1 if damage == "cut" else 0])
    elif damage == "objects":
        np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    elif damage == "other":
        np.save(path, np.zeros(3))
    elif damage == "archive":
        with open(path, "wb") as archive:
            np.savez(archive, ids=np.zeros(3, np.int32))
    with pytest.raises(UserError, match="prepare stage") as error:
        Ragged.load(tmp_path / "train")
    assert file in str(error.value)
    assert "\n" not in str(error.value)


def test_rows_that_do_not_belong_together_are_a_user_error(tmp_path):
    Ragged.from_lists([[1, 2, 3]]).save(tmp_path / "train")
    np.save(tmp_path / "train.row_splits.npy", np.array([0, 9]))
    with pytest.raises(UserError, match="prepare stage"):
        Ragged.load(tmp_path / "train")


def test_arrays_of_rows_with_a_shape(tmp_path):
    path = tmp_path / "shares.npy"
    with array_writer(path, np.float32, (2,)) as append:
        append(np.zeros((0, 2)))
        append([[0.25, 0.75]] * 3)
        with pytest.raises(ValueError, match="shape"):
            append([[1.0]])
    assert mapped_array(path, np.float32).tolist() == [[0.25, 0.75]] * 3
