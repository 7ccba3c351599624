"""Forecasters of series: recurrent ones, and linear baselines."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
from keras import ops

from pipeline.batches.windows import Windows
from pipeline.layers.feedback_decoder import CELLS, FeedbackDecoder
from pipeline.layers.recurrent import cell_layer
from pipeline.layers.segment_gru import SegmentGRU
from pipeline.models.forecaster_settings import ForecasterSettings
from pipeline.models.one_graph import predict_batch


@dataclasses.dataclass(frozen=True)
class Forecaster:
    """A forecaster as it is trained and as it is used; both share their weights.

    Attributes:
        trained: what training feeds: "history" float32 [batch, window, channels] and, where it
            `reads_future`, "future" float32 [batch, horizon, channels].
        model: "history" -> float32 [batch, horizon, channels].
    """

    trained: keras.Model
    model: keras.Model

    @property
    def reads_future(self) -> bool:
        """Whether it is trained with teacher forcing."""
        return self.trained is not self.model


def forecaster(
    settings: ForecasterSettings, *, window: int, horizon: int, channels: int
) -> Forecaster:
    """Builds a forecaster for standardised series.

    Args:
        settings: its shape.
        window, horizon: steps that are read and forecast.
        channels: of the series.
    """
    history = keras.Input((window, channels), name="history")
    last = history[:, -1:, :]
    match settings.architecture:
        case "encoder-decoder":
            return _encoder_decoder(settings, history, horizon)
        case "segments":
            layer = SegmentGRU(
                settings.segment,
                settings.units,
                horizon,
                settings.state_dropout,
                name="segments",
            )
            forecast = layer(history - last) + last
        case "direct":
            level = last if settings.subtract_last else ops.zeros_like(last)
            state = _last_state(settings, history - level)
            state = keras.layers.Dropout(settings.state_dropout, name="state_dropout")(state)
            steps = keras.layers.Dense(horizon * channels, name="steps")(state)
            forecast = ops.reshape(steps, (-1, horizon, channels)) + level
        case "dlinear":
            trend = moving_average(history, settings.kernel)
            forecast = _linear(history - trend, horizon, "rest") + _linear(trend, horizon, "trend")
        case "nlinear":
            forecast = _linear(history - last, horizon, "linear") + last
    model = keras.Model({"history": history}, forecast, name="forecaster")
    return Forecaster(model, model)


def moving_average(series, kernel: int):
    """The moving average over `kernel` steps; the ends are padded with the first and the last
    value.

    Args:
        series: [batch, time, channels].

    Returns:
        Of the same shape (the trend of DLinear, Zeng et al. 2023).
    """
    front, end = (kernel - 1) // 2, kernel - 1 - (kernel - 1) // 2
    padded = ops.concatenate(
        [
            ops.repeat(series[:, :1], front, axis=1),
            series,
            ops.repeat(series[:, -1:], end, axis=1),
        ],
        axis=1,
    )
    return keras.layers.AveragePooling1D(kernel, strides=1, name="moving_average")(padded)


def _linear(series, horizon: int, name: str):
    """A linear map over the steps of each channel, shared by all channels: [batch, horizon,
    channels]."""
    steps = keras.layers.Dense(horizon, name=name)(ops.transpose(series, (0, 2, 1)))
    return ops.transpose(steps, (0, 2, 1))


def _last_state(settings: ForecasterSettings, x):
    for number in range(1, settings.layers):
        x = cell_layer(settings.cell, settings.units, name=f"recurrent_{number}")(x)
    return cell_layer(settings.cell, settings.units, name=f"recurrent_{settings.layers}")(x)[:, -1]


def _encoder_decoder(
    settings: ForecasterSettings, history: keras.KerasTensor, horizon: int
) -> Forecaster:
    """An encoder-decoder; its decoder reads the true values in training and its own forecasts
    otherwise."""
    channels, last = history.shape[-1], history[:, -1:, :]
    level = last if settings.subtract_last else ops.zeros_like(last)
    kind = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[settings.cell]
    _, *states = kind(settings.units, return_state=True, name="encoder")(history - level)
    state = states[0] if len(states) == 1 else ops.concatenate(states, axis=-1)
    assert len(states) == CELLS[settings.cell][1]
    state = keras.layers.Dropout(settings.state_dropout, name="state_dropout")(state)
    decoder = FeedbackDecoder(settings.cell, settings.units, channels, name="decoder")

    # At the first step both read the last value.
    first = last - level
    future = keras.Input((horizon, channels), name="future")
    before = ops.concatenate([first, (future - level)[:, :-1]], axis=1)
    told = ops.concatenate([before, ops.ones_like(before[:, :, :1])], axis=-1)
    trained = decoder(told, state) + level

    nothing = ops.zeros_like(ops.repeat(first[:, :, :1], horizon - 1, axis=1))
    rest = ops.repeat(nothing, channels + 1, axis=-1)
    start = ops.concatenate([first, ops.ones_like(first[:, :, :1])], axis=-1)
    asked = decoder(ops.concatenate([start, rest], axis=1), state) + level
    return Forecaster(
        keras.Model({"history": history, "future": future}, trained, name="forecaster"),
        keras.Model({"history": history}, asked, name="forecaster"),
    )


def predict_forecasts(model: keras.Model, windows: Windows) -> np.ndarray:
    """The forecasts of all windows, in the order of `windows.starts`: float32 [windows, horizon,
    channels]."""
    return np.concatenate([predict_batch(model, inputs) for inputs, _ in windows])
