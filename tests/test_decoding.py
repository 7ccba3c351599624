"""Decoding against enumeration of every sequence, a beam search in plain lists, and itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from pipeline.decoding import Hypotheses, beam_search, greedy, sample
from pipeline.decoding.candidates import LARGE, largest
from pipeline.decoding.counter_random import threefry, uniform

PAD, BOS, EOS = 0, 1, 2
SPECIAL = {"bos": BOS, "eos": EOS, "pad": PAD}
SOURCE = 4


class Toy:
    """A recurrent network with random weights: each probability hangs on the whole prefix.

    `step` is what decoding calls; `after` says the same of one prefix, in float64 NumPy.
    """

    def __init__(self, seed: int, rows: int = 3, vocabulary: int = 6, scale: float = 1.5):
        draw = np.random.default_rng(seed)
        self.rows, self.vocabulary = rows, vocabulary
        self.inner, self.embedding, self.outer = (
            scale * draw.normal(size=shape).astype("float32")
            for shape in ((4, 4), (vocabulary, 4), (4, vocabulary))
        )
        self.hidden = draw.normal(size=(rows, 4)).astype("float32")
        self.memory = 2 * draw.normal(size=(rows, SOURCE, 4)).astype("float32")
        self.mask = np.arange(SOURCE)[None, :] < draw.integers(1, SOURCE + 1, (rows, 1))

    @property
    def state(self) -> dict[str, np.ndarray]:
        mask = self.mask.astype("float32")
        return {"hidden": self.hidden, "memory": self.memory, "mask": mask}

    def rows_of(self, chosen: slice) -> Toy:
        """The same with some of the rows."""
        some = Toy.__new__(Toy)
        vars(some).update(vars(self))
        some.hidden, some.memory, some.mask = (
            values[chosen] for values in (self.hidden, self.memory, self.mask)
        )
        some.rows = len(some.hidden)
        return some

    def only(self, row: int) -> Toy:
        return self.rows_of(slice(row, row + 1))

    def first(self, rows: int) -> Toy:
        return self.rows_of(slice(rows))

    def step(self, last, state, position):
        hidden = ops.tanh(
            ops.matmul(state["hidden"], self.inner) + ops.take(self.embedding, last, 0)
        )
        hidden = hidden + 0.1 * ops.cast(position, "float32")
        energy = ops.sum(hidden[:, None, :] * state["memory"], axis=-1)
        attention = ops.softmax(ops.where(state["mask"] > 0, energy, -np.inf), axis=-1)
        log_probs = ops.log_softmax(ops.matmul(hidden, self.outer), axis=-1)
        return log_probs, {**state, "hidden": hidden}, attention

    def after(
        self, row: int, prefix: tuple[int, ...], first: int = BOS
    ) -> tuple[np.ndarray, np.ndarray]:
        """log p of what comes next [vocabulary], and the attention [SOURCE] paid to find it."""
        hidden = self.hidden[row].astype(np.float64)
        for position, last in enumerate((first, *prefix)):
            hidden = np.tanh(hidden @ self.inner + self.embedding[last]) + 0.1 * position
        energy = np.where(self.mask[row], self.memory[row] @ hidden, -np.inf)
        logits = hidden @ self.outer
        attention = np.exp(energy - np.logaddexp.reduce(energy))
        return logits - np.logaddexp.reduce(logits), attention

    def log_p(self, row: int, ids, first: int = BOS) -> float:
        return sum(self.after(row, tuple(ids[:t]), first)[0][ids[t]] for t in range(len(ids)))

    def attention(self, row: int, ids) -> np.ndarray:
        return np.array([self.after(row, tuple(ids[:t]))[1] for t in range(len(ids))])

    def score(self, row: int, ids, alpha: float, beta: float) -> float:
        """Wu et al. 2016, equation 14."""
        score = self.log_p(row, ids) / ((5 + len(ids)) / 6) ** alpha
        if beta:
            coverage = self.attention(row, ids).sum(axis=0)[self.mask[row]]
            score += beta * np.log(np.minimum(coverage, 1)).sum()
        return score


def numpy(hypotheses: Hypotheses) -> Hypotheses:
    return Hypotheses(*(None if x is None else ops.convert_to_numpy(x) for x in hypotheses))


def search(toy: Toy, **settings) -> Hypotheses:
    settings = {**SPECIAL, "source_mask": toy.mask, **settings}
    return numpy(beam_search(toy.step, toy.state, toy.rows, **settings))


def follow(toy: Toy, function=greedy, **settings) -> Hypotheses:
    return numpy(function(toy.step, toy.state, toy.rows, **SPECIAL, **settings))


def lists(found: Hypotheses) -> list[list[tuple[int, ...]]]:
    """The ids of what exists, per row; what stands behind the end must be padding."""
    rows = []
    for ids, lengths, scores in zip(found.ids, found.lengths, found.scores, strict=True):
        assert all((line[length:] == PAD).all() for line, length in zip(ids, lengths, strict=True))
        assert not lengths[np.isneginf(scores)].any()
        rows.append(
            [
                tuple(int(i) for i in line[:length])
                for line, length, score in zip(ids, lengths, scores, strict=True)
                if score > -np.inf
            ]
        )
    return rows


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
    found = search(toy, beam=108, n_best=12, least=least, most=4, alpha=alpha, beta=beta)
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
        toy, beam=beam, n_best=n_best, alpha=alpha, beta=beta, least=least, most=np.array(most)
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


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), least=st.integers(0, 3), most=st.integers(0, 9))
def test_a_beam_of_one_is_greedy_and_greedy_takes_the_most_probable(seed, least, most):
    toy = Toy(seed, rows=2)
    found = follow(toy, least=least, most=most)
    beam = search(toy, beam=1, least=least, most=most)
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


def test_a_vocabulary_searched_by_blocks_gives_the_same():
    toy = Toy(seed=5, rows=2, vocabulary=LARGE + 7, scale=0.8)
    found = search(toy, beam=3, n_best=3, most=5, least=1, alpha=0.6, beta=0.2)
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
    best, indices = (ops.convert_to_numpy(x) for x in largest(values, k))
    expected = np.argsort(-values, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_array_equal(best, np.take_along_axis(values, expected, axis=1))


def test_what_is_constant_need_not_be_reordered():
    toy, settings = Toy(seed=8), {"beam": 4, "n_best": 3, "most": 6, "beta": 0.3}
    found = search(toy, constant=("memory", "mask", "keys"), **settings)
    expected = search(toy, **settings)
    assert lists(found) == lists(expected)
    np.testing.assert_array_equal(found.scores, expected.scores)


def test_attention_is_that_of_the_path():
    toy = Toy(seed=3)
    best = search(toy, beam=4, most=6, alpha=0.8, keep_attention=True)
    one = follow(toy, most=6, source_mask=toy.mask)
    for found, ids in ((best, best.ids[:, 0]), (one, one.ids)):
        for row, length in enumerate(found.lengths.reshape(toy.rows, -1)[:, 0]):
            expected = toy.attention(row, tuple(ids[row, :length]))
            np.testing.assert_allclose(found.attention[row, :length], expected, atol=1e-5)
            assert not found.attention[row, length:].any()


def test_a_row_is_decoded_as_if_it_were_alone():
    toy, most, least = Toy(seed=11, rows=9), np.arange(9), np.arange(9) % 3
    settings = {"beam": 3, "n_best": 2, "alpha": 1.0, "beta": 0.2}
    together = search(toy, most=most, least=least, **settings)
    single = follow(toy, most=most, least=least)
    drawn = follow(toy, sample, seed=3, most=most)
    for row in range(toy.rows):
        alone = search(toy.only(row), most=most[row : row + 1], least=int(least[row]), **settings)
        assert lists(alone) == [lists(together)[row]]
        np.testing.assert_allclose(alone.scores[0], together.scores[row], rtol=1e-5)
        alone = follow(toy.only(row), most=int(most[row]), least=int(least[row]))
        length = alone.lengths[0]
        assert length == single.lengths[row]
        np.testing.assert_array_equal(alone.ids[0, :length], single.ids[row, :length])
    fewer = follow(toy.first(4), sample, seed=3, most=most[:4])
    np.testing.assert_array_equal(fewer.ids, drawn.ids[:4, :3])


def uniform_step(vocabulary: int):
    def step(last, state, _position):
        shape = (ops.shape(last)[0], vocabulary)
        return ops.full(shape, -np.log(vocabulary), dtype="float32"), state, None

    return step


def test_ties_go_to_what_was_found_first_and_to_the_lower_id():
    step = uniform_step(6)
    found = numpy(beam_search(step, {}, 1, beam=3, n_best=3, most=3, least=1, **SPECIAL))
    # EOS is lower than the words, so both first hypotheses end before any third word
    assert lists(found) == [[(3, EOS), (3, 3, EOS), (3, 3, 3)]]
    found = numpy(greedy(step, {}, 2, most=3, bos=5, eos=4, pad=0, never=(1,)))
    assert found.ids.tolist() == [[2, 2, 2]] * 2


def test_a_finished_hypothesis_is_kept_when_the_beam_moves_on():
    """Ending at once has probability 0.4; everything later is less, but would fill the beam."""
    table = np.log(np.array([1e-9, 1e-9, 0.4, 0.3, 0.3], "float32"))
    calls = []

    def step(last, state, position):
        calls.append(int(position))
        return ops.broadcast_to(table[None], (ops.shape(last)[0], 5)), state, None

    found = numpy(beam_search(step, {}, 1, beam=2, most=50, **SPECIAL))
    assert lists(found) == [[(EOS,)]]
    assert calls == [0]
    # with normalisation only the bound can tell, later: 0.3^t at best, over lp(50)
    calls.clear()
    found = numpy(beam_search(step, {}, 1, beam=2, most=50, alpha=1.0, **SPECIAL))
    assert lists(found) == [[(EOS,)]]
    assert calls == list(range(7))
    calls.clear()
    beam_search(step, {}, 1, beam=2, most=50, alpha=1.0, enough=3, **SPECIAL)
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

    found = numpy(beam_search(step, {}, 1, beam=2, n_best=2, most=6, **SPECIAL))
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

    found = numpy(beam_search(step, {}, 1, beam=2, most=30, alpha=1.0, **SPECIAL))
    assert lists(found) == [[(*[3] * 10, EOS)]]
    assert found.scores[0, 0] == pytest.approx(np.log(0.45) / (16 / 6), rel=1e-4)
    found = numpy(beam_search(step, {}, 1, beam=2, most=30, alpha=0.0, **SPECIAL))
    assert lists(found) == [[(EOS,)]]


class Decoder(tf.Module):
    """Decoding as it is exported: no dimension known but the vocabulary's and the state's."""

    SIGNATURE = (
        tf.TensorSpec([None, 4], tf.float32),
        tf.TensorSpec([None, None, 4], tf.float32),
        tf.TensorSpec([None, None], tf.bool),
        tf.TensorSpec([None], tf.int32),
        tf.TensorSpec([], tf.int32),
    )

    def __init__(self, toy: Toy):
        super().__init__()
        self.toy = toy

    @tf.function(input_signature=SIGNATURE)
    def __call__(self, hidden, memory, mask, most, seed):
        toy, rows = self.toy, tf.shape(hidden)[0]
        state = {"hidden": hidden, "memory": memory, "mask": tf.cast(mask, tf.float32)}
        settings = {**SPECIAL, "most": most, "source_mask": mask}
        found = {
            "greedy": greedy(toy.step, state, rows, **settings),
            "beam": beam_search(
                toy.step,
                state,
                rows,
                beam=3,
                n_best=2,
                alpha=0.8,
                beta=0.3,
                keep_attention=True,
                constant=("memory", "mask"),
                **settings,
            ),
            "sample": sample(toy.step, state, rows, seed=seed, temperature=0.7, **settings),
        }
        return {name: answer._asdict() for name, answer in found.items()}


def test_a_graph_of_unknown_dimensions_says_the_same_and_so_does_what_is_saved(tmp_path):
    toy = Toy(seed=21, rows=4)
    traced = Decoder(toy)
    tf.saved_model.save(traced, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    for rows, seed in ((4, 9), (1, -5), (0, 0)):
        part, most = toy.first(rows), np.array([7, 0, 3, 5], np.int32)[:rows]
        settings = {"most": most, "source_mask": part.mask}
        expected = {
            "greedy": follow(part, **settings),
            "beam": search(
                part, beam=3, n_best=2, alpha=0.8, beta=0.3, keep_attention=True, **settings
            ),
            "sample": follow(part, sample, seed=seed, temperature=0.7, **settings),
        }
        tensors = (part.hidden, part.memory, part.mask, most, np.int32(seed))
        for decode in (traced, loaded):
            found = decode(*map(tf.constant, tensors))
            for name, values in expected.items():
                for field, value in values._asdict().items():
                    got = found[name][field].numpy()
                    assert got.dtype == value.dtype
                    np.testing.assert_allclose(got, value, rtol=1e-5, atol=1e-6, err_msg=field)


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
        return ops.convert_to_numpy(uniform(seed, ops.convert_to_tensor(position), rows))

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
        ({"least": 1}, PROBS * (np.arange(7) != EOS)),
        ({"never": (5,), "top_k": 2}, PROBS * np.isin(np.arange(7), (3, 2))),
    ],
)
def test_samples_follow_the_distribution(settings, expected):
    rows = 4000
    found = numpy(sample(fixed_step(PROBS), {}, rows, seed=7, most=1, **SPECIAL, **settings))
    expected = rows * expected / expected.sum()
    counts = np.bincount(found.ids[:, 0], minlength=7)
    possible = expected > 0
    assert not counts[~possible].any()
    # chi square with at most 4 degrees of freedom: 18.5 at 0.1 %
    assert ((counts - expected)[possible] ** 2 / expected[possible]).sum() < 18.5
    np.testing.assert_allclose(found.scores, np.log(PROBS[found.ids[:, 0]]), rtol=1e-5)


def test_sampling_repeats_for_a_seed_and_coldest_is_greedy():
    toy = Toy(seed=2, rows=20)
    first = follow(toy, sample, seed=1, most=8)
    np.testing.assert_array_equal(follow(toy, sample, seed=1, most=8).ids, first.ids)
    assert (follow(toy, sample, seed=2, most=8).ids != first.ids).any()
    for row in range(toy.rows):
        ids = first.ids[row, : first.lengths[row]]
        assert first.scores[row] == pytest.approx(toy.log_p(row, tuple(ids)), rel=1e-4)
    cold = follow(toy, sample, seed=1, temperature=0.0, most=8)
    np.testing.assert_array_equal(cold.ids, follow(toy, most=8).ids)


def test_rows_may_begin_differently_and_end_at_most_alone():
    toy = Toy(seed=4, rows=2)
    found = numpy(
        greedy(toy.step, toy.state, 2, bos=np.array([3, BOS], np.int32), eos=-1, most=5, pad=PAD)
    )
    assert found.lengths.tolist() == [5, 5]
    for row, first in enumerate((3, BOS)):
        expected = toy.log_p(row, found.ids[row], first)
        assert found.scores[row] == pytest.approx(expected, rel=1e-4)


def test_an_impossible_wish_is_named():
    toy = Toy(seed=0)
    with pytest.raises(ValueError, match="n_best"):
        search(toy, beam=2, n_best=3, most=2)
    with pytest.raises(ValueError, match="source_mask"):
        search(toy, beam=2, most=2, beta=0.1, source_mask=None)
    with pytest.raises(ValueError, match="beta"):
        search(toy, beam=2, most=2, beta=-0.1)
    with pytest.raises(ValueError, match="top_k"):
        follow(toy, sample, seed=0, top_k=0, most=2)
    with pytest.raises(ValueError, match="gives none"):
        greedy(uniform_step(5), {}, 3, most=2, source_mask=toy.mask, **SPECIAL)

    def forgetful(last, state, position):
        return *toy.step(last, state, position)[:1], {"hidden": state["hidden"]}, None

    with pytest.raises(ValueError, match="hidden"):
        greedy(forgetful, toy.state, 3, most=2, **SPECIAL)
