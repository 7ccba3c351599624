"""Tiny films: a square that moves over a dark ground, red at first, then blue."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import tensorflow as tf

HEIGHT, WIDTH = 48, 64
COUNT = 12
NAMES = ("v0", "v1", "v2", "v3")
"""Of the videos of `write_films`, which have COUNT, COUNT + 1 … frames."""


def film(count: int, top: int = 8) -> np.ndarray:
    """uint8 [count, height, width, 3]; red in the first half."""
    frames = np.full((count, HEIGHT, WIDTH, 3), 20, np.uint8)
    for number, frame in enumerate(frames):
        left = 2 * number % (WIDTH - 20)
        colour = (230, 30, 30) if number < count // 2 else (30, 30, 230)
        frame[top : top + 20, left : left + 20] = colour
    return frames


def write_video(path: Path, frames: np.ndarray, codec: str = "mpeg4", **options: str) -> Path:
    """Ten frames a second, written by PyAV; FFV1 loses nothing, mpeg4 little."""
    import av

    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=10)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "bgr0" if codec == "ffv1" else "yuv420p"
        stream.time_base = Fraction(1, 10)
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path


def write_pictures(folder: Path, frames: np.ndarray, name: str = "{}.png") -> Path:
    """A PNG file a frame: 0.png, 1.png, …, 10.png."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(frames):
        content = tf.io.encode_png(pixels).numpy()
        (folder / name.format(number)).write_bytes(content)
    return folder


def write_labels(path: Path, count: int, header: str = "start,end,label") -> Path:
    """red, then blue, in frames."""
    half = count // 2
    path.write_text(f"{header}\n0,{half},red\n{half},{count},blue\n", encoding="utf-8")
    return path


def write_films(folder: Path) -> Path:
    """Four videos as folders of pictures, each with its labels beside it."""
    for number, name in enumerate(NAMES):
        write_pictures(folder / name, film(COUNT + number, top=4 * number))
        write_labels(folder / f"{name}.csv", COUNT + number)
    return folder
