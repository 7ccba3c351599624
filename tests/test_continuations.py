"""How far a model goes on as the text does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.continuations import (
    LENGTH,
    LONGEST_PROMPT,
    MOST_LINES,
    line_halves,
    right_characters,
)
from pipeline.text.characters import normalize_lines


def test_lines_are_cut_before_a_word():
    prompts, rests = line_halves(["모든 국민은 법 앞에 평등하다.\n\n가나다라", "x"])
    assert prompts == ["모든 국민은 법", "가나"]
    assert rests == [" 앞에 평등하다.", "다라"]


@given(st.lists(st.text(st.sampled_from("가나 다\n★"), max_size=60), max_size=80))
def test_a_prompt_and_its_rest_are_a_beginning_of_a_line(texts):
    prompts, rests = line_halves(texts)
    lines = {line for text in texts for line in normalize_lines(text).split("\n")}
    assert len(prompts) == len(rests) <= MOST_LINES
    for prompt, rest in zip(prompts, rests, strict=True):
        assert prompt
        assert 0 < len(rest) <= LENGTH
        assert any(line.startswith(prompt + rest) for line in lines)


def test_of_a_very_long_line_the_end_of_its_first_half_is_read():
    line = "모든 국민은 " * 20_000
    (prompt,), (rest,) = line_halves([line])
    assert LONGEST_PROMPT - 1 <= len(prompt) <= LONGEST_PROMPT
    assert prompt == normalize_lines(prompt)
    assert prompt + rest in line


def test_many_lines_are_asked_from_beginning_to_end():
    lines = [f"줄 {number:04}" for number in range(1000)]
    prompts, rests = line_halves(["\n".join(lines)])
    assert len(prompts) == MOST_LINES
    assert prompts[0] + rests[0] == lines[0]
    assert prompts[-1] + rests[-1] == lines[-1]


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("가나다라", 2),
        ("가나다하", 1),
        ("가나하라", 0),
        ("가", 0),
        ("가나다라마", 2),
        ("나나다라", 0),
    ],
)
def test_characters_count_up_to_the_first_that_is_wrong(said, right):
    assert right_characters([said], ["가나"], ["다라"]) == right


def test_prompts_are_averaged():
    assert right_characters(["가나", "가다"], ["가", "가"], ["나", "나"]) == 0.5
    assert right_characters([], [], []) == 0.0
