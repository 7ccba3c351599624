"""The probable entities against enumeration of every sequence of tags, and of every choice."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_nodes import transposed
from pipeline.layers.probable_entities import EntityChain, ProbableEntities
from pipeline.text.tags import TagSet
from test_crf import LENGTHS, TAGS, every_score, potentials, random_crf

Span = tuple[int, int, str]


def entity_probabilities(chain: np.ndarray) -> dict[Span, float]:
    """Of one sentence, from [time, 3, labels], one factor at a time."""
    found = {}
    for start, (number, label) in itertools.product(range(len(chain)), enumerate(TAGS.labels)):
        reached, goes_on = chain[start, 0, number], chain[start, 1, number]
        for end in range(start + 1, len(chain) + 1):
            found[start, end, label] = float(reached * (1 - goes_on))
            reached, goes_on = reached * goes_on, chain[min(end, len(chain) - 1), 2, number]
    return found


def enumerated(crf, unary: np.ndarray) -> dict[Span, float]:
    """The probability of each entity: the sum over all sequences of tags that contain it."""
    scores = every_score(crf, unary)
    total, places = np.logaddexp.reduce(list(scores.values())), range(len(unary))
    found: dict[Span, float] = {}
    for tags, score in scores.items():
        for entity in TAGS.entities_of(tags, places, [place + 1 for place in places]):
            found[entity] = found.get(entity, 0) + float(np.exp(score - total))
    return found


def best_choice(probabilities: dict[Span, float], limit: float) -> float:
    """What the best choice of candidates exceeds the limit by: every choice is tried."""
    candidates = {}
    for (start, end, label), p in probabilities.items():
        if p > limit and p > candidates.get(start, ((), 0))[1]:
            candidates[start] = ((start, end, label), p)
    best = 0.0
    for several in range(1, len(candidates) + 1):
        for chosen in itertools.combinations(sorted(candidates.values()), several):
            if all(a[0][1] <= b[0][0] for a, b in itertools.pairwise(chosen)):
                best = max(best, sum(p - limit for _, p in chosen))
    return best


def chain_of(crf, unary, lengths) -> np.ndarray:
    return keras.ops.convert_to_numpy(EntityChain(crf)(unary, lengths))


def decoded(chain, limit: float, tags: TagSet = TAGS) -> list[list[Span]]:
    """The entities of each row, in pieces."""
    found = keras.ops.convert_to_numpy(ProbableEntities(limit)(chain))
    assert found.dtype == np.int32
    length = found.shape[1]
    for row in found:
        assert tags.legal_first[row[0]]
        assert all(tags.legal[pair] for pair in itertools.pairwise(row))
    return [tags.entities_of(row.tolist(), range(length), range(1, length + 1)) for row in found]


@pytest.mark.parametrize("seed", range(3))
def test_probabilities_equal_enumeration(seed):
    crf, unary = random_crf(seed), potentials(seed + 30)
    chain = chain_of(crf, unary, LENGTHS)
    for row, length in enumerate(LENGTHS):
        expected = enumerated(crf, unary[row, :length])
        found = entity_probabilities(chain[row, :length])
        assert expected.keys() == found.keys()
        for span, probability in expected.items():
            assert found[span] == pytest.approx(probability, abs=1e-5)
        assert not chain[row, length:].any()


@st.composite
def chains(draw) -> np.ndarray:
    """[1, time, 3, labels], of which nothing goes on behind the last piece."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    found = generator.beta(0.3, 0.3, (1, 7, 3, 2)).astype("float32")
    found[:, -1, 1:] = 0
    return found


@settings(deadline=None)
@given(chain=chains(), limit=st.sampled_from([0.05, 0.2, 0.4, 0.6]))
def test_the_best_choice_of_candidates_is_taken(chain, limit):
    """Whether or not a CRF could give these probabilities."""
    probabilities = entity_probabilities(chain[0])
    (chosen,) = decoded(chain, limit)
    gain = sum(probabilities[span] - limit for span in map(tuple, chosen))
    assert gain == pytest.approx(best_choice(probabilities, limit), abs=1e-5)
    assert all(probabilities[tuple(span)] > limit - 1e-6 for span in chosen)


def test_an_entity_that_the_best_sequence_does_not_contain_is_found():
    """Three sequences share it and differ behind it; together they are likelier than the one that
    is likelier than each of them."""
    crf = random_crf(scale=0.0)
    moves = np.zeros(crf.transitions.shape, np.float32)
    moves[0, 1:] = -20.0
    crf.transitions.assign(moves)
    unary = np.full((1, 2, 5), -20.0, "float32")
    unary[0, 0, [0, 1]] = 0.5, 0.0
    unary[0, 1, [0, 1, 3]] = 0.0
    lengths = np.array([2], np.int32)
    assert not np.asarray(crf.decode(unary, lengths)).any()
    assert decoded(chain_of(crf, unary, lengths), 0.5) == [[(0, 1, TAGS.labels[0])]]


def test_several_models_have_the_mean_of_their_probabilities():
    """And none decides alone: two of three are for no entity, the third is surer than they are."""
    chain = np.zeros((3, 1, 4, 3, 2), "float32")
    chain[:2, 0, 1, 0, 0], chain[2, 0, 1, 0, 0] = 0.3, 0.9
    entity = [(1, 2, TAGS.labels[0])]
    assert decoded(chain, 0.4) == [entity]
    assert decoded(chain[:2], 0.4) == [[]]
    assert decoded(chain, 0.6) == [[]]


def test_a_model_twice_is_the_model():
    crf, unary = random_crf(1, scale=2.0), potentials(5, scale=2.0)
    chain = chain_of(crf, unary, LENGTHS)
    once = decoded(chain, 0.3)
    assert any(once)
    assert decoded(np.stack([chain, chain]), 0.3) == once


def test_padding_and_neighbours_change_nothing():
    crf, unary = random_crf(2, scale=2.0), potentials(6, scale=2.0, rows=4)
    together = decoded(chain_of(crf, unary, LENGTHS), 0.3)
    for row, length in enumerate(LENGTHS):
        alone = chain_of(crf, unary[row : row + 1, :length], LENGTHS[row : row + 1])
        assert decoded(alone, 0.3) == [together[row]]


@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_long_sentences_in_a_graph(scale):
    """Of any shape, with sums of hundreds of potentials; what is certain is what Viterbi finds."""
    crf = random_crf(3, scale)

    @tf.function(
        input_signature=[tf.TensorSpec([None, None, 5]), tf.TensorSpec([None], tf.int32)],
        autograph=False,
    )
    def both(unary, lengths):
        chain = EntityChain(crf)(unary, lengths)
        return chain, ProbableEntities(0.5)(chain), crf.decode(unary, lengths)

    unary, lengths = potentials(4, scale, rows=3, time=300), np.array([300, 120, 1], np.int32)
    chain, found, best = (np.asarray(of) for of in both(unary, lengths))
    assert np.isfinite(chain).all()
    assert (chain >= 0).all()
    assert (chain <= 1 + 1e-3).all()
    assert not found[1, 120:].any()
    if scale > 1:
        assert (found == best).mean() > 0.95
    graph = both.get_concrete_function().graph.as_graph_def()
    assert transposed(graph) == {tf.float32.as_datatype_enum}
