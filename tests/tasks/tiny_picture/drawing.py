"""Small PNG files with stripes."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
from matplotlib.image import imsave

from pipeline.fields.picture import PictureFile

Label = Literal["가로", "세로"]


def stripes(label: Label, seed: int) -> PictureFile:
    """12 to 20 pixels a side, some noise, stripes two pixels wide."""
    draw = np.random.default_rng(seed)
    height, width = draw.integers(12, 21, 2)
    light = (np.arange(height)[:, None] // 2 % 2) * np.ones(width)
    if label == "세로":
        light = np.ones(height)[:, None] * (np.arange(width) // 2 % 2)
    file = io.BytesIO()
    imsave(file, light + draw.normal(scale=0.1, size=light.shape), cmap="gray", format="png")
    return PictureFile(file.getvalue())
