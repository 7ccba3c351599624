"""forecasting: numbers until now in, the next ones out."""

from __future__ import annotations

import numpy as np

from pipeline.fields import Series
from pipeline.tasks.base import Task
from pipeline.tasks.forecasting.settings import TINY, Settings


def example(settings: Settings) -> np.ndarray:
    """A sine wave; the example of a trained model is from its series (`data.example`)."""
    steps = np.arange(settings.corpus.window or 24, dtype=np.float32)
    return np.sin(steps / 4)[:, None]


TASK = Task(
    name="forecasting",
    package=__name__,
    summary="numbers over time in, the next ones out (prices, loads; CSV with a time column)",
    settings=Settings,
    input=Series("history", "what was measured until now, in the units of the data"),
    output=Series("forecast", "what will be measured next, in the same units"),
    example=example,
    tiny=TINY,
    target="forecast",
)
