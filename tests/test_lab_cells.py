"""Cells written from their equations: they are Keras's layers, and their Jacobians autodiff's."""
# ruff: noqa: N802, N806  (letters of the sources)

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from pipeline.lab.cells import GRU, LSTM, SimpleRNN, cell_of

BATCH, TIME, INPUTS, UNITS = 3, 5, 2, 4
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
LAYERS = {
    "tanh": (keras.layers.SimpleRNN, {}),
    "relu": (keras.layers.SimpleRNN, {"activation": "relu"}),
    "linear": (keras.layers.SimpleRNN, {"activation": "linear"}),
    "no bias": (keras.layers.SimpleRNN, {"use_bias": False}),
    "lstm": (keras.layers.LSTM, {}),
    "gru, reset before": (keras.layers.GRU, {"reset_after": False}),
    "gru, reset after": (keras.layers.GRU, {"reset_after": True}),
    "gru without bias": (keras.layers.GRU, {"use_bias": False}),
}
every_layer = pytest.mark.parametrize("kind", LAYERS)
both_precisions = pytest.mark.parametrize("dtype", TOLERANCE)


def keras_layer(kind: str, dtype: str = "float64") -> keras.layers.RNN:
    """With weights, biases too, drawn from a normal distribution."""
    cls, arguments = LAYERS[kind]
    layer = cls(UNITS, return_sequences=True, return_state=True, dtype=dtype, **arguments)
    layer.build((None, None, INPUTS))
    generator = np.random.default_rng(1)
    layer.set_weights([generator.normal(0, 0.7, w.shape) for w in layer.weights])
    return layer


def data(layer) -> tuple[np.ndarray, list[np.ndarray]]:
    """A batch and a state to begin with, which is not 0."""
    generator = np.random.default_rng(2)
    x = generator.normal(size=(BATCH, TIME, INPUTS)).astype(layer.dtype)
    parts = 2 if isinstance(layer, keras.layers.LSTM) else 1
    return x, list(generator.normal(0, 0.7, (parts, BATCH, UNITS)).astype(layer.dtype))


def state_after(trace):
    letters = ("h_t", "C_t") if hasattr(trace, "C_t") else ("h_t",)
    return ops.concatenate([getattr(trace, letter) for letter in letters], axis=-1)


def derivatives(results, *by) -> list[np.ndarray]:
    """Of `results()` [rows, m] by each of `by` [rows, n], as autodiff has them: [rows, m, n]."""
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(by)
        parts = tf.unstack(results(), axis=-1)
    gradients = [[tape.gradient(part, other, unconnected_gradients="zero") for part in parts]
                 for other in by]  # fmt: skip
    return [np.stack(gradient, axis=1) for gradient in gradients]


def every_step(layer, cell):
    """What Keras's own cell is asked at each step of a batch, and our record of them, as rows."""
    x, start = data(layer)
    trace = cell.forward(x, *start)
    rows = {field.name: ops.reshape(getattr(trace, field.name), (-1, UNITS))
            for field in dataclasses.fields(trace)}  # fmt: skip
    states = [rows[letter] for letter in ("h_tm1", "C_tm1") if letter in rows]
    return tf.constant(x.reshape(-1, INPUTS)), states, type(trace)(**rows)


@both_precisions
@every_layer
def test_forward_equals_the_layer(kind, dtype):
    layer = keras_layer(kind, dtype)
    x, start = data(layer)
    trace = cell_of(layer).forward(x, *start)
    expected, *last = layer(x, initial_state=start)
    assert keras.backend.standardize_dtype(trace.h_t.dtype) == dtype
    np.testing.assert_allclose(trace.h_t, expected, rtol=0, atol=TOLERANCE[dtype])
    last = np.concatenate([np.asarray(part) for part in last], axis=-1)
    np.testing.assert_allclose(state_after(trace)[:, -1], last, rtol=0, atol=TOLERANCE[dtype])


@every_layer
def test_without_a_state_it_starts_from_zeros(kind):
    layer = keras_layer(kind)
    x, start = data(layer)
    expected = layer(x, initial_state=[np.zeros_like(s) for s in start])[0]
    np.testing.assert_allclose(cell_of(layer).forward(x).h_t, expected, rtol=0, atol=1e-10)


@both_precisions
@every_layer
def test_jacobians_equal_autodiff_through_the_layers_cell(kind, dtype):
    layer = keras_layer(kind, dtype)
    cell = cell_of(layer)
    x_t, states, trace = every_step(layer, cell)
    state = tf.concat(states, axis=-1)

    def step():
        _, after = layer.cell(x_t, tf.split(state, len(states), axis=-1))
        return tf.concat(after, axis=-1)

    by_state, by_input = derivatives(step, state, x_t)
    exact = {"rtol": 0, "atol": TOLERANCE[dtype]}
    np.testing.assert_allclose(cell.state_jacobian(trace), by_state, **exact)
    np.testing.assert_allclose(cell.input_jacobian(trace), by_input, **exact)
    h = cell.blocks["h"]
    np.testing.assert_allclose(cell.jacobian(trace), by_state[:, h, h], **exact)
    assert np.abs(by_state).max() > 0.1


@both_precisions
def test_the_cell_state_of_an_lstm_by_the_one_before(dtype):
    layer = keras_layer("lstm", dtype)
    cell = cell_of(layer)
    x_t, (h_tm1, C_tm1), trace = every_step(layer, cell)
    o_tm1 = tf.sigmoid(h_tm1)  # any gate will do

    def C_t(h):
        return layer.cell(x_t, [h, C_tm1])[1][1]

    (held,) = derivatives(lambda: C_t(h_tm1), C_tm1)
    (through_h,) = derivatives(lambda: C_t(o_tm1 * tf.tanh(C_tm1)), C_tm1)
    reached = cell.step(x_t, o_tm1 * tf.tanh(C_tm1), C_tm1)
    exact = {"rtol": 0, "atol": TOLERANCE[dtype]}
    np.testing.assert_allclose(cell.cell_jacobian(trace), held, **exact)
    np.testing.assert_allclose(cell.cell_jacobian(reached, o_tm1), through_h, **exact)
    assert np.abs(held - through_h).max() > 0.1


@every_layer
def test_one_step_of_a_sequence_and_all_at_once_agree(kind):
    layer = keras_layer(kind)
    cell = cell_of(layer)
    x, start = data(layer)
    trace = cell.forward(x, *start)
    for name in ("jacobian", "state_jacobian", "input_jacobian"):
        whole = ops.convert_to_numpy(getattr(cell, name)(trace))
        for t in (0, 2, -1):
            np.testing.assert_array_equal(whole[:, t], getattr(cell, name)(trace.at(t)))
        np.testing.assert_array_equal(whole[:, 1:3], getattr(cell, name)(trace.at(slice(1, 3))))


def random_cell(cls, units: int, inputs: int, seed: int, scale: float = 1.0, **fixed):
    """Weights from a normal distribution, made without Keras."""
    generator = np.random.default_rng(seed)
    size = {"W": (units, inputs), "U": (units, units), "b": (units,), "W_hh": (units, units)}
    weights = {
        field.name: ops.convert_to_tensor(
            scale * generator.normal(size=size.get(field.name, size[field.name[0]]))
        )
        for field in dataclasses.fields(cls)
        if field.name[0] in size and field.name not in fixed
    }
    return cls(**weights, **fixed)


CELLS = [
    (SimpleRNN, {}),
    (LSTM, {}),
    (GRU, {"reset_after": False}),
    (GRU, {"reset_after": True}),
]


@settings(max_examples=24)
@given(st.sampled_from(CELLS), st.integers(1, 5), st.integers(1, 3), st.integers(0, 2**16))
def test_a_small_change_of_state_and_input_is_what_the_jacobians_foretell(
    kind, units, inputs, seed
):
    cls, fixed = kind
    cell = random_cell(cls, units, inputs, seed, **fixed)
    parts = len(cell.blocks)
    generator = np.random.default_rng(seed + 1)
    x, to_x = generator.normal(size=(2, 2, inputs))
    state, to_state = generator.normal(size=(2, parts, 2, units))
    nudge = 1e-5

    def after(by: float):
        moved = cell.step(x + by * to_x, *(state + by * to_state))
        return ops.convert_to_numpy(state_after(moved))

    measured = (after(nudge) - after(-nudge)) / (2 * nudge)
    trace = cell.step(x, *state)
    direction = np.concatenate(to_state, axis=-1)
    foretold = ops.einsum("bij,bj->bi", cell.state_jacobian(trace), direction)
    foretold += ops.einsum("bij,bj->bi", cell.input_jacobian(trace), to_x)
    np.testing.assert_allclose(measured, foretold, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("reset_after", [False, True])
def test_a_gru_whose_update_gate_is_shut_keeps_its_state(reset_after):
    cell = random_cell(GRU, UNITS, INPUTS, 0, reset_after=reset_after)
    cell = dataclasses.replace(cell, b_z=cell.b_z + 100.0)
    x, (h_0,) = data(keras_layer("tanh"))
    trace = cell.forward(x, h_0)
    np.testing.assert_allclose(trace.h_t[:, -1], h_0, rtol=1e-12)
    np.testing.assert_allclose(cell.jacobian(trace.at(-1)), [np.eye(UNITS)] * BATCH, atol=1e-12)


def test_an_lstm_that_neither_forgets_nor_reads_carries_error_unchanged():
    cell = random_cell(LSTM, UNITS, INPUTS, 0)
    cell = dataclasses.replace(cell, b_f=cell.b_f + 100.0, b_i=cell.b_i - 100.0)
    x, (h_0, C_0) = data(keras_layer("lstm"))
    trace = cell.forward(x, h_0, C_0)
    np.testing.assert_allclose(trace.C_t[:, -1], C_0, rtol=1e-12)
    C = cell.blocks["C"]
    for jacobian in (cell.cell_jacobian(trace.at(-1)), cell.state_jacobian(trace.at(-1))[:, C, C]):
        np.testing.assert_allclose(jacobian, [np.eye(UNITS)] * BATCH, atol=1e-12)


def test_the_two_forms_of_the_gru_differ():
    before, after = (keras_layer(f"gru, reset {when}") for when in ("before", "after"))
    x, start = data(before)
    kernels = before.get_weights()[:2]
    after.set_weights([*kernels, np.stack([before.get_weights()[2], np.zeros(3 * UNITS)])])
    states = [np.asarray(cell_of(layer).forward(x, *start).h_t) for layer in (before, after)]
    assert np.abs(states[0] - states[1]).max() > 0.01


def test_float32_weights_can_be_studied_in_float64():
    layer = keras_layer("lstm", "float32")
    x, start = data(layer)
    cell = cell_of(layer, "float64")
    trace = cell.forward(x, *start)
    assert keras.backend.standardize_dtype(cell.state_jacobian(trace).dtype) == "float64"
    np.testing.assert_allclose(trace.h_t, layer(x, initial_state=start)[0], rtol=0, atol=1e-5)


def test_what_the_equations_do_not_cover_is_refused():
    with pytest.raises(ValueError, match="not built"):
        cell_of(keras.layers.GRU(3))
    for layer, complaint in (
        (keras.layers.LSTM(3, activation="relu"), "activation must be 'tanh', not 'relu'"),
        (keras.layers.GRU(3, recurrent_activation="hard_sigmoid"), "recurrent_activation must be"),
        (keras.layers.SimpleRNN(3, activation="gelu"), "tanh, relu, linear, not 'gelu'"),
        (keras.layers.SimpleRNN(3, go_backwards=True), "backwards"),
        (keras.layers.Bidirectional(keras.layers.GRU(3)), "none of SimpleRNN, LSTM, GRU"),
    ):
        layer.build((None, None, INPUTS))
        with pytest.raises(ValueError, match=complaint):
            cell_of(layer)
    with pytest.raises(ValueError, match="without a step"):
        cell_of(keras_layer("lstm")).forward(np.zeros((BATCH, 0, INPUTS)))
