"""Batches of pictures and their captions, for teacher forcing."""

from __future__ import annotations

import keras
import numpy as np

from pipeline.batches.padding import pad, shape_multiple
from pipeline.pictures.features import PictureFeatures
from pipeline.text.ragged import Ragged


class CaptionBatches(keras.utils.PyDataset):
    """Batches of one epoch over captions. The order is a pure function of (seed, epoch).

    Captions of a picture come in groups, so that its features are read and projected once for
    all of a group.

    Args:
        features: of the pictures.
        captions: framed ids of every caption; the first id says the language.
        pictures: int [captions], which picture each is of.
        batch_size: captions of a batch, on average at most.
        together: captions of a picture in a batch, at most.
        seed: with `epoch`, decides the order; None keeps that of the captions (evaluation).
        epoch: number of the epoch.

    Raises:
        ValueError: numbers below 1, or not one picture for each caption.

    Each item is what `pipeline.models.captioner.captioner` takes, and targets int32 [batch,
    target], -1 at padding. There are equally many items in every epoch.
    """

    def __init__(
        self,
        features: PictureFeatures,
        captions: Ragged,
        pictures: np.ndarray,
        batch_size: int,
        *,
        together: int = 5,
        seed: int | None = None,
        epoch: int = 0,
    ):
        super().__init__()
        if batch_size < 1 or together < 1:
            raise ValueError("a batch must have room for a caption")
        if len(captions) != len(pictures):
            raise ValueError(f"{len(captions)} captions of {len(pictures)} pictures")
        self.features, self.captions, self.pictures = features, captions, np.asarray(pictures)
        generator = None if seed is None else np.random.default_rng((seed, epoch))
        groups = _groups(self.pictures, together, generator)
        count = min(-(-len(captions) // batch_size), len(groups))
        parts = np.array_split(np.arange(len(groups)), count) if count else []
        self.batch_rows = [np.concatenate([groups[i] for i in part]) for part in parts]

    def __len__(self) -> int:
        return len(self.batch_rows)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        rows = self.batch_rows[index]
        numbers, picture = np.unique(self.pictures[rows], return_inverse=True)
        ids, lengths = pad(self.captions, rows, shape_multiple())
        said = np.where(np.arange(ids.shape[1]) < lengths[:, None], ids, -1)
        inputs = {
            "features": self.features.take(numbers),
            "picture": picture.astype(np.int32),
            # All but the last id is read, all but the first is said.
            "target_ids": np.where(said[:, 1:] >= 0, ids[:, :-1], 0).astype(np.int32),
            "target_lengths": lengths - 1,
        }
        return inputs, said[:, 1:].astype(np.int32)


def _groups(
    pictures: np.ndarray, together: int, generator: np.random.Generator | None
) -> list[np.ndarray]:
    """Groups of at most `together` rows of the same picture, in random order."""
    order = np.arange(len(pictures)) if generator is None else generator.permutation(len(pictures))
    order = order[np.argsort(pictures[order], kind="stable")]
    ends = np.flatnonzero(np.diff(pictures[order])) + 1
    groups = [
        part[first : first + together]
        for part in np.split(order, ends)
        for first in range(0, len(part), together)
    ]
    if generator is not None:
        groups = [groups[i] for i in generator.permutation(len(groups))]
    return groups
