"""Windows of parallel streams of running text, for truncated backpropagation through time."""

from __future__ import annotations

import keras
import numpy as np

from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import PAD


class TextStreams(keras.utils.PyDataset):
    """Windows of one epoch over running text. The order is a pure function of (seed, epoch).

    All documents one behind the other are cut into `batch_size` streams of equal length, which
    are read side by side: row b of a window goes on where row b of the window before it stopped,
    and so does the state of the model. Where a document begins `reset` is true: there the state
    is that of a model that has read nothing. It is so, too, at the beginning of a stream, whatever
    was carried until then.

    Each id of a document but its first is predicted exactly once in an epoch. With a seed the
    documents are shuffled, and the place where the first stream begins is drawn, so that two
    epochs part the text at different places; the last stream then goes on from the last document
    to the first.

    Args:
        rows: the documents, each opened by [BOS]; a row of [BOS] alone says nothing.
        batch_size: streams. Short text gives shorter ones; if there is less than an id for each,
            some are padding.
        window: the most ids of each stream that are read at once; all windows of an epoch are
            equally wide, in all epochs.
        seed: with `epoch`, decides the order; None keeps that of the text (evaluation).
        epoch: number of the epoch.
        lead: ids that are read before each stream but not predicted in it, so that it does not
            begin with a state that knows nothing.

    Raises:
        ValueError: a number out of range, a row without even [BOS], or nothing to predict.

    Each item is ({"ids": int32 [batch, time], "reset": bool [batch, time]}, targets int32
    [batch, time]), -1 where nothing is to be predicted: at padding, which is on the right, and in
    the lead. `places(i)` tells which ids the targets of item i are.
    """

    def __init__(
        self,
        rows: Ragged,
        batch_size: int,
        window: int,
        *,
        seed: int | None = None,
        epoch: int = 0,
        lead: int = 0,
    ):
        super().__init__()
        if batch_size < 1 or window < 1 or lead < 0:
            raise ValueError("there must be a stream, and a window must have room for an id")
        if len(rows) and rows.lengths.min() < 1:
            raise ValueError("every row must be opened by [BOS]")
        if len(rows.ids) <= len(rows):
            raise ValueError("there is nothing to predict")
        generator = None if seed is None else np.random.default_rng((seed, epoch))
        order = np.arange(len(rows)) if generator is None else generator.permutation(len(rows))
        read = np.ones(len(rows.ids), bool)
        read[rows.row_splits[1:] - 1] = False
        first = np.zeros(len(rows.ids), bool)
        first[rows.row_splits[:-1]] = True
        place = np.repeat(rows.row_splits[order], rows.lengths[order])
        starts = np.cumsum(rows.lengths[order]) - rows.lengths[order]
        place += np.arange(len(rows.ids)) - np.repeat(starts, rows.lengths[order])
        # Places in `rows.ids` of all that is read, in the order in which it is.
        self._read = place[read[place]]
        if generator is not None:
            self._read = np.roll(self._read, -generator.integers(len(self._read)))
        self._ids, self._first = rows.ids, first
        count = len(self._read)
        borders = count * np.arange(batch_size + 1) // batch_size
        self._starts, self._ends = borders[:-1], borders[1:]
        self._begins = np.maximum(self._starts - lead, 0)
        longest = int((self._ends - self._begins).max())
        self._windows = -(-longest // window)
        self.width = -(-longest // self._windows)

    def __len__(self) -> int:
        return self._windows

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        place, real, predicted = self._window(index)
        ids = np.where(real, self._ids[place], PAD).astype(np.int32)
        reset = self._first[place] & real
        if index == 0:
            reset[:, 0] = True
        targets = np.where(predicted, self._ids[place + 1], -1).astype(np.int32)
        return {"ids": ids, "reset": reset}, targets

    def places(self, index: int) -> np.ndarray:
        """The position in `rows.ids` of each target of an item: int64 [batch, time], -1 for
        none."""
        place, _, predicted = self._window(index)
        return np.where(predicted, place + 1, -1)

    @property
    def predicted(self) -> int:
        """The number of ids that are predicted in the epoch."""
        return len(self._read)

    def _window(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The positions that are read, whether anything is read there, and whether the next id is
        predicted."""
        if not 0 <= index < len(self):
            raise IndexError(f"there is no window {index} of {len(self)}")
        column = index * self.width + np.arange(self.width)
        number = self._begins[:, None] + column
        real = number < self._ends[:, None]
        place = self._read[np.where(real, number, 0)]
        return place, real, real & (number >= self._starts[:, None])
