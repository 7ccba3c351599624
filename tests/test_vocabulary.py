"""vocab.txt."""

from __future__ import annotations

import pytest

from pipeline.errors import UserError
from pipeline.text.vocabulary import BOS, EOS, PAD, SPECIALS, UNK, Vocabulary


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
