"""The text policy: what it keeps, what it drops, and where characters came from."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.normalize import (
    DROPPED,
    NEWLY_COMBINING,
    RULES,
    WHITE_SPACE,
    aligned,
    class_body,
    normalize,
    ranges_of,
)

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
HEART_ON_FIRE = "\u2764\ufe0f\u200d\U0001f525"
WALES = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"

# What reviews, chats and hostile clients are made of, so that rules meet each other.
PARTS = st.sampled_from(
    [
        *"가힣한ㅋㅠㄱ ae漢1!.", "  ", "\t", "\n", "\u3000", "\u00a0", "\u2028", "\u0085", "\u2001",
        "\x00", "\x1c", "\x7f", "\u200b", "\u200c", "\u2060", "\ufeff", "\u202e", "\u00ad",
        "\u200d", "\u1112", "\u1161", "\u11ab", "\u1100", "\u0301", "\u0323", "\u0302", "\u0344",
        "\u2126", "\uf900", "\u0958", "א", "\u0627", "\ufe0f", "\u20e3", "\U0001f3fd", "\U0001f469",
        "\u2764", "\U0001f3f4", "\U000e0067", "\U000e007f", "\ue000", "\ud83d", "\U00016121",
        "\u0897", "\U0001faf8", FAMILY, HEART_ON_FIRE, WALES,
    ]
)  # fmt: skip
TEXTS = st.lists(PARTS, max_size=16).map("".join) | st.text(max_size=30)


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("  좋아요\t정말\n\n최고  ", "좋아요 정말 최고"),
        ("전각\u3000공백\u00a0줄\u2028바꿈\u0085", "전각 공백 줄 바꿈"),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글"),
        ("ㅋㅋㅠ 큐", "ㅋㅋㅠ 큐"),
        ("Ａ１ ½ ﬁ", "Ａ１ ½ ﬁ"),
        ("보\u200b이지\u200c않\ufeff는\u2060 \u202e글자\u202c", "보이지않는 글자"),
        ("종\x00료\x07\x1c", "종료"),
        ("cafe\u0301", "caf\u00e9"),
        ("가\u200d나", "가나"),
        (FAMILY, FAMILY),
        (HEART_ON_FIRE, HEART_ON_FIRE),
        (WALES, WALES),
        ("\U0001f3f4\U000e0067", "\U0001f3f4"),
        ("\U0001f469\u200d 혼자", "\U0001f469 혼자"),
        ("\U0001f469\u200b\u200d\U0001f467", "\U0001f469\u200d\U0001f467"),
        ("\ud83d", "\ufffd"),
        ("\u0897\U00016121", "\ufffd\ufffd"),
        ("", ""),
        (" \u200b ", ""),
    ],
)
def test_examples(given_text: str, expected: str):
    assert normalize(given_text) == expected


@given(TEXTS)
def test_idempotent_and_clean(text: str):
    once = normalize(text)
    assert normalize(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == once.strip(" ")
    assert not re.search(f"  |[{class_body(DROPPED)}]|[^\\S ]", once)
    once.encode("utf-8")


@given(st.text(alphabet=[chr(c) for c in range(0xAC00, 0xAC00 + 200)] + [*"ㄱㅋㅠㅏ"], max_size=40))
def test_composed_hangul_is_left_alone(text: str):
    assert normalize(text) == text


@given(st.text(alphabet=[chr(c) for c in range(0xAC00, 0xD7A4, 37)], max_size=20))
def test_decomposed_hangul_is_composed_and_traced_back(text: str):
    decomposed = unicodedata.normalize("NFD", text)
    normalized, starts, ends = aligned(decomposed)
    assert normalized == text
    assert [decomposed[s:e] for s, e in zip(starts, ends, strict=True)] == [
        unicodedata.normalize("NFD", syllable) for syllable in text
    ]


@given(TEXTS)
def test_alignment_belongs_to_the_normalized_text(text: str):
    normalized, starts, ends = aligned(text)
    assert normalized == normalize(text)
    assert len(starts) == len(ends) == len(normalized)
    assert all(0 <= s < e <= len(text) for s, e in zip(starts, ends, strict=True))


@given(TEXTS)
def test_each_span_normalizes_to_its_character(text: str):
    normalized, starts, ends = aligned(text)
    for character, start, end in zip(normalized, starts, ends, strict=True):
        # By itself a joiner or tag would go, and white space would be trimmed.
        if unicodedata.category(character) != "Cf" and not character.isspace():
            assert character in normalize(text[start:end])


def test_spaces_are_exactly_unicode_white_space():
    # \x1c to \x1f are white space to str.split alone; Unicode calls them controls.
    python = {c for c in map(chr, range(0x110000)) if c.isspace()} - set("\x1c\x1d\x1e\x1f")
    ours = {chr(c) for first, last in WHITE_SPACE for c in range(first, last + 1)}
    assert ours == python


def test_every_control_character_goes():
    controls = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) == "Cc"]
    assert all(normalize(f"가{c}나") in ("가나", "가 나") for c in controls)


def test_nfc_depends_on_no_unicode_version():
    """Whatever this Python could compose beyond Unicode 14.0 is replaced before NFC sees it."""
    newer = {chr(c) for first, last in NEWLY_COMBINING for c in range(first, last + 1)}
    old = unicodedata.ucd_3_2_0
    for character in newer:
        assert old.category(character) == "Cn"
        assert normalize(f"a{character}") == "a\ufffd"


def test_rules_read_the_same_in_re2():
    """No escape that only one of the two engines knows: everything above ASCII is itself."""
    for rule in RULES:
        assert not re.search(r"\\[uUNpPdDwWsSbB]", rule.pattern)
        re.compile(rule.pattern)


@given(st.sets(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_a_class_holds_exactly_its_characters(characters: set[str]):
    pattern = re.compile(f"[{class_body(ranges_of(characters))}]")
    assert all(pattern.fullmatch(c) for c in characters)
    neighbours = {chr(min(ord(c) + 1, 0x10FFFF)) for c in characters} - characters
    assert not any(pattern.fullmatch(c) for c in neighbours)
