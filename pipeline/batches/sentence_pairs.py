"""Batches of sentence pairs for teacher forcing, of about equal numbers of tokens."""

from __future__ import annotations

import keras
import numpy as np

from pipeline.batches.padding import pad, shape_multiple
from pipeline.text.ragged import Ragged


class PairBuckets(keras.utils.PyDataset):
    """Batches of one epoch over sentence pairs. The order is a pure function of (seed, epoch).

    The pairs are sorted so that neighbours about agree in both lengths, cut where each batch has
    had its share of all tokens, and the batches shuffled. A batch of short pairs so has more rows
    than one of long pairs, and a step costs about the same wherever it falls.

    Args:
        sources, targets: framed ids of every pair, as many rows each.
        tokens: source and target tokens a batch, padding not counted: the mean over batches is at
            most this, and a batch has less than this and its longest pair together.
        count: instead of `tokens`, how many batches (no more than there are pairs): for epochs
            that have other segmentations and so other lengths, while the training counts on
            equally many steps.
        seed: with `epoch`, decides the order; None sorts and does not shuffle (evaluation).
        epoch: number of the epoch.
        jitter: up to so many positions are added to lengths before they are sorted, with a `seed`
            only. With 1 a batch has sentences of one length: the least padding, but a step then
            sees one kind of sentence, and the model learns worse (figures in docs/results.md).
        multiple: widths are rounded up to a multiple of this; None for `shape_multiple`.

    Raises:
        ValueError: not as many sources as targets, a row without a frame, not exactly one of
            `tokens` and `count`, or less than 1 of it or of `jitter`.

    Each item is ({"ids": int32 [batch, source], "lengths": int32 [batch], "target_ids": int32
    [batch, target], "target_lengths": int32 [batch]}, targets int32 [batch, target]).
    `target_ids` are [BOS] and all pieces, what `pipeline.models.seq2seq.translator` reads; the
    targets are all pieces and [EOS], what it should say, -1 at padding. `batch_rows[i]` tells
    which pairs item i holds.
    """

    def __init__(
        self,
        sources: Ragged,
        targets: Ragged,
        tokens: int | None = None,
        *,
        count: int | None = None,
        seed: int | None = None,
        epoch: int = 0,
        jitter: int = 2,
        multiple: int | None = None,
    ):
        super().__init__()
        if len(sources) != len(targets):
            raise ValueError(f"{len(sources)} sources but {len(targets)} targets")
        if (tokens is None) == (count is None):
            raise ValueError("either tokens or count must be given")
        if (count if tokens is None else tokens) < 1:
            raise ValueError("a batch must have room for a token, and there must be one")
        if jitter < 1:
            raise ValueError("jitter must be at least 1")
        if len(targets) and min(sources.lengths.min(), targets.lengths.min()) < 2:
            raise ValueError("rows must be framed [BOS] ... [EOS]")
        self.sources = sources
        self.multiple = shape_multiple() if multiple is None else multiple
        self.read, self.said = _without(targets, first=False), _without(targets, first=True)
        generator = None if seed is None else np.random.default_rng((seed, epoch))
        order = pair_order(sources.lengths, self.read.lengths, jitter, generator)
        shares = (sources.lengths + self.read.lengths)[order]
        if tokens is not None:
            count = -(-int(shares.sum()) // tokens)
        self.batch_rows = np.split(order, _cuts(shares, count)) if len(order) else []
        if generator is not None:
            generator.shuffle(self.batch_rows)

    def __len__(self) -> int:
        return len(self.batch_rows)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        indices = self.batch_rows[index]
        ids, lengths = pad(self.sources, indices, self.multiple)
        target_ids, target_lengths = pad(self.read, indices, self.multiple)
        targets, _ = pad(self.said, indices, self.multiple, fill=-1)
        inputs = {
            "ids": ids,
            "lengths": lengths,
            "target_ids": target_ids,
            "target_lengths": target_lengths,
        }
        return inputs, targets

    @property
    def real_tokens(self) -> int:
        """The number of source and target tokens of the epoch that are not padding."""
        return len(self.sources.ids) + len(self.read.ids)


def pair_order(
    source_lengths: np.ndarray,
    target_lengths: np.ndarray,
    jitter: int,
    generator: np.random.Generator | None,
) -> np.ndarray:
    """An order of the pairs in which neighbours have similar lengths on both sides.

    By target first, where a padded position costs a softmax; among equal ones by source, up and
    down in turn, so that the next group begins where the last one ended.

    Args:
        source_lengths, target_lengths: int [pairs].
        jitter: 0 to less than so many positions are added to a length before sorting.
        generator: draws how many; None adds none.

    Returns:
        int [pairs], a permutation.
    """
    group, within = target_lengths, source_lengths.astype(np.float64)
    if generator is not None:
        group = group + generator.integers(0, jitter, len(group))
        within = within + generator.random(len(within)) * jitter
    return np.lexsort((np.where(group % 2, -within, within), group))


def _cuts(shares: np.ndarray, count: int) -> np.ndarray:
    """Where to cut so that all parts have about the same sum and no part is empty."""
    count = min(count, len(shares))
    part = np.arange(1, count)
    cuts = np.searchsorted(np.cumsum(shares), shares.sum() * part / count, side="right")
    cuts = np.maximum.accumulate(np.maximum(cuts, part) - part) + part
    return np.minimum(cuts, len(shares) - count + part)


def _without(rows: Ragged, *, first: bool) -> Ragged:
    """Every row without its first id, or without its last."""
    kept = np.ones(len(rows.ids), bool)
    kept[rows.row_splits[:-1] if first else rows.row_splits[1:] - 1] = False
    return Ragged.from_lengths(rows.ids[kept], rows.lengths - 1)
