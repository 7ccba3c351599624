"""Backpropagation through time by hand: the sum, and each of its terms, as autodiff has them."""
# ruff: noqa: N806  (letters of the sources)

from __future__ import annotations

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from pipeline.lab.bptt import PARAMETERS, RECURRENT, Network, forward, gradients, terms
from pipeline.lab.cells import SimpleRNN
from pipeline.lab.lags import jacobians_of

BATCH, TIME, INPUTS, UNITS, CLASSES = 3, 5, 4, 3, 6
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
both_precisions = pytest.mark.parametrize("dtype", TOLERANCE)


class Example:
    """The same network in Keras and by hand, and something to read."""

    def __init__(self, dtype: str = "float64", activation: str = "tanh"):
        self.rnn = keras.layers.SimpleRNN(
            UNITS, activation=activation, return_sequences=True, dtype=dtype
        )
        self.readout = keras.layers.Dense(CLASSES, use_bias=False, dtype=dtype)
        self.rnn.build((None, None, INPUTS))
        self.readout.build((None, None, UNITS))
        generator = np.random.default_rng(1)
        for layer in (self.rnn, self.readout):
            layer.set_weights([generator.normal(0, 0.7, w.shape) for w in layer.weights])
        self.x = generator.normal(size=(BATCH, TIME, INPUTS)).astype(dtype)
        self.h_0 = generator.normal(0, 0.7, (BATCH, UNITS)).astype(dtype)
        self.targets = generator.integers(0, CLASSES, (BATCH, TIME))
        W_hy = ops.transpose(ops.convert_to_tensor(self.readout.kernel))
        self.network = Network(SimpleRNN.from_keras(self.rnn), W_hy)
        self.passed = forward(self.network, self.x, self.targets, self.h_0)

    def keras_losses(self):
        """L_t of each row, by Keras."""
        logits = self.readout(self.rnn(self.x, initial_state=self.h_0))
        return keras.losses.sparse_categorical_crossentropy(self.targets, logits, from_logits=True)


@both_precisions
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_losses_and_gradients_equal_those_of_keras_and_autodiff(dtype, activation):
    example = Example(dtype, activation)
    exact = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    with tf.GradientTape() as tape:
        losses = example.keras_losses()
        total = tf.reduce_sum(losses)
    kernel, recurrent, bias = example.rnn.weights
    variables = [v.value for v in (kernel, recurrent, bias, example.readout.kernel)]
    names = ("W_xh", "W_hh", "b", "W_hy")
    expected = dict(zip(names, map(tf.transpose, tape.gradient(total, variables)), strict=True))
    found = gradients(example.network, example.passed)
    np.testing.assert_allclose(example.passed.losses, losses, **exact)
    assert set(found) == set(PARAMETERS)
    for name in PARAMETERS:
        np.testing.assert_allclose(found[name], expected[name], **exact)
        assert np.abs(expected[name]).max() > 0.1
        assert keras.backend.standardize_dtype(found[name].dtype) == dtype


def term_by_autodiff(example: Example) -> dict[str, np.ndarray]:
    """Every step uses a copy of the weights of its own, so ∂L_t by the copy of step k is a term."""
    cell, W_hy = example.network.cell, example.network.W_hy
    copies = {name: [tf.Variable(getattr(cell, name)) for _ in range(TIME)] for name in RECURRENT}
    with tf.GradientTape(persistent=True) as tape:
        h, losses = tf.constant(example.h_0), []
        for t in range(TIME):
            W_xh, W_hh, b = (copies[name][t] for name in RECURRENT)
            h = tf.tanh(
                tf.einsum("ij,bj->bi", W_xh, example.x[:, t]) + tf.einsum("ij,bj->bi", W_hh, h) + b
            )
            logits = tf.einsum("ij,bj->bi", W_hy, h)
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(example.targets[:, t], logits)
            losses.append(tf.reduce_sum(each))
    return {
        name: np.stack(
            [np.stack(tape.gradient(loss, copies[name], unconnected_gradients="zero"))
             for loss in losses]
        )
        for name in RECURRENT
    }  # fmt: skip


@both_precisions
def test_every_term_equals_autodiff(dtype):
    example = Example(dtype)
    found, expected = terms(example.network, example.passed), term_by_autodiff(example)
    for name in RECURRENT:
        term = ops.convert_to_numpy(getattr(found, name))
        assert term.shape[:2] == (TIME, TIME)
        np.testing.assert_allclose(term, expected[name], rtol=0, atol=TOLERANCE[dtype])
        for t, k in np.ndindex(TIME, TIME):
            assert bool(np.any(term[t, k])) == (k <= t)


def test_every_term_is_the_product_of_its_three_factors():
    """The equation to the letter: error at t, product of Jacobians, immediate derivative at k."""
    example = Example()
    cell, passed = example.network.cell, example.passed
    jacobian_at = jacobians_of(cell, passed.trace)
    found = ops.convert_to_numpy(terms(example.network, passed).W_hh)
    error = ops.convert_to_numpy(passed.y_hat - passed.y)
    h, h_tm1 = (ops.convert_to_numpy(v) for v in (passed.trace.h_t, passed.trace.h_tm1))
    for t, k in zip(*np.tril_indices(TIME), strict=True):
        by_h_t = error[:, t] @ np.asarray(example.network.W_hy)
        jacobians = map(jacobian_at, range(t, k, -1))
        carried = functools.reduce(np.matmul, jacobians, np.eye(UNITS))
        # ∂⁺h_k[i] / ∂W_hh[i, j] = (1 - h_k[i]²) h_{k-1}[j], and 0 by every other row of W_hh
        immediate = np.einsum("bi,bj,il->bilj", 1 - h[:, k] ** 2, h_tm1[:, k], np.eye(UNITS))
        term = np.einsum("bm,bmi,bilj->lj", by_h_t, np.broadcast_to(carried, (BATCH, UNITS, UNITS)),
                         immediate)  # fmt: skip
        np.testing.assert_allclose(found[t, k], term, rtol=0, atol=1e-12)


@both_precisions
def test_the_table_sums_to_the_gradient(dtype):
    example = Example(dtype)
    sums = terms(example.network, example.passed).sums()
    whole = gradients(example.network, example.passed)
    for name in RECURRENT:
        np.testing.assert_allclose(sums[name], whole[name], rtol=0, atol=TOLERANCE[dtype])


def test_a_loss_at_one_step_has_the_terms_of_its_row():
    """Cut off after t, the gradient loses the rows behind t and nothing else."""
    example = Example()
    table = ops.convert_to_numpy(terms(example.network, example.passed).W_hh)
    so_far = []
    for steps in (2, 3):
        passed = forward(
            example.network, example.x[:, :steps], example.targets[:, :steps], example.h_0
        )
        so_far.append(ops.convert_to_numpy(gradients(example.network, passed)["W_hh"]))
    np.testing.assert_allclose(so_far[1] - so_far[0], table[2].sum(axis=0), rtol=0, atol=1e-12)


def test_sure_and_wrong_answers_have_finite_losses():
    example = Example()
    sure = Network(example.network.cell, example.network.W_hy * 1e6)
    passed = forward(sure, example.x, example.targets)
    assert np.isfinite(passed.losses).all()
    assert np.max(passed.losses) > 1e4
    assert all(np.isfinite(g).all() for g in gradients(sure, passed).values())


def test_a_step_moves_every_parameter_by_its_own_change():
    network = Example().network
    changes = {name: np.full(w.shape, i + 1.0) for i, (name, w) in
               enumerate(network.parameters().items())}  # fmt: skip
    moved = network.moved(changes).parameters()
    for name, before in network.parameters().items():
        np.testing.assert_allclose(moved[name] - before, changes[name], rtol=1e-12)
