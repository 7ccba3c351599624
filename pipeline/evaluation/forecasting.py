"""Errors of forecasts, compared with repeating the last value."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

SURE = 0.05
"""Largest p value at which a difference is taken for one; shared by the channels (Bonferroni)."""


class ErrorSums:
    """Sums of the errors of forecasts, collected some windows at a time; all on standardised
    values.

    Args:
        horizon, channels: of the forecasts.
    """

    def __init__(self, horizon: int, channels: int):
        self.squared = np.zeros((horizon, channels))
        self.absolute = np.zeros((horizon, channels))
        self._losses: list[np.ndarray] = []

    def add(self, forecast: np.ndarray, truth: np.ndarray) -> None:
        """Adds the errors of some windows, both arguments [windows, horizon, channels]."""
        error = np.float64(forecast) - truth
        self.squared += np.square(error).sum(axis=0)
        self.absolute += np.abs(error).sum(axis=0)
        self._losses.append(np.square(error).mean(axis=1))

    @property
    def losses(self) -> np.ndarray:
        """The mean squared error of each window in each channel, float64 [windows, channels]."""
        return np.concatenate(self._losses)

    @property
    def count(self) -> int:
        """The number of windows so far."""
        return sum(map(len, self._losses))

    @property
    def mse(self) -> float:
        """Mean squared error over windows, steps and channels."""
        return float(self.squared.mean() / self.count)

    @property
    def mae(self) -> float:
        """Mean absolute error over windows, steps and channels."""
        return float(self.absolute.mean() / self.count)

    def scores(self, scales: np.ndarray) -> ForecastScores:
        """All scores of these forecasts.

        Args:
            scales: of `naive_scales`, float [channels].
        """
        of_channels = self.absolute.mean(axis=0) / self.count
        scaled = [
            float(error / scale) if scale > 0 else None
            for error, scale in zip(of_channels, scales, strict=True)
        ]
        known = [value for value in scaled if value is not None]
        return ForecastScores(
            mse=self.mse,
            mae=self.mae,
            mase=float(np.mean(known)) if known else None,
            mse_of_steps=tuple((self.squared.mean(axis=1) / self.count).tolist()),
            mse_of_channels=tuple((self.squared.mean(axis=0) / self.count).tolist()),
            mae_of_channels=tuple(of_channels.tolist()),
            mase_of_channels=tuple(scaled),
        )


@dataclasses.dataclass(frozen=True)
class ForecastScores:
    """The scores of one forecasting method.

    Attributes:
        mse, mae: over windows, steps and channels, of standardised values.
        mase: mean absolute scaled error (Hyndman and Koehler 2006): the absolute error divided by
            that of the seasonal naive forecast one season ahead in train; the mean over the
            channels in which that is above 0; None if there is no such channel.
        mse_of_steps: [horizon]; how the error grows with the distance.
        mse_of_channels, mae_of_channels, mase_of_channels: [channels].
    """

    mse: float
    mae: float
    mase: float | None
    mse_of_steps: tuple[float, ...]
    mse_of_channels: tuple[float, ...]
    mae_of_channels: tuple[float, ...]
    mase_of_channels: tuple[float | None, ...]


def naive_scales(series: np.ndarray, season: int) -> np.ndarray:
    """The mean absolute difference of steps that are a season apart, float64 [channels].

    Args:
        series: [steps, channels] of train.
        season: steps; at most one less than there are.
    """
    season = min(season, len(series) - 1)
    return np.abs(np.float64(series[season:]) - series[:-season]).mean(axis=0)


def seasonal_naive(history: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """The seasonal naive forecast: repeats the last season, or the last value where the season is
    1.

    Args:
        history: [windows, window, channels]; a season longer than the window is cut to it.

    Returns:
        [windows, horizon, channels].
    """
    season = min(season, history.shape[1])
    steps = np.arange(horizon) % season
    return history[:, history.shape[1] - season + steps]


@dataclasses.dataclass(frozen=True)
class DieboldMariano:
    """Whether the losses of two forecasting methods differ significantly.

    Attributes:
        statistic: below 0 where the first has the smaller losses.
        p: of no difference, two-sided.
    """

    statistic: float
    p: float

    def verdict(self, tests: int = 1) -> str:
        """Whether the first is "better", "worse" or "not better", if this many tests share the
        level `SURE`."""
        if self.p * tests >= SURE:
            return "not better"
        return "better" if self.statistic < 0 else "worse"


def diebold_mariano(losses: np.ndarray, other_losses: np.ndarray, horizon: int) -> DieboldMariano:
    """The test of Diebold and Mariano (1995) on the losses of consecutive windows.

    Windows whose forecasts overlap have losses that are alike, so the variance of the mean
    difference counts autocovariances up to horizon - 1, with Bartlett's weights (Newey and West
    1987), which keep it positive. The statistic has the correction of Harvey, Leybourne and Newbold
    (1997) and is compared with a normal distribution.

    Args:
        losses, other_losses: float [windows], in the order of time, each window one step on.
        horizon: steps that are forecast.
    """
    difference = np.float64(losses) - other_losses
    count, mean = len(difference), float(difference.mean())
    if not np.any(difference):
        return DieboldMariano(0.0, 1.0)
    if count <= horizon:  # every window overlaps every other: nothing can be said
        return DieboldMariano(0.0, 1.0)
    centred = difference - mean
    variance = float(centred @ centred) / count
    for lag in range(1, horizon):
        weight = 1 - lag / horizon
        variance += 2 * weight * float(centred[lag:] @ centred[:-lag]) / count
    correction = (count + 1 - 2 * horizon + horizon * (horizon - 1) / count) / count
    if variance <= 0:
        return DieboldMariano(math.copysign(math.inf, mean), 0.0)
    statistic = mean / math.sqrt(variance / count) * math.sqrt(correction)
    return DieboldMariano(statistic, math.erfc(abs(statistic) / math.sqrt(2)))


@dataclasses.dataclass(frozen=True)
class ForecastMetrics:
    """The scores of a forecaster on the test split, and of the naive forecasts.

    Attributes:
        channels: names.
        windows, horizon, season: how many were forecast, how far; steps of a season.
        model, repeat, seasonal: scores of the forecaster, of repeating the last value, and of
            repeating the last season.
        against_repeat: of the mean loss over all channels; the forecaster is the first.
        channels_against_repeat: of each channel by itself.
        against_seasonal: as `against_repeat`.
    """

    channels: tuple[str, ...]
    windows: int
    horizon: int
    season: int
    model: ForecastScores
    repeat: ForecastScores
    seasonal: ForecastScores
    against_repeat: DieboldMariano
    channels_against_repeat: tuple[DieboldMariano, ...]
    against_seasonal: DieboldMariano

    @classmethod
    def of(
        cls,
        channels: Sequence[str],
        season: int,
        scales: np.ndarray,
        model: ErrorSums,
        repeat: ErrorSums,
        seasonal: ErrorSums,
    ) -> ForecastMetrics:
        """Computes the metrics from the errors on the same windows."""
        horizon = len(model.squared)
        ours, theirs = model.losses, repeat.losses
        return cls(
            channels=tuple(channels),
            windows=model.count,
            horizon=horizon,
            season=season,
            model=model.scores(scales),
            repeat=repeat.scores(scales),
            seasonal=seasonal.scores(scales),
            against_repeat=diebold_mariano(ours.mean(axis=1), theirs.mean(axis=1), horizon),
            channels_against_repeat=tuple(
                diebold_mariano(ours[:, i], theirs[:, i], horizon) for i in range(len(channels))
            ),
            against_seasonal=diebold_mariano(
                ours.mean(axis=1), seasonal.losses.mean(axis=1), horizon
            ),
        )

    @property
    def verdicts(self) -> tuple[str, ...]:
        """For each channel "better", "worse" or "not better" than repeating the last value."""
        tests = self.channels_against_repeat
        return tuple(test.verdict(len(tests)) for test in tests)

    @property
    def verdict(self) -> str:
        """One sentence without a full stop: whether the model is better than repeating the last
        value."""
        better = [
            name
            for name, found in zip(self.channels, self.verdicts, strict=True)
            if found == "better"
        ]
        if len(better) == len(self.channels):
            return "Better than repeating the last value" + (
                f" in all {len(better)} channels" if len(better) > 1 else ""
            )
        worse = self.verdicts.count("worse")
        behind = f" (in {worse:,} worse)" if worse and len(self.channels) > 1 else ""
        if not better:
            word = "Worse" if self.verdicts == ("worse",) else "Not better"
            where = " in any channel" if len(self.channels) > 1 else ""
            return f"{word} than repeating the last value{where}{behind}"
        named = ", ".join(better[:5]) + (", …" if len(better) > 5 else "")
        return (
            f"Better than repeating the last value in {len(better)} of {len(self.channels)} "
            f"channels ({named}), not in the others{behind}"
        )

    @property
    def summary(self) -> str:
        """One line for people."""
        return (
            f"{self.verdict}: MSE {self.model.mse:.4f}, of the last value {self.repeat.mse:.4f}, "
            f"of the last season {self.seasonal.mse:.4f}; MAE {self.model.mae:.4f}"
        )

    def to_json(self) -> dict[str, Any]:
        """The content of metrics.json."""
        return {
            "summary": self.summary,
            "mse": self.model.mse,
            "mae": self.model.mae,
            "mase": self.model.mase,
            "repeat_mse": self.repeat.mse,
            "repeat_mae": self.repeat.mae,
            "seasonal_mse": self.seasonal.mse,
            "seasonal_mae": self.seasonal.mae,
            "p_against_repeat": self.against_repeat.p,
            "p_against_seasonal": self.against_seasonal.p,
            "windows": self.windows,
            "channels": {
                name: {
                    "mse": mse,
                    "repeat_mse": repeat,
                    "p": test.p,
                    "verdict": verdict,
                }
                for name, mse, repeat, test, verdict in zip(
                    self.channels,
                    self.model.mse_of_channels,
                    self.repeat.mse_of_channels,
                    self.channels_against_repeat,
                    self.verdicts,
                    strict=True,
                )
            },
        }
