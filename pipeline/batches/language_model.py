"""Batches for a language model that learns from raw text."""

from __future__ import annotations

import numpy as np

from pipeline.batches.length_buckets import LengthBuckets
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import SPECIALS, UNK

MASKED_SHARE = 0.15
"""Of the pieces of a text, how many are to be guessed (Devlin et al. 2019, section 3.1)."""
HIDDEN_AS = UNK
"""What stands in the place of a hidden piece: the vocabulary has no [MASK], and to be without a
piece that is known is what [UNK] says."""


class TwoWayBuckets(LengthBuckets):
    """Batches of one epoch for a model that predicts the next piece, and from the right the
    previous one.

    Arguments as of `LengthBuckets`, without targets. Each item is ({"ids": int32 [batch, time],
    "lengths": int32 [batch]}, float32 [batch, time, 2]): 1 where a position is to guess the piece
    after it (all but the last of a row), and the piece before it (all but the first).
    """

    def __init__(self, rows: Ragged, batch_size: int, **options):
        super().__init__(rows, None, batch_size, **options)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        inputs, _ = super().__getitem__(index)
        step, length = np.arange(inputs["ids"].shape[1])[None, :], inputs["lengths"][:, None]
        guessed = [step < length - 1, (step > 0) & (step < length)]
        return inputs, np.stack(guessed, axis=-1).astype(np.float32)


class MaskedBuckets(LengthBuckets):
    """Batches of one epoch for a model that predicts masked pieces.

    Of each row 15 % of the pieces, at least one where there is any, are to be guessed: 80 % of
    these are hidden, 10 % replaced by a random piece, 10 % left as they are (Devlin et al. 2019,
    section 3.1). What is drawn is a pure function of (seed, epoch, batch); without a seed it is
    one of (batch), so that an evaluation is repeatable.

    Args:
        rows: framed ids.
        batch_size: rows a batch.
        vocabulary_size: what replacing pieces are drawn from.
        **options: of `LengthBuckets`.

    Each item is ({"ids": int32 [batch, time], "lengths": int32 [batch], "places": int32 [batch,
    guesses], which positions of a row, "answers": int32 [batch, guesses]}, float32 [batch,
    guesses, 1]: 1 where there is a guess).
    """

    def __init__(
        self,
        rows: Ragged,
        batch_size: int,
        vocabulary_size: int,
        *,
        seed: int | None = None,
        epoch: int = 0,
        **options,
    ):
        super().__init__(rows, None, batch_size, seed=seed, epoch=epoch, **options)
        self.vocabulary_size = vocabulary_size
        self.drawn_from = (0 if seed is None else seed + 1, epoch)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        inputs, _ = super().__getitem__(index)
        ids, lengths = inputs["ids"], inputs["lengths"]
        random = np.random.default_rng((*self.drawn_from, index))
        pieces = np.maximum(lengths - 2, 0)
        wanted = np.where(pieces > 0, np.maximum(1, np.rint(MASKED_SHARE * pieces)), 0)
        most = max(1, int(np.rint(MASKED_SHARE * (ids.shape[1] - 2))))
        # The positions of a row in a random order, those that hold no piece behind all others.
        step = np.arange(ids.shape[1])[None, :]
        is_piece = (step > 0) & (step < lengths[:, None] - 1)
        order = np.argsort(np.where(is_piece, random.random(ids.shape), 2.0), axis=1)
        places = order[:, :most].astype(np.int32)
        guessed = np.arange(most)[None, :] < wanted[:, None]
        answers = np.take_along_axis(ids, places, axis=1)
        kind = random.random(places.shape)
        other = random.integers(len(SPECIALS), self.vocabulary_size, places.shape)
        shown = np.where(kind < 0.8, HIDDEN_AS, np.where(kind < 0.9, other, answers))
        ids = ids.copy()
        np.put_along_axis(ids, places, np.where(guessed, shown, answers).astype(np.int32), axis=1)
        batch = {"ids": ids, "lengths": lengths, "places": places, "answers": answers}
        return batch, guessed[..., None].astype(np.float32)
