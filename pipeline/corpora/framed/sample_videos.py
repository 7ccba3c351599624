"""Makes the bundled videos: a hand that rests, rises, waves, stands still and comes back.

    python -m pipeline.corpora.framed.sample_videos data/samples/frames

writes them again, the same bytes. Nobody was filmed: people differ in how fast and how far they
move, by a seeded draw.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.workspace import write_text

VIDEOS = 10
LABELS = ("쉼", "준비", "휘두름", "멈춤", "돌아옴")
COLUMNS = ("x", "y", "dx", "dy", "tremor", "label")
_GESTURES = 3
_NOISE = 0.01
_SEED = 20


def sample_videos(seed: int = _SEED) -> dict[str, str]:
    """Name of a file -> its content: a header, then a line per frame."""
    generator = np.random.default_rng(seed)
    return {f"person{n:02}.csv": _video(generator) for n in range(1, VIDEOS + 1)}


def _video(generator: np.random.Generator) -> str:
    pieces = list(_movements(generator))
    labels = [label for label, place in pieces for _ in place]
    places = np.concatenate([place for _, place in pieces])
    places = places + generator.normal(scale=_NOISE, size=places.shape)
    moves = np.diff(places, axis=0, prepend=places[:1])
    tremor = generator.normal(scale=0.1, size=len(places))
    lines = [
        ",".join([*(f"{number:.3f}" for number in numbers), label])
        for numbers, label in zip(np.column_stack([places, moves, tremor]), labels, strict=True)
    ]
    return "\n".join([",".join(COLUMNS), *lines]) + "\n"


def _movements(generator: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """The movements in order: a label, and the place of the hand in each frame, float
    [frames, 2]."""
    slow, far = generator.uniform(0.8, 1.4), generator.uniform(0.7, 1.3)
    low = generator.normal(scale=0.1, size=2)

    def frames(min_frames: int, max_frames: int) -> int:
        return round(slow * generator.integers(min_frames, max_frames))

    yield LABELS[0], np.tile(low, (frames(6, 14), 1))
    for _ in range(_GESTURES):
        high = low + far * np.array([generator.uniform(-0.3, 0.3), generator.uniform(0.7, 1.0)])
        yield LABELS[1], _path(low, high, frames(6, 12))
        if generator.random() < 0.5:
            yield LABELS[3], np.tile(high, (frames(4, 8), 1))
        count, cycle = frames(12, 22), slow * generator.uniform(6, 9)
        wave = np.sin(np.arange(1, count + 1) / cycle * 2 * np.pi)
        yield LABELS[2], high + 0.35 * far * np.column_stack([wave, 0.2 * np.abs(wave)])
        if generator.random() < 0.7:
            yield LABELS[3], np.tile(high, (frames(5, 12), 1))
        yield LABELS[4], _path(high, low, frames(6, 12))
        yield LABELS[0], np.tile(low, (frames(6, 14), 1))


def _path(start: np.ndarray, end: np.ndarray, frames: int) -> np.ndarray:
    """A path of minimum jerk from one place to another (Flash and Hogan 1985)."""
    t = (np.arange(1, frames + 1) / frames)[:, None]
    return start + (end - start) * (10 * t**3 - 15 * t**4 + 6 * t**5)


def main() -> None:
    folder = Path(sys.argv[1])
    for name, content in sample_videos().items():
        write_text(folder / name, content)


if __name__ == "__main__":
    main()
