"""The fields of a video as a table of frames; files are read as those of a corpus."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.corpora.framed.frame_columns import ColumnChoice
from pipeline.corpora.framed.frame_file import read_video
from pipeline.fields import Labels, Series


@dataclasses.dataclass(frozen=True)
class Frames(Series):
    """Features of the frames of a video, float32 [time, features].

    Example:
        >>> Frames("frames", "features of each frame").tensor.shape
        '[n, time, features]'
    """

    @property
    def shape(self) -> str:
        return "[n, time, features]"

    def from_file(self, path: str) -> list[np.ndarray]:
        return self.in_order(path)

    def in_order(self, path: str, names: Sequence[str] = ()) -> list[np.ndarray]:
        """Reads one video: an .npy file, or a table with a row per frame; labels in it are left
        out.

        Args:
            path: the file; `-` is standard input.
            names: of the features, in the wanted order; without them they are found as in a corpus.
        """
        if path.endswith(".npy"):
            return super().from_file(path)
        choice = ColumnChoice(features=tuple(names))
        return [read_video(Path(path), choice, labelled=False).frames]

    def show(self, value: Any) -> str:
        """The size of a video, since all its numbers would fill the screen."""
        return f"{len(value):,} frames of {value.shape[-1]:,} features"


@dataclasses.dataclass(frozen=True)
class FrameLabels(Labels):
    """A label for each frame; answers are segments separated by tabs."""

    def answer(self, line: str) -> str:
        """One segment per line."""
        return line.replace("\t", "\n")
