"""Products of Jacobians over lags: what autodiff finds, and norms beyond the range of floats."""
# ruff: noqa: N806  (letters of the sources)

from __future__ import annotations

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from pipeline.lab.cells import SimpleRNN, cell_of
from pipeline.lab.lags import (
    jacobians_of,
    log10_bound,
    log10_norms,
    scaled_products,
    spectral_norms,
)

BATCH, TIME, INPUTS, UNITS = 2, 6, 3, 4
LAYERS = {
    "rnn": lambda: keras.layers.SimpleRNN(UNITS, dtype="float64"),
    "lstm": lambda: keras.layers.LSTM(UNITS, dtype="float64"),
    "gru, reset before": lambda: keras.layers.GRU(UNITS, dtype="float64", reset_after=False),
    "gru, reset after": lambda: keras.layers.GRU(UNITS, dtype="float64"),
}


def x() -> np.ndarray:
    return np.random.default_rng(2).normal(size=(BATCH, TIME, INPUTS))


@pytest.fixture(params=LAYERS)
def layer(request) -> keras.layers.RNN:
    layer = LAYERS[request.param]()
    layer.build((None, None, INPUTS))
    generator = np.random.default_rng(1)
    layer.set_weights([generator.normal(0, 0.7, w.shape) for w in layer.weights])
    return layer


def derivative_through_keras(layer, t: int, k: int) -> np.ndarray:
    """∂s_t/∂s_k [batch, m, m] by autodiff through Keras's own cell, unrolled."""
    parts = 2 if isinstance(layer, keras.layers.LSTM) else 1
    state = tf.zeros((BATCH, parts * UNITS), tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        for step in range(t + 1):
            if step == k + 1:
                by = state
                tape.watch(by)
            _, state = layer.cell(x()[:, step], tf.split(state, parts, axis=-1))
            state = tf.concat(state, axis=-1)
        entries = tf.unstack(state, axis=-1)
    return np.stack([tape.gradient(entry, by) for entry in entries], axis=1)


def scaled_back(jacobian_at, t: int, k: int) -> np.ndarray:
    """∂s_t/∂s_k as `scaled_products` has it, in the range of floats."""
    *_, (scaled, exponent) = scaled_products(jacobian_at, t, t - k)
    return ops.convert_to_numpy(scaled) * 2 ** exponent[:, None, None]


def product(jacobian_at, t: int, k: int) -> np.ndarray:
    """The same as the equation has it."""
    steps = range(t, k, -1)
    return functools.reduce(np.matmul, (np.asarray(jacobian_at(step)) for step in steps))


@pytest.mark.parametrize(("t", "k"), [(5, 4), (5, 1), (3, 0), (5, -1)])
def test_the_product_equals_autodiff_through_the_layer(layer, t, k):
    cell = cell_of(layer)
    found = scaled_back(jacobians_of(cell, cell.forward(x())), t, k)
    expected = derivative_through_keras(layer, t, k)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    assert np.abs(expected).max() > 1e-4


def test_norms_of_each_part_of_the_state_are_those_of_the_product(layer):
    cell = cell_of(layer)
    jacobian_at = jacobians_of(cell, cell.forward(x()))
    t, lags = 5, 6
    whole = [product(jacobian_at, t, t - lag) for lag in range(1, lags + 1)]
    everything = slice(None)
    for rows in (everything, *cell.blocks.values()):
        for columns in (everything, *cell.blocks.values()):
            norms = 10 ** log10_norms(jacobian_at, t, lags, rows, columns)
            expected = [np.linalg.norm(P[:, rows, columns], 2, axis=(1, 2)) for P in whole]
            np.testing.assert_allclose(norms, np.transpose(expected), rtol=1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e3])
def test_norms_stay_exact_where_the_product_leaves_the_range_of_floats(gain, dtype):
    """gain times a rotation has the norm gain, and over a lag its power."""
    Q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))
    jacobian = ops.convert_to_tensor(gain * Q[None], dtype)
    lags = 200
    found = log10_norms(lambda t: jacobian, lags, lags)
    expected = np.arange(1, lags + 1) * np.log10(gain)
    exact = 1e-4 if dtype == "float32" else 1e-9
    np.testing.assert_allclose(found[0], expected, rtol=0, atol=exact)
    with np.errstate(all="ignore"):
        plain = np.abs(np.linalg.matrix_power(gain * Q, lags)).max()
    assert gain == 1.0 or plain == 0 or not np.isfinite(plain)


def test_scaled_products_lose_nothing():
    cell = cell_of(built(LAYERS["lstm"]()))
    jacobian_at = jacobians_of(cell, cell.forward(x()))
    for lag, (scaled, _) in enumerate(scaled_products(jacobian_at, 5, 6), start=1):
        largest = np.abs(ops.convert_to_numpy(scaled)).max(axis=(1, 2))
        assert ((largest >= 0.5) & (largest < 1)).all()
        np.testing.assert_allclose(
            scaled_back(jacobian_at, 5, 5 - lag), product(jacobian_at, 5, 5 - lag), rtol=1e-12
        )


def built(layer):
    layer.build((None, None, INPUTS))
    return layer


def test_a_gradient_that_is_zero_has_no_logarithm_and_one_that_is_not_finite_no_norm():
    W_hh = ops.convert_to_tensor(np.eye(UNITS))
    W_xh = ops.convert_to_tensor(np.zeros((UNITS, INPUTS)))
    off = SimpleRNN(W_xh, W_hh, ops.convert_to_tensor(np.full(UNITS, -1.0)), "relu")
    at = jacobians_of(off, off.forward(x()))
    np.testing.assert_array_equal(log10_norms(at, 5, 4), np.full((BATCH, 4), -np.inf))
    broken = np.array([[[1.0, np.nan], [0, 1]], [[np.inf, 0], [0, 1]], [[0, 2.0], [0, 0]]])
    np.testing.assert_array_equal(spectral_norms(broken), [np.nan, np.nan, 2.0])


@given(
    st.integers(1, 6), st.integers(1, 6), st.integers(-200, 200), st.integers(0, 2**16),
    st.booleans(),
)  # fmt: skip
def test_spectral_norms_are_largest_singular_values(rows, columns, power, seed, of_rank_one):
    generator = np.random.default_rng(seed)
    matrices = generator.normal(size=(3, rows, columns))
    if of_rank_one:
        matrices = matrices[:, :, :1] * matrices[:, :1, :]
    expected = np.linalg.svd(matrices, compute_uv=False)[:, 0]
    found = spectral_norms(matrices * 10.0**power)
    np.testing.assert_allclose(found / 10.0**power, expected, rtol=1e-11)


@settings(max_examples=24)
@given(
    st.sampled_from(["tanh", "relu", "linear"]), st.floats(0.1, 3), st.integers(1, 5),
    st.integers(0, 2**16),
)  # fmt: skip
def test_no_gradient_exceeds_its_bound(activation, scale, units, seed):
    generator = np.random.default_rng(seed)
    W_xh, W_hh, b = (
        ops.convert_to_tensor(scale * generator.normal(size=shape))
        for shape in ((units, INPUTS), (units, units), (units,))
    )
    cell = SimpleRNN(W_xh, W_hh, b, activation)
    norms = log10_norms(jacobians_of(cell, cell.forward(x())), TIME - 1, TIME)
    bound = log10_bound(cell, TIME)
    assert (norms <= bound + 1e-9).all()
    if activation == "linear":
        np.testing.assert_allclose(norms[:, 0], bound[0], atol=1e-9)
    np.testing.assert_allclose(
        bound, np.log10(np.linalg.norm(W_hh, 2)) * np.arange(1, TIME + 1), atol=1e-9
    )


def test_steps_that_there_are_not_are_refused():
    def jacobian_at(t):
        return np.eye(2)[None]

    for lags in (0, 5):
        with pytest.raises(ValueError, match="from 1 to 4"):
            log10_norms(jacobian_at, 3, lags)
