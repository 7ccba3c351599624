"""Features of the frames of videos, computed once and kept on disk: float16, memory-mapped."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tensorflow as tf

from pipeline.locks import one_at_a_time
from pipeline.pictures.checking import check_picture
from pipeline.pictures.efficientnet import SIZE, WIDTH
from pipeline.pictures.encoder import as_constants, load_picture_encoder
from pipeline.pictures.reading import read_picture, scaled
from pipeline.pictures.video_file import read_video_file
from pipeline.progress import Progress
from pipeline.workspace import atomic_file, sha256

_AT_ONCE = 16


@dataclasses.dataclass(frozen=True)
class FrameFeatures:
    """Features of the frames of a video, by the picture encoder.

    Attributes:
        frames: float16 [time, 1280], a memory map.
        seconds: float64 [time] since the first frame; None if not known (pictures).
    """

    frames: np.ndarray
    seconds: np.ndarray | None


Frame = tuple[float, tf.Tensor]
"""Seconds since the first, and pixels float32 [224, 224, 3]."""


def features_of_video(path: Path, store: Path) -> FrameFeatures:
    """Features of the frames of a video file.

    Args:
        path: the file.
        store: `pipeline.pictures.features.store_folder`; videos are keyed by their content, and
            one that is stored is not decoded again.

    Raises:
        UserError: the file cannot be read (`read_video_file`), or the disk is full.
    """

    def frames() -> Iterator[Frame]:
        for seconds, pixels in read_video_file(path):
            yield seconds, scaled(tf.constant(pixels), SIZE)

    return _kept(store / "videos" / sha256(path)[:32], path, None, frames)


def features_of_pictures(paths: Sequence[Path], store: Path) -> FrameFeatures:
    """Features of the frames of a video that are picture files, in the order given.

    Args:
        paths: of JPEG and PNG files.
        store: as of `features_of_video`.

    Raises:
        UserError: one is no picture, or the disk is full.
    """

    def frames() -> Iterator[Frame]:
        for path in paths:
            content = path.read_bytes()
            try:
                yield 0.0, _read(tf.constant(content))
            except tf.errors.OpError:
                check_picture(content, path)
                raise

    digest = hashlib.sha256("".join(map(sha256, paths)).encode("ascii")).hexdigest()[:32]
    kept = _kept(store / "videos" / f"{digest}-pictures", paths[0].parent, len(paths), frames)
    return FrameFeatures(kept.frames, None)


@tf.function(autograph=False, input_signature=[tf.TensorSpec([], tf.string)])
def _read(content: tf.Tensor) -> tf.Tensor:
    return read_picture(content, SIZE)


@functools.cache
def pooled_encoder() -> Callable[[tf.Tensor], tf.Tensor]:
    """Pixels float32 [n, 224, 224, 3] from 0 to 255 -> features float16 [n, 1280]: the mean over
    the places of the picture encoder. It can be used in graphs, too."""
    features = as_constants(load_picture_encoder())

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, SIZE, SIZE, 3])])
    def pooled(pixels: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.reduce_mean(features(pixels), axis=(1, 2)), tf.float16)

    return pooled


def _kept(
    place: Path, source: Path, count: int | None, frames: Callable[[], Iterator[Frame]]
) -> FrameFeatures:
    """The features stored at `place`; they are computed first if there are none.

    If the process is killed, only the current video is lost.
    """
    array, times = place.with_suffix(".f16"), place.with_suffix(".seconds.npy")
    waiting = f"another command computes features of videos: waiting for it ({place.parent})"
    with one_at_a_time(place.parent / ".lock", waiting):
        if not (array.exists() and times.exists()):
            _compute(array, times, source, count, frames)
    seconds = np.load(times, allow_pickle=False)
    return FrameFeatures(np.memmap(array, np.float16, "r", shape=(len(seconds), WIDTH)), seconds)


def _compute(
    array: Path, times: Path, source: Path, count: int | None, frames: Callable[[], Iterator[Frame]]
) -> None:
    encoder, cores, seconds = pooled_encoder(), os.cpu_count() or 1, []
    with (
        atomic_file(array) as temporary,
        open(temporary, "wb") as file,
        ThreadPoolExecutor(cores) as pool,
        Progress(f"features of {source.name}", count, "frames") as progress,
    ):
        # One batch per core, so that none of them is idle.
        for several in _batches(frames(), cores * _AT_ONCE):
            seconds += [time for time, _ in several]
            parts = list(_batches(iter([pixels for _, pixels in several]), _AT_ONCE))
            for found in pool.map(lambda part: encoder(tf.stack(part)).numpy(), parts):
                file.write(found.tobytes())
            progress.advance(len(several))
        with atomic_file(times) as written:
            np.save(written, np.array(seconds), allow_pickle=False)


def _batches(items: Iterator, size: int) -> Iterator[list]:
    while batch := list(itertools.islice(items, size)):
        yield batch
