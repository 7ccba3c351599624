"""frames: a video in, a label for each of its frames out (many to many in step)."""

from __future__ import annotations

import numpy as np

from pipeline.tasks.base import Task
from pipeline.tasks.frames.field import FrameLabels, Frames
from pipeline.tasks.frames.settings import TINY, Settings


def example(settings: Settings) -> np.ndarray:
    """Two seconds of a moving hand, with the bundled videos' features: x, y, dx, dy, tremor."""
    x, y = 0.3 * np.sin(np.arange(48) / 5), np.linspace(0, 0.9, 48)
    moves = np.diff(np.column_stack([x, y]), axis=0, prepend=0)
    return np.column_stack([x, y, moves, np.zeros(48)]).astype(np.float32)


TASK = Task(
    name="frames",
    package=__name__,
    summary="a video in (a table of frames, a video file, a folder of pictures), a label for each "
    "frame out (the bundled videos; or your own)",
    settings=Settings,
    input=Frames("frames", "features of each frame, in the units and the order of the corpus"),
    output=FrameLabels("label", "the label of each frame; empty at padding", each_step=True),
    example=example,
    tiny=TINY,
    target="frames",
)
