"""Features of pictures, computed once and kept on disk: float16, read through a memory map."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tensorflow as tf

from pipeline.errors import UserError
from pipeline.fields.picture import PictureFile
from pipeline.locks import one_at_a_time
from pipeline.pictures.checking import check_picture
from pipeline.pictures.efficientnet import PLACES, SIZE, WIDTH
from pipeline.pictures.encoder import NAME, as_constants, load_picture_encoder, read_facts
from pipeline.pictures.reading import read_pictures
from pipeline.progress import Progress

SHAPE = (PLACES * PLACES, WIDTH)
"""Shape of the features of a picture: places row by row, features of each."""
_INDEX, _ARRAY = "index.txt", "features.f16"
_LINE = 65  # 64 digits and a line end
_AT_ONCE = 16


@dataclasses.dataclass(frozen=True)
class PictureFeatures:
    """Features of some pictures.

    Attributes:
        stored: float16 [any, places, features], a memory map.
        rows: int64 [pictures], the row of each picture in `stored`.
    """

    stored: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, numbers: np.ndarray) -> np.ndarray:
        """The features of some pictures: float32 [len(numbers), places, features]."""
        return np.asarray(self.stored[self.rows[numbers]], np.float32)


def store_folder(processed: Path) -> Path:
    """The folder of the features below data/processed, named after the encoder and its weights;
    pictures in it are keyed by their sha256."""
    return processed / "pictures" / f"{NAME}-{read_facts().weights[:12]}"


def picture_features(pictures: Sequence[PictureFile], store: Path) -> PictureFeatures:
    """Features of pictures; those that are not in the store yet are computed and added.

    If the process is killed, at most the current batch is lost, and the same call goes on from
    there. A second process waits.

    Args:
        pictures: any number; equal pictures are computed once.
        store: a folder for one encoder.

    Raises:
        UserError: a picture cannot be read, or the disk is full.
    """
    store.mkdir(parents=True, exist_ok=True)
    waiting = f"another command computes features of pictures: waiting for it ({store})"
    with one_at_a_time(store / ".lock", waiting):
        known = _known(store)
        missing = {p.sha256: p for p in pictures if p.sha256 not in known}
        if missing:
            _add(store, len(known), list(missing.values()))
            known = _known(store)
    rows = np.array([known[picture.sha256] for picture in pictures], np.int64)
    stored = np.memmap(store / _ARRAY, np.float16, "r", shape=(len(known), *SHAPE))
    return PictureFeatures(stored, rows)


def _known(store: Path) -> dict[str, int]:
    """sha256 -> row, for all pictures whose features are complete."""
    try:
        lines = (store / _INDEX).read_bytes()
        size = (store / _ARRAY).stat().st_size
    except FileNotFoundError:
        return {}
    whole = min(len(lines) // _LINE, size // _bytes_of(1))
    digests = lines[: whole * _LINE].decode("ascii", "replace").split("\n")[:whole]
    return {digest: row for row, digest in enumerate(digests)}


def _bytes_of(pictures: int) -> int:
    return 2 * pictures * int(np.prod(SHAPE))


def _add(store: Path, count: int, pictures: Sequence[PictureFile]) -> None:
    """Appends features behind the first `count`: of each batch the numbers, then the sha256."""
    encoder = as_constants(load_picture_encoder())
    try:
        with (
            open(store / _ARRAY, "ab") as array,
            open(store / _INDEX, "ab") as index,
            Progress("features of pictures", len(pictures), "pictures") as progress,
        ):
            array.truncate(_bytes_of(count))
            index.truncate(count * _LINE)
            # One batch per core, so that none of them is idle.
            for part, found in _computed(encoder, pictures):
                array.write(found.tobytes())
                array.flush()
                os.fsync(array.fileno())
                index.write("".join(f"{p.sha256}\n" for p in part).encode("ascii"))
                index.flush()
                progress.advance(len(part))
    except OSError as error:
        raise UserError(
            f"features cannot be written ({error.strerror or error})",
            where=store,
            remedy="make room and run the same command again; it goes on where it stopped",
        ) from error


def _computed(
    encoder: Callable, pictures: Sequence[PictureFile]
) -> Iterator[tuple[Sequence[PictureFile], np.ndarray]]:
    """Yields batches of pictures with their features."""
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        for first in range(0, len(pictures), cores * _AT_ONCE):
            parts = list(_parts(pictures[first : first + cores * _AT_ONCE], _AT_ONCE))
            yield from zip(parts, pool.map(lambda p: _compute(encoder, p), parts), strict=True)


def _compute(encoder: Callable, pictures: Sequence[PictureFile]) -> np.ndarray:
    """The features of a batch of pictures: float16 [pictures, places, features]."""
    contents = [picture.content for picture in pictures]
    try:
        pixels = read_pictures(tf.constant(contents), SIZE)
    except tf.errors.OpError:
        for picture, content in zip(pictures, contents, strict=True):
            check_picture(content, picture.path or "picture")
        raise
    found = encoder(pixels).numpy().astype(np.float16)
    return found.reshape(len(pictures), *SHAPE)


def _parts(pictures: Sequence[PictureFile], size: int) -> Iterable[Sequence[PictureFile]]:
    return (pictures[first : first + size] for first in range(0, len(pictures), size))
