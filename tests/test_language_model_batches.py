"""What a language model over raw text is shown, and what it is to guess."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batches.language_model import HIDDEN_AS, MaskedBuckets, TwoWayBuckets
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS

LENGTHS = st.lists(st.integers(0, 40), min_size=1, max_size=12)
PIECES = 1000


def rows_of(lengths: list[int]) -> Ragged:
    """Framed rows of different pieces."""
    random = np.random.default_rng(len(lengths))
    pieces = [random.integers(4, PIECES, length).tolist() for length in lengths]
    return Ragged.from_lists(pieces).framed(BOS, EOS)


@given(LENGTHS)
def test_every_piece_is_guessed_once_each_way(lengths):
    rows = rows_of(lengths)
    batches = TwoWayBuckets(rows, 4)
    guessed = np.zeros(2)
    for index, (inputs, real) in enumerate(batches):
        ids, many = inputs["ids"], inputs["lengths"]
        assert real.shape == (*ids.shape, 2)
        for row, length, number in zip(real, many, batches.batch_rows[index], strict=True):
            assert length == rows.lengths[number]
            np.testing.assert_array_equal(row[:, 0], np.arange(len(row)) < length - 1)
            np.testing.assert_array_equal(
                row[:, 1], (np.arange(len(row)) > 0) & (np.arange(len(row)) < length)
            )
        guessed += real.sum(axis=(0, 1))
    assert guessed.tolist() == [sum(lengths) + len(lengths)] * 2


@given(LENGTHS)
def test_hidden_pieces_are_what_the_answers_say(lengths):
    rows = rows_of(lengths)
    batches = MaskedBuckets(rows, 4, PIECES, seed=3)
    for index, (inputs, real) in enumerate(batches):
        numbers = batches.batch_rows[index]
        for row, number in enumerate(numbers):
            there = rows.row(number)
            guessed = real[row, :, 0] > 0
            places = inputs["places"][row][guessed]
            assert len(set(places)) == len(places)
            assert ((places > 0) & (places < len(there) - 1)).all()
            wanted = max(1, round(0.15 * (len(there) - 2))) if len(there) > 2 else 0
            assert abs(len(places) - wanted) <= (wanted > 1)
            np.testing.assert_array_equal(inputs["answers"][row][guessed], there[places])
            shown = inputs["ids"][row, : len(there)].copy()
            shown[places] = there[places]
            np.testing.assert_array_equal(shown, there)


def test_most_are_hidden_some_replaced_some_left():
    rows = rows_of([40] * 400)
    shown, answers = [], []
    for inputs, real in MaskedBuckets(rows, 50, PIECES, seed=1):
        guessed = real[..., 0] > 0
        shown.append(np.take_along_axis(inputs["ids"], inputs["places"], axis=1)[guessed])
        answers.append(inputs["answers"][guessed])
    seen, right = np.concatenate(shown), np.concatenate(answers)
    assert np.mean(seen == HIDDEN_AS) == pytest.approx(0.8, abs=0.03)
    assert np.mean(seen == right) == pytest.approx(0.1, abs=0.03)


def test_what_is_hidden_depends_on_seed_epoch_and_batch_alone():
    rows = rows_of([20] * 9)

    def ids(seed, epoch):
        return [
            item[0]["ids"].tolist()
            for item in MaskedBuckets(rows, 4, PIECES, seed=seed, epoch=epoch)
        ]

    assert ids(1, 0) == ids(1, 0)
    assert ids(1, 0) != ids(1, 1)
    assert ids(1, 0) != ids(2, 0)
    assert ids(None, 0) == ids(None, 0)
