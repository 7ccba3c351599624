"""What holds of every way of decoding: rows, attention, ties, the exported graph."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from graph_nodes import transposed
from pipeline.decoding import (
    SamplingOptions,
    SearchOptions,
    SpecialIds,
    beam_search,
    greedy,
    sample,
)
from tests.rounding import FLOAT32
from toy_decoder import EOS, SPECIAL, Toy, draw, follow, lists, numpy, search


def test_attention_is_that_of_the_path():
    toy = Toy(seed=3)
    best = search(toy, beam_size=4, max_length=6, alpha=0.8, keep_attention=True)
    one = follow(toy, max_length=6, source_mask=toy.mask)
    for found, ids in ((best, best.ids[:, 0]), (one, one.ids)):
        for row, length in enumerate(found.lengths.reshape(toy.rows, -1)[:, 0]):
            expected = toy.attention(row, tuple(ids[row, :length]))
            np.testing.assert_allclose(found.attention[row, :length], expected, atol=1e-5)
            assert not found.attention[row, length:].any()


def test_a_row_is_decoded_as_if_it_were_alone():
    toy, most, least = Toy(seed=11, rows=9), np.arange(9), np.arange(9) % 3
    settings = {"beam_size": 3, "n_best": 2, "alpha": 1.0, "coverage": 0.2}
    together = search(toy, max_length=most, min_length=least, **settings)
    single = follow(toy, max_length=most, min_length=least)
    drawn = draw(toy, seed=3, max_length=most)
    for row in range(toy.rows):
        alone = search(
            toy.only(row),
            max_length=most[row : row + 1],
            min_length=int(least[row]),
            **settings,
        )
        assert lists(alone) == [lists(together)[row]]
        np.testing.assert_allclose(alone.scores[0], together.scores[row], rtol=1e-5)
        alone = follow(toy.only(row), max_length=int(most[row]), min_length=int(least[row]))
        length = alone.lengths[0]
        assert length == single.lengths[row]
        np.testing.assert_array_equal(alone.ids[0, :length], single.ids[row, :length])
    fewer = draw(toy.first(4), seed=3, max_length=most[:4])
    np.testing.assert_array_equal(fewer.ids, drawn.ids[:4, :3])


def uniform_step(vocabulary: int):
    def step(last, state, _position):
        shape = (ops.shape(last)[0], vocabulary)
        return ops.full(shape, -np.log(vocabulary), dtype="float32"), state, None

    return step


def test_ties_go_to_what_was_found_first_and_to_the_lower_id():
    step, options = uniform_step(6), SearchOptions(beam_size=3, n_best=3, min_length=1)
    found = numpy(beam_search(step, {}, 1, SPECIAL, options, max_length=3))
    # EOS is lower than the words, so both first hypotheses end before any third word
    assert lists(found) == [[(3, EOS), (3, 3, EOS), (3, 3, 3)]]
    found = numpy(greedy(step, {}, 2, SpecialIds(5, 4, pad=0, never=(1,)), max_length=3))
    assert found.ids.tolist() == [[2, 2, 2]] * 2


BEAM = SearchOptions(beam_size=3, n_best=2, alpha=0.8, coverage=0.3, keep_attention=True)


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
        settings = {"max_length": most, "source_mask": mask}
        found = {
            "greedy": greedy(toy.step, state, rows, SPECIAL, **settings),
            "beam": beam_search(
                toy.step,
                state,
                rows,
                SPECIAL,
                BEAM,
                constant=("memory", "mask"),
                **settings,
            ),
            "sample": sample(
                toy.step, state, rows, SPECIAL, SamplingOptions(seed, temperature=0.7), **settings
            ),
        }
        return {name: answer._asdict() for name, answer in found.items()}


@pytest.fixture(scope="module")
def traced() -> Decoder:
    return Decoder(Toy(seed=21, rows=4))


def test_a_graph_of_unknown_dimensions_says_the_same_and_so_does_what_is_saved(traced, tmp_path):
    toy, module = traced.toy, tf.Module()
    # The graph that is there: of the function another one would be built.
    module.decode = traced.__call__.get_concrete_function()
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path)).decode
    for rows, seed in ((4, 9), (1, -5), (0, 0)):
        part, most = toy.first(rows), np.array([7, 0, 3, 5], np.int32)[:rows]
        settings = {"max_length": most, "source_mask": part.mask}
        expected = {
            "greedy": follow(part, **settings),
            "beam": search(part, **dataclasses.asdict(BEAM), **settings),
            "sample": draw(part, seed=seed, temperature=0.7, **settings),
        }
        tensors = (part.hidden, part.memory, part.mask, most, np.int32(seed))
        for decode in (traced, loaded):
            found = decode(*map(tf.constant, tensors))
            for name, values in expected.items():
                for field, value in values._asdict().items():
                    got = found[name][field].numpy()
                    assert got.dtype == value.dtype
                    np.testing.assert_allclose(got, value, **FLOAT32, err_msg=field)


def test_no_whole_numbers_are_transposed(traced):
    graph = traced.__call__.get_concrete_function().graph.as_graph_def()
    assert transposed(graph) == {tf.float32.as_datatype_enum}


def test_an_impossible_wish_is_named():
    toy = Toy(seed=0)
    with pytest.raises(ValueError, match="n_best"):
        search(toy, beam_size=2, n_best=3, max_length=2)
    with pytest.raises(ValueError, match="source_mask"):
        search(toy, beam_size=2, max_length=2, coverage=0.1, source_mask=None)
    with pytest.raises(ValueError, match="coverage"):
        search(toy, beam_size=2, max_length=2, coverage=-0.1)
    with pytest.raises(ValueError, match="top_k"):
        draw(toy, seed=0, top_k=-1, max_length=2)
    with pytest.raises(ValueError, match="gives none"):
        greedy(uniform_step(5), {}, 3, SPECIAL, max_length=2, source_mask=toy.mask)

    def forgetful(last, state, position):
        return *toy.step(last, state, position)[:1], {"hidden": state["hidden"]}, None

    with pytest.raises(ValueError, match="hidden"):
        greedy(forgetful, toy.state, 3, SPECIAL, max_length=2)
