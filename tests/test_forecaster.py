"""Forecasters: what they compute, held to other ways to compute it."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from pipeline.batches.windows import Windows
from pipeline.layers.feedback_decoder import FeedbackDecoder
from pipeline.layers.segment_gru import SegmentGRU
from pipeline.models.forecaster import forecaster, moving_average, predict_forecasts
from pipeline.models.forecaster_settings import ForecasterSettings

WINDOW, HORIZON, CHANNELS = 22, 7, 2
SERIES = np.random.default_rng(0).normal(size=(60, CHANNELS)).astype("float32")
STARTS = np.arange(60 - WINDOW - HORIZON + 1)


def build(**settings):
    keras.utils.set_random_seed(1)
    shape = ForecasterSettings(**{"units": 6, "segment": 4, "kernel": 5, **settings})
    return forecaster(shape, window=WINDOW, horizon=HORIZON, channels=CHANNELS)


def windows(size=8, **options):
    return Windows(SERIES, STARTS, WINDOW, HORIZON, size, **options)


def test_dlinear_is_a_linear_map_of_the_trend_and_one_of_the_rest():
    model = build(architecture="dlinear").model
    (inputs, _), *_ = windows()
    history = inputs["history"]
    padded = np.pad(history, ((0, 0), (2, 2), (0, 0)), mode="edge")
    trend = np.stack([padded[:, i : i + 5].mean(axis=1) for i in range(WINDOW)], axis=1)
    expected = 0
    for name, part in (("trend", trend), ("rest", history - trend)):
        kernel, bias = model.get_layer(name).get_weights()
        expected = expected + np.einsum("bic,io->boc", part, kernel) + bias[:, None]
    np.testing.assert_allclose(model.predict_on_batch(inputs), expected, atol=1e-5)


@pytest.mark.parametrize("kernel", [1, 4, 25])
def test_the_moving_average_of_a_level_is_the_level(kernel):
    level = np.full((2, 9, 1), 3.5, np.float32)
    np.testing.assert_allclose(moving_average(level, kernel), level, rtol=1e-6)


def test_the_segment_gru_is_keras_gru_asked_once_more_for_each_position():
    keras.utils.set_random_seed(2)
    layer = SegmentGRU(segment=4, units=6, horizon=HORIZON)
    series = SERIES[None, :WINDOW]
    forecast = np.asarray(layer(series))
    assert forecast.shape == (1, HORIZON, CHANNELS)
    filled = np.concatenate([np.repeat(series[:, :1], 2, axis=1), series], axis=1)
    positions, channels = np.asarray(layer.positions), np.asarray(layer.channels)
    for channel in range(CHANNELS):
        segments = filled[:, :, channel].reshape(1, 6, 4)
        state = layer.gru(layer.embed(segments))
        steps = []
        for position in positions:
            place = np.concatenate([position, channels[channel]])[None, None]
            steps.append(np.asarray(layer.head(layer.gru(place, initial_state=state)))[0])
        expected = np.concatenate(steps)[:HORIZON]
        np.testing.assert_allclose(forecast[0, :, channel], expected, atol=1e-5)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_the_feedback_decoder_reads_what_it_is_given_or_what_it_said(cell):
    keras.utils.set_random_seed(3)
    layer = FeedbackDecoder(cell, units=3, size=2)
    state = SERIES[:4].reshape(1, -1)[:, : 3 * layer.parts]
    given = np.concatenate([SERIES[:5], [[1], [0], [1], [0], [0]]], axis=1)[None]
    said = np.asarray(layer(given.astype("float32"), state))[0]
    states, before = np.split(state, layer.parts, axis=1), np.zeros((1, 2), np.float32)
    for step in range(5):
        known = given[:, step, -1] == 1
        x = given[:, step, :2] if known else before
        output, states = layer.recurrent(x.astype("float32"), states)
        states = list(states) if isinstance(states, list | tuple) else [states]
        before = np.asarray(layer.head(output))
        np.testing.assert_allclose(said[step], before[0], atol=1e-5)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_the_decoder_is_taught_with_the_truth_and_asked_without(cell):
    """What it says at a step is the same, once it is told what it would have said itself."""
    both = build(architecture="encoder-decoder", cell=cell)
    assert both.reads_future
    (inputs, _), *_ = windows()
    said = both.model.predict_on_batch(inputs)
    taught = both.trained.predict_on_batch({**inputs, "future": said})
    np.testing.assert_allclose(taught, said, atol=1e-5)
    other = both.trained.predict_on_batch({**inputs, "future": said + 1})
    np.testing.assert_allclose(other[:, 0], said[:, 0], atol=1e-5)
    assert np.abs(other[:, 1:] - said[:, 1:]).max() > 1e-3


@pytest.mark.parametrize(
    ("architecture", "moves"),
    [("segments", True), ("nlinear", True), ("direct", True), ("encoder-decoder", True),
     ("dlinear", False)],
)  # fmt: skip
def test_a_level_that_is_added_is_added_to_the_forecast(architecture, moves):
    """Of those that subtract the last value; a linear map learns it or not."""
    model = build(architecture=architecture).model
    here = predict_forecasts(model, windows())
    above = predict_forecasts(model, Windows(SERIES + 4, STARTS, WINDOW, HORIZON, 8))
    assert here.shape == (len(STARTS), HORIZON, CHANNELS)
    assert (np.abs(above - here - 4).max() < 1e-3) == moves


@pytest.mark.parametrize("architecture", ["segments", "direct", "encoder-decoder", "nlinear"])
def test_it_learns_a_sine(architecture):
    keras.utils.set_random_seed(4)
    time = np.arange(200)
    series = np.stack([np.sin(time / 3), np.cos(time / 5)], axis=1).astype("float32")
    both = build(architecture=architecture, units=16, state_dropout=0.0)
    both.trained.compile(keras.optimizers.Adam(0.02), "mse", jit_compile=False)
    starts = np.arange(150)
    options = {"reads_future": both.reads_future}
    errors = []
    for epoch in range(30):
        batches = Windows(series, starts, WINDOW, HORIZON, 75, seed=1, epoch=epoch, **options)
        errors.append(np.mean([both.trained.train_on_batch(*batch) for batch in batches]))
    assert errors[-1] < 0.1 * errors[0]


@pytest.mark.parametrize("layers", [1, 2])
def test_without_the_last_value_a_direct_forecaster_sees_the_level(layers):
    model = build(architecture="direct", layers=layers, subtract_last=False).model
    here = predict_forecasts(model, windows())
    above = predict_forecasts(model, Windows(SERIES + 4, STARTS, WINDOW, HORIZON, 8))
    assert np.abs(above - here - 4).max() > 0.1
