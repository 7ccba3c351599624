"""What each character cost, and the lines that show it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.surprise import LENGTH, bits_by_character, surprise_passage
from pipeline.text.characters import Characters, normalize_lines

TEXTS = ["값 없는\n글", "", "café ㅋ\u1112\u1161"]
ALPHABETS = {name: Characters.learn(TEXTS, name) for name in ("syllable", "jamo")}


@pytest.mark.parametrize("alphabet", ALPHABETS)
@given(data=st.data())
def test_bits_of_the_characters_are_those_of_their_units(alphabet, data):
    characters = ALPHABETS[alphabet]
    texts = data.draw(st.lists(st.text(st.sampled_from("값글 \ncé★ㅋ"), max_size=8), max_size=4))
    ends = data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
    rows = characters.encode_documents(texts, ends)
    nats = np.random.default_rng(1).random(len(rows.ids)).astype(np.float32)
    found = bits_by_character(nats, rows, texts, characters)
    for number, text in enumerate(texts):
        assert len(found[number]) == len(normalize_lines(text))
        units = nats[rows.row_splits[number] + 1 : rows.row_splits[number + 1]]
        units = units[: len(units) - ends[number]]
        assert found[number].sum() == pytest.approx(units.sum() / math.log(2), abs=1e-5)


def test_a_syllable_costs_what_its_jamo_cost():
    rows = ALPHABETS["jamo"].encode_documents(["값글"], [True])
    nats = np.array([9.0, 1, 2, 4, 8, 16, 32, 64], np.float32)[: len(rows.ids)]
    assert len(rows.ids) == 8
    (bits,) = bits_by_character(nats, rows, ["값글"], ALPHABETS["jamo"])
    assert bits * math.log(2) == pytest.approx([7, 56])


def test_lines_from_the_middle_are_shown():
    text = "\n".join(f"줄 {number}" for number in range(500))
    bits = [np.linspace(0, 20, len(text)), np.zeros(1)]
    passage = surprise_passage([text, "x"], bits)
    assert len(passage.text) == LENGTH
    assert passage.text.startswith("줄 ")
    start = text.index(passage.text)
    assert abs(start + LENGTH / 2 - len(text) / 2) < 20
    assert passage.values[0] == pytest.approx(1 - 2 * bits[0][start] / 10)
    assert min(passage.values) == -1
    assert surprise_passage(["짧다"], [np.array([0.0, 30.0])]).values == [1, -1]
    assert surprise_passage(["", " "], [np.zeros(0), np.zeros(0)]) is None
    assert surprise_passage([], []) is None
