"""Metrics of forecasts, held to other ways to compute them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, mean_squared_error

from pipeline.evaluation.forecasting import (
    ErrorSums,
    ForecastMetrics,
    diebold_mariano,
    naive_scales,
    seasonal_naive,
)


@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 3), st.integers(1, 4))
def test_errors_added_in_parts_are_those_of_all(windows, horizon, channels, part):
    draw = np.random.default_rng(windows * horizon + channels)
    forecast, truth = draw.normal(size=(2, windows, horizon, channels))
    errors = ErrorSums(horizon, channels)
    for start in range(0, windows, part):
        errors.add(forecast[start : start + part], truth[start : start + part])
    assert errors.count == windows
    assert errors.mse == pytest.approx(mean_squared_error(truth.ravel(), forecast.ravel()))
    assert errors.mae == pytest.approx(mean_absolute_error(truth.ravel(), forecast.ravel()))
    scores = errors.scores(np.ones(channels))
    assert scores.mse_of_steps[-1] == pytest.approx(
        mean_squared_error(truth[:, -1].ravel(), forecast[:, -1].ravel())
    )
    assert scores.mase == pytest.approx(scores.mae)
    np.testing.assert_allclose(errors.losses, np.square(forecast - truth).mean(axis=1))


def test_a_channel_that_never_changes_has_no_scaled_error():
    errors = ErrorSums(1, 2)
    errors.add(np.array([[[2.0, 5.0]]]), np.array([[[1.0, 1.0]]]))
    scales = naive_scales(np.array([[0.0, 7.0], [2.0, 7.0], [4.0, 7.0]]), 1)
    scores = errors.scores(scales)
    assert scores.mase_of_channels == (0.5, None)
    assert scores.mase == 0.5


def test_repeating_the_last_season_one_season_ahead_has_a_scaled_error_of_one():
    """On the series that the scale is from (Hyndman and Koehler 2006)."""
    series = np.random.default_rng(0).normal(size=(500, 2)).cumsum(axis=0)
    season, errors = 7, ErrorSums(7, 2)
    starts = np.arange(500 - 14 + 1)[::7]
    history = np.stack([series[start : start + 7] for start in starts])
    truth = np.stack([series[start + 7 : start + 14] for start in starts])
    errors.add(seasonal_naive(history, 7, season), truth)
    scores = errors.scores(naive_scales(series[: starts[-1] + 14], season))
    assert scores.mase == pytest.approx(1, rel=1e-9)


@given(st.integers(1, 12), st.integers(1, 9), st.integers(1, 20))
def test_the_last_season_goes_round(window, horizon, season):
    history = np.arange(window, dtype=float)[None, :, None]
    expected = list(history[0, :, 0])
    for _ in range(horizon):
        expected.append(expected[-min(season, window)])
    np.testing.assert_array_equal(
        seasonal_naive(history, horizon, season)[0, :, 0], expected[window:]
    )


def test_diebold_mariano_without_overlap_is_a_z_test_of_the_mean():
    draw = np.random.default_rng(1)
    one, other = draw.normal(size=(2, 200))
    test = diebold_mariano(one, other, 1)
    difference = one - other
    z = difference.mean() / (difference.std() / math.sqrt(200)) * math.sqrt(199 / 200)
    assert test.statistic == pytest.approx(z)
    assert test.p == pytest.approx(2 * (0.5 * math.erfc(abs(z) / math.sqrt(2))))


@given(st.integers(2, 6), st.integers(0, 99))
def test_the_long_run_variance_is_that_of_the_definition(horizon, seed):
    one, other = np.random.default_rng(seed).normal(size=(2, 40)).cumsum(axis=1)
    d = one - other
    n, centred, variance = len(d), d - d.mean(), 0.0
    for i in range(n):
        for j in range(n):
            variance += max(0, 1 - abs(i - j) / horizon) * centred[i] * centred[j] / n
    harvey = math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    expected = d.mean() / math.sqrt(variance / n) * harvey
    assert diebold_mariano(one, other, horizon).statistic == pytest.approx(expected)


def test_the_test_finds_no_difference_where_there_is_none():
    """Of forecasts that overlap: without counting that, two of three would be found different."""
    draw, horizon, found, naive = np.random.default_rng(2), 8, 0, 0
    for _ in range(200):
        noise = draw.normal(size=400 + horizon)
        difference = np.convolve(noise, np.ones(horizon) / horizon, "valid")
        zero = np.zeros_like(difference)
        found += diebold_mariano(difference, zero, horizon).p < 0.05
        naive += diebold_mariano(difference, zero, 1).p < 0.05
    assert found / 200 < 0.15
    assert naive / 200 > 0.3


def test_equal_or_too_few_windows_tell_nothing():
    losses = np.arange(5.0)
    for other, horizon in ((losses, 1), (losses + np.arange(5), 5)):
        test = diebold_mariano(losses, other, horizon)
        assert (test.p, test.verdict()) == (1.0, "not better")
    assert diebold_mariano(losses, losses + 1, 1).verdict() == "better"
    assert diebold_mariano(losses + 1, losses, 1).verdict() == "worse"


def metrics_of(gains: list[float]) -> ForecastMetrics:
    """Of a forecaster whose error in each channel is so many times that of the last value."""
    draw = np.random.default_rng(3)
    truth = draw.normal(size=(300, 2, len(gains)))
    zero, noise = np.zeros_like(truth), draw.normal(size=truth.shape)
    ours, repeat = ErrorSums(2, len(gains)), ErrorSums(2, len(gains))
    ours.add(zero + np.array(gains) * noise, zero)
    repeat.add(zero + draw.normal(size=truth.shape), zero)
    names = [f"채널{i}" for i in range(len(gains))]
    return ForecastMetrics.of(names, 1, np.ones(len(gains)), ours, repeat, repeat)


@pytest.mark.parametrize(
    ("gains", "verdicts"),
    [
        ([0.5], ["better"]),
        ([1.0], ["not better"]),
        ([2.0], ["worse"]),
        ([0.5, 1.0, 2.0], ["better", "not better", "worse"]),
    ],
)
def test_the_verdict_is_of_each_channel(gains, verdicts):
    metrics = metrics_of(gains)
    assert list(metrics.verdicts) == verdicts
    assert metrics.to_json()["channels"]["채널0"]["verdict"] == verdicts[0]
    assert metrics.summary.startswith(metrics.verdict)
    assert ("채널0" in metrics.verdict) == (verdicts[0] == "better" and len(gains) > 1)
