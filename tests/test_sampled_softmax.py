"""A softmax over a sample of the vocabulary, held to the softmax over all of it."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.layers.sampled_softmax import FLATTENED, SampledSoftmax

PIECES, SIZE = 300, 5


def layer(samples: int, counts: np.ndarray | None = None) -> SampledSoftmax:
    softmax = SampledSoftmax(PIECES, SIZE, samples)
    softmax.build((None, None, SIZE))
    random = np.random.default_rng(0)
    softmax.set_counts(random.integers(0, 50, PIECES) if counts is None else counts)
    softmax.kernel.assign(0.5 * random.normal(size=(PIECES, SIZE)))
    softmax.bias.assign(random.normal(size=PIECES))
    return softmax


@pytest.fixture
def batch() -> tuple[tf.Tensor, tf.Tensor]:
    random = np.random.default_rng(1)
    vectors = random.normal(size=(3, 4, SIZE)).astype("float32")
    return tf.constant(vectors), tf.constant(random.integers(0, PIECES, (3, 4)), tf.int32)


def costs_and_gradient(softmax: SampledSoftmax, batch, times: int):
    """The means over many draws: of the costs, and of the gradient for the vectors."""
    vectors, answers = batch

    @tf.function
    def once():
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            costs = softmax(vectors, answers, training=True)
        return costs, tape.gradient(costs, vectors)

    drawn = [once() for _ in range(times)]
    return tuple(np.mean([values[i].numpy() for values in drawn], axis=0) for i in (0, 1))


def test_without_samples_it_is_the_cross_entropy_over_all_pieces(batch):
    vectors, answers = batch
    softmax = layer(0)
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")(
        answers, softmax.logits(vectors)
    )
    for training in (False, True):
        np.testing.assert_allclose(softmax(vectors, answers, training=training), expected, 1e-5)
    np.testing.assert_allclose(layer(7)(vectors, answers), expected, 1e-5)


def test_costs_and_gradients_come_near_to_those_over_all_pieces(batch):
    exact = costs_and_gradient(layer(0), batch, 1)
    few, many = (costs_and_gradient(layer(samples), batch, 200) for samples in (10, 250))
    for one in (0, 1):
        error = [np.abs(found[one] - exact[one]).max() for found in (few, many)]
        assert error[1] < 0.15
        assert error[1] < error[0]


def test_an_answer_that_is_drawn_is_no_negative():
    """With counts in one piece alone nothing else is drawn: it costs nothing to answer with it."""
    counts = np.zeros(PIECES)
    counts[4] = 1e12
    softmax = layer(8, counts)
    vectors = np.ones((1, 2, SIZE), "float32")
    costs = np.asarray(softmax(vectors, np.array([[4, 5]], "int32"), training=True))
    assert costs[0, 0] == pytest.approx(0, abs=1e-6)
    assert costs[0, 1] > 0.01


def test_pieces_are_drawn_by_their_counts():
    counts = np.arange(PIECES) * 10
    softmax = layer(20_000, counts)
    drawn = np.asarray(softmax._draw())
    expected = (counts + 1.0) ** FLATTENED
    share = np.bincount(drawn, minlength=PIECES) / len(drawn)
    np.testing.assert_allclose(share, expected / expected.sum(), atol=0.01)


def test_no_position_has_a_cost_that_is_not_finite():
    softmax = layer(8)
    vectors = np.full((1, 3, SIZE), 1e3, "float32")
    costs = softmax(vectors, np.array([[0, 1, 2]], "int32"), training=True)
    assert np.isfinite(costs).all()
