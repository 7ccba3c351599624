"""Beam search against enumeration of every sequence and a search in plain lists."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from pipeline.decoding import SearchOptions, beam_search
from pipeline.decoding.candidates import LARGE, top_k
from toy_decoder import BOS, EOS, PAD, SPECIAL, Toy, lists, numpy, search


def every_hypothesis(vocabulary: int, least: int, most: int) -> list[tuple[int, ...]]:
    """All that end in EOS behind at least `least` ids, or are cut off at `most`."""
    words = range(3, vocabulary)
    ended = [
        (*body, EOS)
        for length in range(least, most)
        for body in itertools.product(words, repeat=length)
    ]
    return ended + list(itertools.product(words, repeat=most))


def plain_beam(toy: Toy, row: int, beam: int, n_best: int, least: int, most: int, alpha, beta):
    """The search that `beam_search` documents, always going on to `most`."""
    live, finished = [((), 0.0)], []
    for length in range(1, most + 1):
        grown = []
        for ids, log_p in live:
            for id_, gain in enumerate(toy.after(row, ids)[0]):
                if id_ not in (PAD, BOS) and (id_ != EOS or length > least):
                    grown.append(((*ids, id_), log_p + gain))
        grown.sort(key=lambda hypothesis: -hypothesis[1])
        finished += [ids for ids, _ in grown[:beam] if ids[-1] == EOS]
        live = [hypothesis for hypothesis in grown if hypothesis[0][-1] != EOS][:beam]
    finished += [ids for ids, _ in live]
    scored = [(toy.score(row, ids, alpha, beta), ids) for ids in finished]
    return sorted(scored, reverse=True)[:n_best]


@pytest.mark.parametrize(
    ("alpha", "beta", "least"), [(0.0, 0.0, 0), (0.7, 0.0, 2), (1.0, 0.4, 0), (-0.5, 0.2, 1)]
)
def test_a_wide_beam_finds_what_enumeration_finds(alpha, beta, least):
    toy = Toy(seed=1)
    # as wide as all prefixes of the last step with all that may follow
    found = search(
        toy, beam_size=108, n_best=12, min_length=least, max_length=4, alpha=alpha, coverage=beta
    )
    for row, ids in enumerate(lists(found)):
        every = every_hypothesis(toy.vocabulary, least, most=4)
        best = sorted(every, key=lambda y: -toy.score(row, y, alpha, beta))[:12]
        assert ids == best
        expected = [toy.score(row, y, alpha, beta) for y in best]
        np.testing.assert_allclose(found.scores[row], expected, rtol=1e-4)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    beam=st.integers(1, 5),
    narrower=st.sampled_from([0, 0, 2]),
    scale=st.sampled_from([0.3, 0.7, 1.5]),
    alpha=st.sampled_from([0.0, 0.6, 1.0, 2.0, -0.5]),
    beta=st.sampled_from([0.0, 0.2, 1.0]),
    least=st.lists(st.integers(0, 3), min_size=2, max_size=2),
    most=st.lists(st.integers(0, 7), min_size=2, max_size=2),
)
def test_stopping_early_misses_nothing(seed, beam, narrower, scale, alpha, beta, least, most):
    toy, n_best = Toy(seed, rows=2, scale=scale), max(1, beam - narrower)
    found = search(
        toy,
        beam_size=beam,
        n_best=n_best,
        alpha=alpha,
        coverage=beta,
        min_length=least,
        max_length=np.array(most),
    )
    assert found.ids.shape == (2, n_best, max(most))
    for row, ids in enumerate(lists(found)):
        if most[row] == 0:
            assert ids == [()]
            assert found.scores[row, 0] == 0
            continue
        expected = plain_beam(toy, row, beam, n_best, least[row], most[row], alpha, beta)
        assert ids == [ids for _, ids in expected]
        np.testing.assert_allclose(
            found.scores[row, : len(ids)], [score for score, _ in expected], rtol=1e-4
        )
        # what a reader of the n-best relies on
        assert len(set(ids)) == len(ids)
        assert (np.diff(found.scores[row, : len(ids)]) <= 0).all()
        for line in ids:
            assert len(line) == most[row] or line[-1] == EOS
            assert EOS not in line[: least[row]]
            assert not {PAD, BOS} & set(line)
            assert EOS not in line[:-1]


def test_a_vocabulary_searched_by_blocks_gives_the_same():
    toy = Toy(seed=5, rows=2, vocabulary=LARGE + 7, scale=0.8)
    found = search(toy, beam_size=3, n_best=3, max_length=5, min_length=1, alpha=0.6, coverage=0.2)
    for row, ids in enumerate(lists(found)):
        expected = plain_beam(toy, row, 3, 3, 1, 5, 0.6, 0.2)
        assert ids == [ids for _, ids in expected]


@given(
    seed=st.integers(0, 10**6),
    columns=st.sampled_from([7, 1024, 1031, 2000]),
    k=st.integers(1, 7),
    levels=st.sampled_from([2, 50]),
)
def test_largest_is_top_k_with_its_order_of_ties(seed, columns, k, levels):
    draw = np.random.default_rng(seed)
    # few values, the largest of them rare: blocks differ in their maxima and share the rest
    values = np.minimum(draw.geometric(0.3, (3, columns)), levels).astype("float32")
    values[draw.random(values.shape) < 0.1] = -np.inf
    best, indices = (ops.convert_to_numpy(x) for x in top_k(values, k))
    expected = np.argsort(-values, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_array_equal(best, np.take_along_axis(values, expected, axis=1))


def test_what_is_constant_need_not_be_reordered():
    toy, settings = Toy(seed=8), {"beam_size": 4, "n_best": 3, "max_length": 6, "coverage": 0.3}
    found = search(toy, constant=("memory", "mask", "keys"), **settings)
    expected = search(toy, **settings)
    assert lists(found) == lists(expected)
    np.testing.assert_array_equal(found.scores, expected.scores)


def two_beams(step, max_length: int, **options):
    """What a beam of two finds for one row that has no state."""
    options = SearchOptions(beam_size=2, **options)
    return numpy(beam_search(step, {}, 1, SPECIAL, options, max_length=max_length))


def test_a_finished_hypothesis_is_kept_when_the_beam_moves_on():
    """Ending at once has probability 0.4; everything later is less, but would fill the beam."""
    table = np.log(np.array([1e-9, 1e-9, 0.4, 0.3, 0.3], "float32"))
    calls = []

    def step(last, state, position):
        calls.append(int(position))
        return ops.broadcast_to(table[None], (ops.shape(last)[0], 5)), state, None

    found = two_beams(step, max_length=50)
    assert lists(found) == [[(EOS,)]]
    assert calls == [0]
    # with normalisation only the bound can tell, later: 0.3^t at best, over lp(50)
    calls.clear()
    found = numpy(two_beams(step, max_length=50, alpha=1.0))
    assert lists(found) == [[(EOS,)]]
    assert calls == list(range(7))
    calls.clear()
    beam_search(
        step, {}, 1, SPECIAL, SearchOptions(beam_size=2, alpha=1.0, early_stopping=3), max_length=50
    )
    assert calls == [0, 1]


def test_an_end_does_not_narrow_the_beam():
    """The second word must stay beside the first though EOS is better than both."""
    low = 1e-9
    after = np.log(
        np.array(
            [
                [1, low, low, low, low],
                [low, low, 0.4, 0.35, 0.25],
                [1, low, low, low, low],
                [low, low, 0.2, 0.4, 0.4],
                [low, low, 1, low, low],
            ],
            "float32",
        )
    )

    def step(last, state, _position):
        return ops.take(after, last, axis=0), state, None

    found = numpy(two_beams(step, max_length=6, n_best=2))
    assert lists(found) == [[(EOS,), (4, EOS)]]


def test_a_long_hypothesis_that_normalisation_prefers_is_waited_for():
    """Ending at once has 0.5; the other word only 0.45, but then all is certain for ten ids."""
    start, middle, last = np.log(
        [
            [1e-9, 1e-9, 0.5, 0.45, 0.05],
            [1e-9, 1e-9, 1e-9, 1.0, 1e-9],
            [1e-9, 1e-9, 1.0, 1e-9, 1e-9],
        ]
    ).astype("float32")

    def step(last_ids, state, position):
        later = ops.where(position < 10, middle, last)
        log_probs = ops.where(position == 0, start, later)[None]
        return ops.broadcast_to(log_probs, (ops.shape(last_ids)[0], 5)), state, None

    found = numpy(two_beams(step, max_length=30, alpha=1.0))
    assert lists(found) == [[(*[3] * 10, EOS)]]
    assert found.scores[0, 0] == pytest.approx(np.log(0.45) / (16 / 6), rel=1e-4)
    found = numpy(two_beams(step, max_length=30, alpha=0.0))
    assert lists(found) == [[(EOS,)]]
