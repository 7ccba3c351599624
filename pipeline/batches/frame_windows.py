"""Batches of frames of videos: windows for training, whole videos for evaluation."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

import keras
import numpy as np

from pipeline.batches.length_buckets import bucketed_order
from pipeline.batches.padding import shape_multiple
from pipeline.errors import UserError
from pipeline.text.ragged import Ragged
from pipeline.workspace import atomic_file


@dataclasses.dataclass(frozen=True)
class FrameRows:
    """The frames of several videos, concatenated.

    Attributes:
        frames: float32 [total, features]; of stored ones a view of the file.
        labels: int32 numbers of labels, as many in each row as it has frames; -1 for a label that
            training does not have.
    """

    frames: np.ndarray
    labels: Ragged

    def __post_init__(self) -> None:
        if self.frames.ndim != 2 or len(self.frames) != len(self.labels.ids):
            raise ValueError(f"frames {self.frames.shape} for {len(self.labels.ids)} labels")

    def __len__(self) -> int:
        """Number of videos."""
        return len(self.labels)

    def row(self, index: int) -> np.ndarray:
        """The frames of a video, float32 [time, features]."""
        return self.frames[self.labels.row_splits[index] : self.labels.row_splits[index + 1]]

    @classmethod
    def write(cls, folder: Path, split: str, videos: Iterable[np.ndarray], labels: Ragged) -> None:
        """Writes `<split>.frames.npy` and the rows `<split>.labels` into `folder`, one video in
        memory at a time.

        Args:
            videos: float [time, features] each, one at least.
            labels: as of the class.
        """
        with atomic_file(folder / f"{split}.frames.npy") as temporary:
            stored = None
            for row, video in enumerate(videos):
                if stored is None:
                    shape = (len(labels.ids), video.shape[1])
                    stored = np.lib.format.open_memmap(temporary, "w+", np.float32, shape)
                stored[labels.row_splits[row] : labels.row_splits[row + 1]] = video
            assert stored is not None
            stored.flush()
        labels.save(folder / f"{split}.labels")

    @classmethod
    def load(cls, folder: Path, split: str) -> FrameRows:
        """Loads what `save` wrote; the frames stay on disk and are read when needed.

        Raises:
            UserError: it is not there, or damaged.
        """
        path = folder / f"{split}.frames.npy"
        try:
            frames = np.load(path, mmap_mode="r", allow_pickle=False)
            return cls(frames, Ragged.load(folder / f"{split}.labels"))
        except (OSError, ValueError, EOFError) as error:
            raise UserError(
                f"holds no frames ({error})", where=path, remedy="run the prepare stage again"
            ) from error


class FrameWindows(keras.utils.PyDataset):
    """Batches of one epoch. The order is a pure function of (seed, epoch).

    To learn from, each video is cut at another place each epoch into windows of `window` frames,
    the first and the last of them shorter; a video that is no longer is one window. Each epoch
    has as many.

    Args:
        rows: the videos.
        batch_size: windows, or videos, a batch.
        window: frames of one, at most; None takes videos whole.
        seed: with `epoch`, decides cuts and order; None sorts by length (evaluation).
        epoch: number of the epoch.
        jitter: up to so many frames are added to lengths before rows are sorted, with a `seed`.

    Each item is ({"frames": float32 [batch, time, features], "lengths": int32 [batch]}, labels
    int32 [batch, time], -1 at padding). `batch_rows[i]` tells which windows item i holds, and
    `windows` int [windows, 3] of which video each is, with its first frame and the frame after
    its last.
    """

    def __init__(
        self,
        rows: FrameRows,
        batch_size: int,
        *,
        window: int | None = None,
        seed: int | None = None,
        epoch: int = 0,
        jitter: float = 2.0,
    ):
        super().__init__()
        self.rows, self.multiple = rows, shape_multiple()
        generator = None if seed is None else np.random.default_rng((seed, epoch))
        lengths = rows.labels.lengths
        self.windows = np.array(
            [
                (row, start, end)
                for row, length in enumerate(lengths)
                for start, end in _cuts(int(length), window, generator)
            ],
            int,
        ).reshape(-1, 3)
        sizes = self.windows[:, 2] - self.windows[:, 1]
        self.batch_rows: Sequence[np.ndarray] = bucketed_order(sizes, batch_size, generator, jitter)

    def __len__(self) -> int:
        return len(self.batch_rows)

    def __getitem__(self, index: int):
        windows = self.windows[self.batch_rows[index]]
        lengths = (windows[:, 2] - windows[:, 1]).astype(np.int32)
        width = int(-(-int(lengths.max(initial=1)) // self.multiple) * self.multiple)
        frames = np.zeros((len(windows), width, self.rows.frames.shape[1]), np.float32)
        labels = np.full((len(windows), width), -1, np.int32)
        for place, (row, start, end) in enumerate(windows):
            frames[place, : end - start] = self.rows.row(row)[start:end]
            labels[place, : end - start] = self.rows.labels.row(row)[start:end]
        return {"frames": frames, "lengths": lengths}, labels


def _cuts(
    length: int, window: int | None, generator: np.random.Generator | None
) -> list[tuple[int, int]]:
    """The first frame of each window of a video, and the frame after its last."""
    if window is None or length <= window:
        return [(0, length)]
    rest = (length - 1) % window + 1  # frames of the last window where all others are full
    # Where the first one ends, such that there are as many windows in each epoch.
    low, high = (1, rest - 1) if 2 * rest > window + 1 else (rest, window)
    first = window if generator is None else int(generator.integers(low, high + 1))
    edges = [0, *range(first, length, window), length]
    return list(zip(edges, edges[1:], strict=False))
