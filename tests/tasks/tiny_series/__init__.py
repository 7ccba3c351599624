"""tiny_series: numbers in, numbers out. What comes after two sines is a line of their past."""

from __future__ import annotations

import numpy as np

from pipeline.fields import Series
from pipeline.tasks.base import Task
from pipeline.tasks.tiny_series.settings import Settings


def example(settings: Settings) -> np.ndarray:
    """A window of a sine."""
    return np.sin(np.arange(settings.corpus.window, dtype=np.float32))[:, None]


TASK = Task(
    name="tiny_series",
    package=__name__,
    summary="a window of numbers in, the next ones out",
    settings=Settings,
    input=Series("history", "what was measured until now, in the units of the data"),
    output=Series("forecast", "what will be measured next, in the same units"),
    example=example,
    tiny=Settings(),
)
