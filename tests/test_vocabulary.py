"""vocab.txt, and rows of ids on disk."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS, PAD, SPECIALS, UNK, Vocabulary

ROWS = st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=6), max_size=8)


def test_special_ids_are_what_the_models_count_on():
    vocabulary = Vocabulary([*SPECIALS, "가"])
    assert vocabulary.ids(SPECIALS) == [PAD, UNK, BOS, EOS] == [0, 1, 2, 3]
    assert vocabulary.ids(["가", "나"]) == [4, UNK]


def test_round_trip_with_what_splitlines_would_cut(tmp_path):
    vocabulary = Vocabulary([*SPECIALS, "가", "##나", "\u2028", "\x85", "#", "\ue000"])
    vocabulary.save(tmp_path / "vocab.txt")
    assert (tmp_path / "vocab.txt").read_bytes().startswith(b"[PAD]\n[UNK]\n[BOS]\n[EOS]\n")
    assert Vocabulary.load(tmp_path / "vocab.txt") == vocabulary


def test_joining_characters_have_both_forms():
    vocabulary = Vocabulary([*SPECIALS, "나", "##나", "가", "##가", "!", "##다", "가나", "##가나"])
    assert vocabulary.joining == ("가", "나")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            "[PAD]\n[UNK]\n[BOS]\n[EOS]\n가\n나\n가\n".encode(),
            "line 7: 가 stands here and on line 5",
        ),
        ("[PAD]\n[UNK]\n가\n".encode(), "line 3: this line must be [BOS]"),
        (b"", "line 1: this line must be [PAD]"),
        (b"[PAD]\n[UNK]\n[BOS]\n[EOS]\n\xff\n", "line 5: is not UTF-8"),
        (b"[PAD]\n[UNK]\n[BOS]\n[EOS]\n\na\n", "line 5: an empty piece"),
        (b"[PAD]\r\n[UNK]\r\n[BOS]\r\n[EOS]\r\n", "line 1: this line must be [PAD]"),
    ],
)
def test_a_damaged_file_is_told_by_line(tmp_path, data: bytes, message: str):
    path = tmp_path / "vocab.txt"
    path.write_bytes(data)
    with pytest.raises(UserError) as error:
        Vocabulary.load(path)
    assert f"{path}, {message}" in str(error.value)


def test_an_absent_file_says_what_to_run(tmp_path):
    with pytest.raises(UserError, match="prepare"):
        Vocabulary.load(tmp_path / "vocab.txt")


@pytest.mark.parametrize("pieces", [["가"], [*SPECIALS, "가", "가"], [*SPECIALS, ""]])
def test_a_wrong_list_is_refused(pieces: list[str]):
    with pytest.raises(ValueError, match="vocabulary|piece"):
        Vocabulary(pieces)


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


def test_ragged_on_disk(tmp_path):
    ragged = Ragged.from_lists([[2, 5, 3], [], [2, 3]])
    ragged.save(tmp_path / "train.npz")
    again = Ragged.load(tmp_path / "train.npz")
    assert again.ids.dtype == np.int32
    assert again.row_splits.dtype == np.int64
    np.testing.assert_array_equal(again.ids, ragged.ids)
    np.testing.assert_array_equal(again.row_splits, ragged.row_splits)
    assert [path.name for path in tmp_path.iterdir()] == ["train.npz"]


@pytest.mark.parametrize("damage", ["absent", "cut", "pickle", "inconsistent"])
def test_a_damaged_npz_is_a_user_error(tmp_path, damage: str):
    path = tmp_path / "train.npz"
    if damage == "pickle":
        np.savez(path, ids=np.array([{}], dtype=object), row_splits=np.array([0, 1]))
    elif damage == "inconsistent":
        np.savez(path, ids=np.zeros(3, np.int32), row_splits=np.array([0, 9]))
    elif damage == "cut":
        Ragged.from_lists([[1, 2, 3]]).save(path)
        path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(UserError, match="prepare stage"):
        Ragged.load(path)
