"""Answers as lines of JSON, and their numbers."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.json_lines import json_line, shortest

ANSWER = {
    "row": 3,
    "text": '따옴표 "\n',
    "score": np.float32(0.1),
    "sure": np.float64(0.1),
    "probabilities": {"긍정": np.float32(0.9), "부정": np.float32(1e-8)},
    "vectors": np.array([[0.1, 2], [1 / 3, 4]], np.float32),
    "entity": [],
    "start": np.array([], np.int32),
    "end": [np.int32(7)],
}


def test_what_numpy_has_is_written_wherever_it_stands():
    line = json_line(ANSWER)
    assert "긍정" in line
    assert "\n" not in line
    assert json.loads(line) == {
        **ANSWER,
        "score": 0.1,
        "probabilities": {"긍정": 0.9, "부정": 1e-8},
        "vectors": [[0.1, 2.0], [0.33333334, 4.0]],
        "start": [],
    }


def by_hand(value: np.float32) -> float:
    """Of all counts of digits the first with which it is read back."""
    tried = (float(f"{value:.{digits}g}") for digits in range(1, 10))
    return next(number for number in tried if np.float32(number) == value)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32)))
def test_as_few_digits_as_are_read_back(values):
    array = np.array(values, np.float32)
    written = shortest(array)
    assert np.array_equal(np.array(written, np.float32), array)
    for number, value in zip(written, array, strict=True):
        assert shortest(value) == number
        assert len(repr(number)) <= len(repr(by_hand(value)))
