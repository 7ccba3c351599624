"""Characters by syllable and by jamo: nothing is lost on the way to ids and back."""

from __future__ import annotations

import json
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.normalize import normalize
from pipeline.text.characters import Characters, lengths_of, normalize_lines, to_jamo, to_text
from pipeline.text.vocabulary import BOS, EOS, PAD, SPECIALS, UNK, Vocabulary

# What could go wrong when jamo meet: modern and old ones, of every place, lone or side by side,
# compatibility and half-width letters, tone marks, and letters of other scripts that compose.
AWKWARD = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.characters(min_codepoint=0x1100, max_codepoint=0x11FF),
        st.characters(min_codepoint=0xAC00, max_codepoint=0xD7FB, exclude_categories=["Cn"]),
        st.sampled_from("가각힣ㄱㅏㅋㅠ\u302e\u302f\ua960\uffa1e\u0301\u0323ñ\n 1"),
    )
)


@given(AWKWARD)
def test_jamo_compose_back_to_any_text(text):
    text = unicodedata.normalize("NFC", text)
    jamo = to_jamo(text)
    assert to_text(jamo) == text
    assert not any("가" <= unit <= "힣" for unit in jamo)


def test_every_syllable_falls_into_its_jamo():
    for code in range(0xAC00, 0xD7A4):
        index = code - 0xAC00
        initial, vowel, final = index // 588, index % 588 // 28, index % 28
        expected = chr(0x1100 + initial) + chr(0x1161 + vowel) + (chr(0x11A7 + final) * (final > 0))
        assert to_jamo(chr(code)) == expected
    assert to_jamo("ㅋㅋ é ㄱ") == "ㅋㅋ é ㄱ"


@given(AWKWARD, st.sampled_from(["syllable", "jamo"]))
def test_known_text_comes_back_from_its_ids(text, alphabet):
    characters = Characters.learn([text, "가"], alphabet)
    assert characters.decode(characters.encode(text)) == normalize_lines(text)


@given(AWKWARD)
def test_lines_are_under_the_text_policy(text):
    lines = normalize_lines(text)
    assert lines.count("\n") == text.count("\n")
    assert lines.split("\n") == [normalize(line) for line in text.split("\n")]
    assert normalize_lines(lines) == lines


def test_a_vocabulary_is_of_the_frequent_units_most_frequent_first():
    characters = Characters.learn(["나나나 각\n나 각\n", "bab"], "syllable", min_frequency=2)
    assert characters.vocabulary.pieces[4:] == ("나", "[LF]", " ", "b", "각")
    assert characters.most_units == 1
    by_jamo = Characters.learn(["각가"], "jamo")
    assert by_jamo.vocabulary.pieces[4:] == ("\u1100", "\u1161", "\u11a8")
    assert by_jamo.most_units == 3
    with pytest.raises(UserError, match="--min-frequency"):
        Characters.learn(["가나다"], "syllable", min_frequency=2)


def test_special_pieces_are_never_read_from_a_text():
    characters = Characters.learn(["[LF][UNK][EOS]"], "syllable")
    assert characters.decode(characters.encode("[LF] [EOS]\n")) == "[LF][UNK][EOS][UNK]"
    assert (characters.encode("[EOS]") >= len(SPECIALS)).all()


def test_decoding_says_where_documents_end_and_what_is_unknown():
    characters = Characters.learn(["나는\n"], "syllable")
    na = characters.encode("나")[0]
    assert characters.decode([BOS, na, UNK, EOS, BOS, na, PAD]) == "나[UNK]\n나"
    assert characters.encode("너").tolist() == [UNK]


def test_documents_are_framed_and_closed_where_they_end():
    characters = Characters.learn(["가나"], "syllable")
    rows = characters.encode_documents(["가나", "나", ""], [True, False, True])
    ga, na = characters.encode("가나")
    assert [rows.row(i).tolist() for i in range(3)] == [[BOS, ga, na, EOS], [BOS, na], [BOS, EOS]]
    assert len(characters.encode_documents([], [])) == 0


def test_lengths_do_not_hang_on_how_text_is_written():
    composed, decomposed = "각 ab\n나  ", unicodedata.normalize("NFD", "각  ab\n나")
    # 각 and 나 are three bytes each; the space at the end is none of the text.
    assert lengths_of([composed], [False]) == lengths_of([decomposed], [False]) == (6, 10)
    assert lengths_of([composed, "x"], [True, False]) == (8, 12)


@pytest.mark.parametrize("alphabet", ["syllable", "jamo"])
def test_an_alphabet_comes_back_from_its_folder(alphabet, tmp_path):
    text = "산에는 꽃 피네\n꽃이 피네 ㅋㅋ abc"
    characters = Characters.learn([text], alphabet)
    characters.save(tmp_path)
    again = Characters.load(tmp_path)
    assert again.vocabulary == characters.vocabulary
    assert again.alphabet == alphabet
    np.testing.assert_array_equal(again.encode(text), characters.encode(text))
    assert "[LF]" in (tmp_path / "vocab.txt").read_text(encoding="utf-8").split("\n")


def test_what_is_no_alphabet_is_refused(tmp_path):
    characters = Characters.learn(["가"], "syllable")
    characters.save(tmp_path)
    settings = tmp_path / "tokenizer.json"
    settings.write_text(json.dumps({"kind": "wordpiece", "alphabet": "syllable"}), encoding="utf-8")
    with pytest.raises(UserError, match="does not describe an alphabet"):
        Characters.load(tmp_path)
    with pytest.raises(UserError, match="'letters' is no alphabet"):
        Characters(characters.vocabulary, "letters")
    with pytest.raises(UserError, match="'##가' is no single character"):
        Characters(Vocabulary([*SPECIALS, "##가"]), "syllable")
