"""What is said of characters by rule: by hand, against brute force, and for any text."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.running.corpus import constitution_file
from pipeline.lab.units.predicates import BRACKETS, DEEP, FAR, NEAR, PREDICATES, QUOTES, Predicate
from pipeline.text.characters import normalize_lines

BY_NAME = {predicate.name: predicate for predicate in PREDICATES}
MARKS = "".join((*QUOTES, *QUOTES.values(), *BRACKETS, *BRACKETS.values()))
TEXTS = st.text(
    st.one_of(st.sampled_from(MARKS + "\"' \n.?!:다가각aA1"), st.characters()), max_size=60
).map(normalize_lines)


def marked(name: str, text: str) -> str:
    """The characters of `text` of which it is true; a dot for each of the others."""
    holds = BY_NAME[name].holds(text)
    assert len(holds) == len(text)
    return "".join(c if held else "·" for c, held in zip(text, holds, strict=True))


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("inside quotes", "그는 “가자”고 했다", "···“가자·····"),
        ("inside quotes", '"Go," he said. "Now"', '"Go,···········"Now·'),
        ("inside quotes", '그는 "가자"라고', '···"가자···'),
        ("inside quotes", "‘don’t’ x ’tis", "‘don’t········"),
        ("inside quotes", "'겉『속』겉'은", "'겉『속』겉··"),
        ("inside quotes", "don't 'tis it's", "·" * 15),
        ("inside quotes", "“처음 “다시” 끝", "····“다시···"),
        ("inside quotes", "“열고\n\n닫는다”", "·" * 9),
        ("inside quotes", '5\'10" 6"', "·" * 8),
        ("inside brackets", "가(나[다]라)마", "·(나[다]라··"),
        ("inside brackets", "1) 가 (나", "·" * 7),
        ("inside brackets", "(a] b) c", "(a] b···"),
        ("begins an eojeol", "나는 간다\n너", "나··간··너"),
        ("deep in an eojeol", "대한민국은 사람", "···국은···"),
        ("ends an eojeol", "나는 간다\n너", "·는··다·너"),
        ("in a speaker's line", "KING:\nGo: now\nOh:\n\nALL:", "KING:··············ALL:"),
        ("sentence has ended", "간다. 3.5점? 네!”\n그래", "··. ····? ·!”\n··"),
        ("sentence has ended", "했다.그리고 a.b…", "··.·······…"),
        ("has a final consonant", "한국어 뷁ㄱㅏ각", "한국··뷁··각"),
        ("is a space", "a b\nc", "· ···"),
        ("is a line feed", "a b\nc", "···\n·"),
        ("is a digit", "a1²٣½", "·1·٣·"),
        ("is a capital letter", "aAßÉㄱ1", "·A·É··"),
        ("is a vowel letter", "Ahoy 아", "A·o···"),
    ],
)
def test_by_hand(name, text, found):
    assert marked(name, text) == found


def test_how_far_the_line_has_come():
    """A line feed has read nothing of the next line."""
    lines = ["x" * 60, "", "y" * 5, "z" * 41]
    read = [[*range(1, len(line) + 1), 0] for line in lines]
    count = np.array([number for line in read for number in line][:-1])
    text = "\n".join(lines)
    np.testing.assert_array_equal(BY_NAME["near the line's start"].holds(text), count <= NEAR)
    np.testing.assert_array_equal(BY_NAME["far in the line"].holds(text), count > FAR)


def test_names_and_rules_differ():
    for of in ("name", "korean", "rule", "title"):
        assert len({getattr(predicate, of) for predicate in PREDICATES}) == len(PREDICATES)


def one_by_one(name: str, text: str) -> list[bool]:
    """The definition of some predicates, character by character."""
    found = []
    for place, character in enumerate(text):
        word = len(text[:place].split("\n")[-1].split(" ")[-1]) + 1
        last = place + 1 == len(text) or text[place + 1].isspace()
        nfd = unicodedata.normalize("NFD", character)
        found.append(
            {
                "begins an eojeol": not character.isspace() and word == 1,
                "deep in an eojeol": not character.isspace() and word >= DEEP,
                "ends an eojeol": not character.isspace() and last,
                "has a final consonant": "가" <= character <= "힣" and len(nfd) == 3,
                "is a space": character == " ",
                "is a line feed": character == "\n",
                "is a digit": character.isdecimal(),
                "is a capital letter": character.isupper(),
                "is a vowel letter": character in set("aeiouAEIOU"),
                "near the line's start": len(text[: place + 1].split("\n")[-1]) <= NEAR,
                "far in the line": len(text[: place + 1].split("\n")[-1]) > FAR,
            }[name]
        )
    return found


SIMPLE = (
    "begins an eojeol", "deep in an eojeol", "ends an eojeol", "has a final consonant",
    "is a space", "is a line feed", "is a digit", "is a capital letter", "is a vowel letter",
    "near the line's start", "far in the line",
)  # fmt: skip


@pytest.mark.parametrize("name", SIMPLE)
@given(text=TEXTS)
def test_equal_to_the_definition(name, text):
    assert BY_NAME[name].holds(text).tolist() == one_by_one(name, text)


@pytest.mark.parametrize("predicate", PREDICATES, ids=lambda predicate: predicate.name)
@given(first=TEXTS, second=TEXTS)
def test_nothing_is_known_over_a_blank_line(predicate: Predicate, first, second):
    """So the first text is told of as if it were alone; and any text can be asked about."""
    alone, both = predicate.holds(first), predicate.holds(f"{first}\n\n{second}")
    assert alone.dtype == bool
    assert len(alone) == len(first)
    assert len(both) == len(first) + 2 + len(second)
    np.testing.assert_array_equal(both[: len(first)], alone)


@given(st.text("()[]가 ", max_size=40))
def test_brackets_pair_up(text):
    """Each inside begins with an opening bracket, and where all pair up depth decides."""
    holds = BY_NAME["inside brackets"].holds(text)
    begins = holds & ~np.append(False, holds[:-1])[: len(holds)]
    assert all(text[place] in "([" for place in np.flatnonzero(begins))
    left = text
    while (shorter := left.replace("()", "").replace("[]", "")) != left or " " in left:
        left = shorter.replace(" ", "").replace("가", "")
    if not left.replace("가", ""):
        depth = np.cumsum([(c in "([") - (c in ")]") for c in text], dtype=int)
        np.testing.assert_array_equal(holds, depth > 0)


@given(st.lists(st.tuples(st.sampled_from(sorted(QUOTES)), st.text("가나 다", max_size=8))))
def test_closed_quotes_are_found_whatever_stands_between(parts):
    text, expected = "", []
    for mark, said in parts:
        text += f"x {mark}{said}{QUOTES[mark]} "
        expected += [False] * 2 + [True] * (len(said) + 1) + [False] * 2
    assert BY_NAME["inside quotes"].holds(text).tolist() == expected


def test_of_a_real_text():
    """The constitution: shares that a reader can check."""
    text = normalize_lines(constitution_file().read_text(encoding="utf-8"))
    share = {name: predicate.holds(text).mean() for name, predicate in BY_NAME.items()}
    assert share["is a space"] == text.count(" ") / len(text)
    assert share["begins an eojeol"] == share["ends an eojeol"] == len(text.split()) / len(text)
    assert share["sentence has ended"] > text.count("다.") / len(text)
    oath = text.split('"')[1]
    assert oath.startswith("나는 헌법을 준수하고")
    assert share["inside quotes"] == (len(oath) + 1) / len(text)
    assert 0.2 < share["has a final consonant"] < 0.5
