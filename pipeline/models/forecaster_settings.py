"""Settings of the forecaster; here so that reading them does not import keras."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from pipeline.models.settings import CELL_NAMES
from pipeline.ranges import AtLeast, Share


@dataclasses.dataclass(frozen=True)
class ForecasterSettings:
    """The shape of the forecaster."""

    architecture: Literal["segments", "direct", "encoder-decoder", "dlinear", "nlinear"] = (
        "segments"
    )
    """"segments": a GRU over segments of each channel, which forecasts all segments at once
    (SegRNN, Lin et al. 2023); "direct": a recurrent layer over the steps of all channels, and all
    that is forecast from its last state; "encoder-decoder": a decoder that reads what it forecast
    the step before (Sutskever et al. 2014), and the truth in training (teacher forcing);
    "dlinear" and "nlinear": one linear map of each channel (Zeng et al. 2023), the baselines."""
    cell: Literal["lstm", "gru"] = "gru"
    """What runs over the steps; of "direct" and "encoder-decoder" alone."""
    units: Annotated[int, AtLeast(2)] = 128
    """Width of the state; nothing to "dlinear" and "nlinear"."""
    layers: Annotated[int, AtLeast(1)] = 1
    """How many recurrent layers are stacked; of "direct" alone."""
    segment: Annotated[int, AtLeast(1)] = 48
    """Steps of a segment; of "segments" alone."""
    subtract_last: bool = True
    """The last value is subtracted from what is read and added to what is forecast, so that a
    level never seen before is no matter. Of "direct" and "encoder-decoder"; "segments" and
    "nlinear" always do, "dlinear" never."""
    kernel: Annotated[int, AtLeast(1)] = 25
    """Steps of the moving average that is taken for the trend; of "dlinear" alone."""
    state_dropout: Annotated[float, Share] = 0.5
    """Share of state features dropped in training before they become a forecast."""


def describe_forecaster(settings: ForecasterSettings, window: int) -> str:
    """The shape in a few words, for reports."""
    reads = f"over {window:,} steps"
    cell = CELL_NAMES[settings.cell]
    match settings.architecture:
        case "segments":
            return f"GRU-{settings.units} over segments of {settings.segment} of {window:,} steps"
        case "direct":
            return f"{settings.layers}-layer {cell}-{settings.units} {reads}"
        case "encoder-decoder":
            return f"{cell}-{settings.units} encoder-decoder {reads}"
        case "dlinear":
            return f"DLinear {reads}, moving average of {settings.kernel}"
    return f"NLinear {reads}"
