"""The CRF layer against enumeration of every sequence, and what must hold whatever it learnt."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from graph_nodes import transposed
from pipeline.layers.crf import LinearChainCRF, Viterbi
from pipeline.text.tags import TagSet
from random_weights import randomized

TAGS = TagSet(("OG", "PS"))
LENGTHS = np.array([5, 3, 1, 2], dtype=np.int32)


def random_crf(seed: int = 0, scale: float = 1.0, tags: TagSet = TAGS) -> LinearChainCRF:
    crf = LinearChainCRF(tags.legal, tags.legal_first)
    crf.build((None, None, len(tags)))
    return randomized(crf, seed=seed, scale=scale)


def potentials(seed: int = 1, scale: float = 1.0, rows: int = 4, time: int = 5) -> np.ndarray:
    return scale * np.random.default_rng(seed).normal(size=(rows, time, 5)).astype("float32")


def is_legal(tags) -> bool:
    return bool(TAGS.legal_first[tags[0]]) and all(
        TAGS.legal[pair] for pair in itertools.pairwise(tags)
    )


def every_score(crf: LinearChainCRF, unary: np.ndarray) -> dict[tuple[int, ...], float]:
    """The score of each legal sequence of one row, added up one term at a time."""
    start, end, moves = (np.asarray(w, np.float64) for w in (crf.start, crf.end, crf.transitions))
    scores = {}
    for tags in itertools.product(range(len(TAGS)), repeat=len(unary)):
        if is_legal(tags):
            score = start[tags[0]] + end[tags[-1]]
            score += sum(unary[t, tag] for t, tag in enumerate(tags))
            scores[tags] = score + sum(moves[pair] for pair in itertools.pairwise(tags))
    return scores


@pytest.mark.parametrize("seed", range(3))
def test_equals_enumeration(seed):
    crf, unary = random_crf(seed), potentials(seed + 10)
    partition = ops.convert_to_numpy(crf.log_partition(unary, LENGTHS))
    decoded = ops.convert_to_numpy(crf.decode(unary, LENGTHS))
    for row, length in enumerate(LENGTHS):
        scores = every_score(crf, unary[row, :length])
        expected = np.logaddexp.reduce(list(scores.values()))
        assert partition[row] == pytest.approx(expected, abs=1e-4)
        best = max(scores, key=scores.get)
        assert tuple(decoded[row, :length]) == best
        assert not decoded[row, length:].any()
        tags = np.zeros((1, length), np.int32)
        tags[0] = best
        likelihood = crf.log_likelihood(unary[row : row + 1, :length], tags, LENGTHS[row : row + 1])
        assert float(likelihood[0]) == pytest.approx(scores[best] - expected, abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_marginals_equal_enumeration(seed):
    crf, unary = random_crf(seed), potentials(seed + 20)
    found = ops.convert_to_numpy(crf.chain(unary, LENGTHS, [0], [0])[0])
    for row, length in enumerate(LENGTHS):
        scores = every_score(crf, unary[row, :length])
        total = np.logaddexp.reduce(list(scores.values()))
        expected = np.zeros((length, len(TAGS)))
        for tags, score in scores.items():
            expected[range(length), tags] += np.exp(score - total)
        np.testing.assert_allclose(found[row, :length], expected, atol=1e-5)
        assert not found[row, length:].any()


def test_probabilities_of_all_sequences_add_up_to_one():
    crf, unary = random_crf(), potentials(rows=1, time=4)
    tags = np.array(list(itertools.product(range(5), repeat=4)), dtype=np.int32)
    every = np.repeat(unary, len(tags), axis=0)
    likelihood = crf.log_likelihood(every, tags, np.full(len(tags), 4, np.int32))
    likelihood = ops.convert_to_numpy(likelihood).astype(np.float64)
    assert np.exp(likelihood).sum() == pytest.approx(1.0, abs=1e-5)
    legal = np.array([is_legal(row) for row in tags])
    assert np.isneginf(likelihood[~legal]).all()
    assert np.isfinite(likelihood[legal]).all()


def test_gradient_equals_autodiff_through_enumeration():
    crf, unary = random_crf(), tf.constant(potentials())
    with tf.GradientTape() as tape:
        tape.watch(unary)
        total = tf.reduce_sum(crf.log_partition(unary, LENGTHS) * [1.0, -2.0, 0.5, 3.0])
    ours = tape.gradient(total, [unary, *crf.trainable_variables])
    with tf.GradientTape() as tape:
        tape.watch(unary)
        moves, start, end = (crf.transitions.value, crf.start.value, crf.end.value)
        tape.watch([moves, start, end])
        parts = []
        for row, (length, weight) in enumerate(zip(LENGTHS, [1.0, -2.0, 0.5, 3.0], strict=True)):
            every = itertools.product(range(5), repeat=int(length))
            tags = np.array([sequence for sequence in every if is_legal(sequence)])
            scores = tf.gather(start, tags[:, 0]) + tf.gather(end, tags[:, -1])
            for t in range(length):
                scores += tf.gather(unary[row, t], tags[:, t])
            for t in range(1, length):
                scores += tf.gather_nd(moves, tags[:, t - 1 : t + 1])
            parts.append(weight * tf.reduce_logsumexp(scores))
        total = tf.add_n(parts)
    names = {"transitions": moves, "start": start, "end": end}
    theirs = tape.gradient(total, [unary, *(names[v.name] for v in crf.trainable_variables)])
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, tf.convert_to_tensor(other), atol=2e-5)


def test_gradient_of_the_loss_by_finite_differences():
    crf, unary = random_crf(), potentials(rows=2, time=4)
    tags = np.array([[0, 1, 2, 0], [3, 4, -1, -1]])

    def loss(values) -> float:
        return float(np.mean(ops.convert_to_numpy(crf.loss(tags, values)).astype(np.float64)))

    variable = tf.Variable(unary)
    with tf.GradientTape() as tape:
        value = tf.reduce_mean(crf.loss(tags, variable))
    gradient = tape.gradient(value, variable).numpy()
    assert not gradient[1, 2:].any()
    for place in [(0, 0, 0), (0, 1, 1), (0, 2, 3), (1, 1, 4)]:
        step = np.zeros_like(unary)
        step[place] = 0.05
        slope = (loss(unary + step) - loss(unary - step)) / 0.1
        assert gradient[place] == pytest.approx(slope, abs=2e-3)


@given(
    seed=st.integers(0, 2**16),
    scale=st.sampled_from([0.0, 1.0, 30.0, 1e4, 1e8]),
    transition_scale=st.sampled_from([0.0, 1.0, 1e3, 1e8]),
    time=st.integers(1, 12),
)
def test_no_illegal_sequence_ever(seed, scale, transition_scale, time):
    crf = random_crf(seed, transition_scale)
    unary = potentials(seed, scale, rows=8, time=time)
    lengths = np.random.default_rng(seed).integers(1, time + 1, 8).astype(np.int32)
    decoded = ops.convert_to_numpy(crf.decode(unary, lengths))
    for row, length in zip(decoded, lengths, strict=True):
        assert is_legal(row[:length])
        assert not row[length:].any()


def test_a_row_alone_equals_the_row_in_a_batch():
    crf, unary = random_crf(), potentials()
    unary[1, 3:] = 1e6  # what stands at padding must not count
    together = ops.convert_to_numpy(crf.log_partition(unary, LENGTHS))
    decoded = ops.convert_to_numpy(crf.decode(unary, LENGTHS))
    for row, length in enumerate(LENGTHS):
        one = unary[row : row + 1, :length]
        alone = ops.convert_to_numpy(crf.log_partition(one, LENGTHS[row : row + 1]))
        np.testing.assert_allclose(alone[0], together[row], atol=1e-5)
        path = ops.convert_to_numpy(crf.decode(one, LENGTHS[row : row + 1]))
        np.testing.assert_array_equal(path[0], decoded[row, :length])


def test_a_row_of_one_piece_in_a_graph_for_any_length():
    """There is nothing to scan then, and TensorFlow does not know so beforehand."""
    crf, one = random_crf(), potentials(time=1)
    lengths = np.ones(len(one), np.int32)

    @tf.function(input_signature=[tf.TensorSpec([None, None, 5])])
    def both(unary):
        return crf.decode(unary, lengths), crf.log_partition(unary, lengths)

    decoded, partition = both(tf.constant(one))
    for row, tags in enumerate(decoded.numpy()):
        scores = every_score(crf, one[row])
        assert tuple(tags) == max(scores, key=scores.get)
        expected = np.logaddexp.reduce(list(scores.values()))
        assert float(partition[row]) == pytest.approx(expected, abs=1e-4)


def test_padding_has_no_gradient():
    crf, unary = random_crf(), tf.Variable(potentials())
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(crf.log_partition(unary, LENGTHS))
    gradient = tape.gradient(total, unary).numpy()
    for row, length in enumerate(LENGTHS):
        assert not gradient[row, length:].any()
        # marginals: at each real position the probabilities of all tags add up to one
        np.testing.assert_allclose(gradient[row, :length].sum(axis=-1), 1.0, atol=1e-5)


def test_saved_and_loaded_decodes_the_same(tmp_path):
    crf = random_crf()
    inputs = keras.Input((None, 5), name="unary")
    lengths = keras.Input((), dtype="int32", name="lengths")
    model = keras.Model({"unary": inputs, "lengths": lengths}, Viterbi(crf)(crf(inputs), lengths))
    model.save(tmp_path / "crf.keras")
    loaded = keras.models.load_model(tmp_path / "crf.keras")
    question = {"unary": potentials(scale=2.0), "lengths": LENGTHS}
    before, after = model.predict_on_batch(question), loaded.predict_on_batch(question)
    np.testing.assert_array_equal(before, after)
    assert len({id(v) for v in loaded.weights}) == 3, "Viterbi shares the layer, it has no copy"
    np.testing.assert_array_equal(
        before, ops.convert_to_numpy(crf.decode(question["unary"], LENGTHS))
    )


def test_no_whole_numbers_are_transposed():
    decode = tf.function(random_crf().decode)
    specs = tf.TensorSpec([None, None, 5], tf.float32), tf.TensorSpec([None], tf.int32)
    graph = decode.get_concrete_function(*specs).graph.as_graph_def()
    assert transposed(graph) == {tf.float32.as_datatype_enum}


def test_learns_what_a_softmax_cannot():
    """Where what a piece is depends on the piece before alone, only the transitions can tell."""
    generator = np.random.default_rng(0)
    first = generator.integers(0, 3, size=64).astype(np.int32)
    tags = (first[:, None] + np.arange(8, dtype=np.int32)) % 3
    unary = generator.normal(size=(64, 8, 3)).astype("float32")
    unary[np.arange(64), 0, first] += 10  # the first piece shows its tag, the others show nothing
    crf = LinearChainCRF(np.ones((3, 3), bool))
    inputs = keras.Input((None, 3))
    model = keras.Model(inputs, crf(inputs))
    model.compile(keras.optimizers.Adam(0.3), loss=crf.loss, jit_compile=False)
    before = model.evaluate(unary, tags, verbose=0)
    model.fit(unary, tags, epochs=40, batch_size=64, verbose=0)
    assert model.evaluate(unary, tags, verbose=0) < 0.25 * before
    found = ops.convert_to_numpy(crf.decode(unary, np.full(64, 8, np.int32)))
    assert (found == tags).mean() > 0.9
    assert (unary.argmax(axis=-1) == tags)[:, 1:].mean() < 0.5


def test_unlearnt_has_nothing_to_train_and_decodes_the_best_legal_sequence():
    crf = LinearChainCRF(TAGS.legal, TAGS.legal_first, learnt=False)
    unary = potentials(rows=1, time=4)
    lengths = np.array([4], np.int32)
    decoded = ops.convert_to_numpy(Viterbi(crf)(crf(unary), lengths))
    assert not crf.trainable_variables
    scores = every_score(crf, unary[0])
    assert tuple(decoded[0]) == max(scores, key=scores.get)


@pytest.mark.parametrize(
    ("legal", "first"),
    [
        (np.ones((2, 3), bool), None),
        (np.ones((2, 2), bool), [True]),
        (np.ones((2, 2), bool), [False, False]),
        ([[True, True], [False, False]], None),
    ],
)
def test_impossible_rules_are_refused(legal, first):
    with pytest.raises(ValueError, match="legal"):
        LinearChainCRF(legal, first)


def test_wrong_number_of_tags_is_refused():
    with pytest.raises(ValueError, match="3 tags, not 5"):
        LinearChainCRF(TAGS.legal).build((None, None, 3))
