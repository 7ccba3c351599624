"""Settings of the forecaster; here so that reading them does not import keras."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from pipeline.models.settings import CELL_NAMES
from pipeline.ranges import AtLeast, Share


@dataclasses.dataclass(frozen=True)
class ForecasterSettings:
    """Architecture of the forecaster."""

    architecture: Literal["segments", "direct", "encoder-decoder", "dlinear", "nlinear"] = (
        "segments"
    )
    """"segments": a GRU over segments of each channel, which forecasts all segments at once
    (SegRNN, Lin et al. 2023); "direct": a recurrent layer over the steps of all channels, whose
    last state gives the whole forecast; "encoder-decoder": a decoder that reads its own forecast of
    the step before (Sutskever et al. 2014), and in training the true value (teacher forcing);
    "dlinear" and "nlinear": one linear map of each channel (Zeng et al. 2023), the baselines."""
    cell: Literal["lstm", "gru"] = "gru"
    """Recurrent cell. Only for "direct" and "encoder-decoder"."""
    units: Annotated[int, AtLeast(2)] = 128
    """Width of the state. Not used by "dlinear" and "nlinear"."""
    layers: Annotated[int, AtLeast(1)] = 1
    """How many recurrent layers are stacked. Only for "direct"."""
    segment: Annotated[int, AtLeast(1)] = 48
    """Steps of a segment. Only for "segments"."""
    subtract_last: bool = True
    """The last value is subtracted from the history and added to the forecast, so that the model
    also works at levels that training did not show. For "direct" and "encoder-decoder"; "segments"
    and "nlinear" always do this, "dlinear" never."""
    kernel: Annotated[int, AtLeast(1)] = 25
    """Steps of the moving average that stands for the trend. Only for "dlinear"."""
    state_dropout: Annotated[float, Share] = 0.5
    """Share of state features dropped in training before they become a forecast."""


def describe_forecaster(settings: ForecasterSettings, window: int) -> str:
    """Describes the architecture in a few words, for reports."""
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
