"""Greedy decoding and sampling: one path a row."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from pipeline.decoding import SamplingOptions, SpecialIds, greedy, sample
from pipeline.decoding.counter_random import threefry, uniform
from toy_decoder import BOS, EOS, PAD, SPECIAL, Toy, draw, follow, numpy, search


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), least=st.integers(0, 3), most=st.integers(0, 9))
def test_a_beam_of_one_is_greedy_and_greedy_takes_the_most_probable(seed, least, most):
    toy = Toy(seed, rows=2)
    found = follow(toy, min_length=least, max_length=most)
    beam = search(toy, beam_size=1, min_length=least, max_length=most)
    np.testing.assert_array_equal(found.ids, beam.ids[:, 0])
    np.testing.assert_array_equal(found.lengths, beam.lengths[:, 0])
    np.testing.assert_array_equal(found.scores, beam.scores[:, 0])
    for row in range(2):
        ids: tuple[int, ...] = ()
        while len(ids) < most and EOS not in ids:
            log_probs, _ = toy.after(row, ids)
            log_probs[[PAD, BOS, EOS] if len(ids) < least else [PAD, BOS]] = -np.inf
            ids = (*ids, int(log_probs.argmax()))
        assert tuple(found.ids[row, : found.lengths[row]]) == ids
        assert found.scores[row] == pytest.approx(toy.log_p(row, ids), rel=1e-4)


def test_threefry_gives_the_published_bits():
    """Known answers of Random123 (kat_vectors: threefry 2x32 20)."""
    for counter, key, expected in (
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((2**32 - 1,) * 2, (2**32 - 1,) * 2, (0x1CB996FC, 0xBB002BE7)),
        ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
    ):
        words = [
            tuple(ops.convert_to_tensor(np.array([w], np.uint32)) for w in pair)
            for pair in (key, counter)
        ]
        assert tuple(int(word[0]) for word in threefry(*words)) == expected


def test_random_numbers_are_uniform_and_hang_on_seed_position_and_row_alone():
    def numbers(seed, position, rows=2000):
        return ops.convert_to_numpy(
            uniform(seed, ops.convert_to_tensor(position), ops.arange(rows))
        )

    first = numbers(1, 0)
    assert (first >= 0).all()
    assert (first < 1).all()
    counts, _ = np.histogram(first, bins=10, range=(0, 1))
    # chi square with 9 degrees of freedom: 21.7 at 1 %
    assert ((counts - 200) ** 2 / 200).sum() < 21.7
    np.testing.assert_array_equal(numbers(1, 0, 10), first[:10])
    np.testing.assert_array_equal(numbers(tf.constant(-3), 4), numbers(-3, 4))
    for other in (numbers(2, 0), numbers(1, 1), numbers(2**32 + 1, 0)):
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.1


def test_rows_sampled_in_parts_say_what_they_say_together():
    step, start = fixed_step([0, 0.1, 0.2, 0.3, 0.4]), {"nothing": np.zeros((6, 1), "float32")}
    ids = SpecialIds(bos=1, eos=-1, pad=0)

    def said(numbers):
        options = SamplingOptions(seed=3, numbers=ops.convert_to_tensor(numbers, dtype="int32"))
        state = {name: value[: len(numbers)] for name, value in start.items()}
        found = sample(step, state, len(numbers), ids, options, max_length=12)
        return ops.convert_to_numpy(found.ids)

    together = ops.convert_to_numpy(
        sample(step, start, 6, ids, SamplingOptions(seed=3), max_length=12).ids
    )
    np.testing.assert_array_equal(said([4, 0, 3]), together[[4, 0, 3]])
    assert len({tuple(row) for row in together}) > 1


def fixed_step(probs):
    def step(last, state, _position):
        log_probs = ops.log(ops.convert_to_tensor(np.asarray(probs, "float32")))
        return ops.broadcast_to(log_probs[None], (ops.shape(last)[0], len(probs))), state, None

    return step


PROBS = np.array([0.0, 0.0, 0.15, 0.3, 0.05, 0.4, 0.1])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, PROBS),
        ({"temperature": 0.5}, PROBS**2),
        ({"top_k": 3}, PROBS * (PROBS >= 0.15)),
        # 0.4 + 0.3 do not reach it, with 0.15 they do
        ({"top_p": 0.75}, PROBS * (PROBS >= 0.15)),
        # what top_k left is 0.57 and 0.43: the first alone reaches it
        ({"top_k": 2, "top_p": 0.55}, PROBS * (PROBS == 0.4)),
        ({"top_p": 1e-6}, PROBS * (PROBS == 0.4)),
        ({"temperature": 0.0}, PROBS * (PROBS == 0.4)),
        ({"min_length": 1}, PROBS * (np.arange(7) != EOS)),
        ({"never": (5,), "top_k": 2}, PROBS * np.isin(np.arange(7), (3, 2))),
    ],
)
def test_samples_follow_the_distribution(settings, expected):
    rows, settings = 4000, dict(settings)
    ids = dataclasses.replace(SPECIAL, never=settings.pop("never", ()))
    limits = {"max_length": 1, "min_length": settings.pop("min_length", 0)}
    options = SamplingOptions(seed=7, **settings)
    found = numpy(sample(fixed_step(PROBS), {}, rows, ids, options, **limits))
    expected = rows * expected / expected.sum()
    counts = np.bincount(found.ids[:, 0], minlength=7)
    possible = expected > 0
    assert not counts[~possible].any()
    # chi square with at most 4 degrees of freedom: 18.5 at 0.1 %
    assert ((counts - expected)[possible] ** 2 / expected[possible]).sum() < 18.5
    np.testing.assert_allclose(found.scores, np.log(PROBS[found.ids[:, 0]]), rtol=1e-5)


def test_sampling_repeats_for_a_seed_and_coldest_is_greedy():
    toy = Toy(seed=2, rows=20)
    first = draw(toy, seed=1, max_length=8)
    np.testing.assert_array_equal(draw(toy, seed=1, max_length=8).ids, first.ids)
    assert (draw(toy, seed=2, max_length=8).ids != first.ids).any()
    for row in range(toy.rows):
        ids = first.ids[row, : first.lengths[row]]
        assert first.scores[row] == pytest.approx(toy.log_p(row, tuple(ids)), rel=1e-4)
    cold = draw(toy, seed=1, temperature=0.0, max_length=8)
    np.testing.assert_array_equal(cold.ids, follow(toy, max_length=8).ids)


def test_rows_may_begin_differently_and_end_at_most_alone():
    toy = Toy(seed=4, rows=2)
    ids = SpecialIds(np.array([3, BOS], np.int32), eos=-1, pad=PAD)
    found = numpy(greedy(toy.step, toy.state, 2, ids, max_length=5))
    assert found.lengths.tolist() == [5, 5]
    for row, first in enumerate((3, BOS)):
        expected = toy.log_p(row, found.ids[row], first)
        assert found.scores[row] == pytest.approx(expected, rel=1e-4)
