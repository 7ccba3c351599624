"""The most probable allowed ids, found without sorting the vocabulary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from keras import ops

from pipeline.decoding.step import Tensor, pick

LARGE = 1024
"""From this size on a vocabulary is searched by blocks."""

BLOCKS = range(32, 129)
"""Sizes of a block; the smallest that divides a vocabulary is taken. On a CPU 32 and 40 cost a
quarter less than 100 and more, of which few blocks have to be searched for many ids."""


def best_allowed(
    log_probs: Tensor, k: int, *, banned: Sequence[int], eos: int, too_early: Tensor
) -> tuple[Tensor, Tensor]:
    """The k most probable allowed ids of each row; of equally probable ids the lowest comes first.

    Args:
        log_probs: float32 [rows, vocabulary].
        banned: distinct ids that may not be chosen, EOS not among them.
        too_early: bool [rows], where EOS may not be chosen either.

    Returns:
        float32 [rows, k], minus infinity where no more may be chosen, and int32 [rows, k]; with
        the whole vocabulary instead of k where that is smaller.
    """
    size = log_probs.shape[-1]
    k = min(k, size)
    # As many more as can be lost again; masking these is cheaper than masking a vocabulary.
    among = min(k + len(banned) + 1, size)
    values, ids = top_k(log_probs, among)
    forbidden = ops.logical_and(ids == eos, too_early[:, None])
    for id_ in banned:
        forbidden = ops.logical_or(forbidden, ids == id_)
    values, order = ops.top_k(ops.where(forbidden, -np.inf, values), k)
    return values, pick(ids, ops.cast(order, "int32"))


def top_k(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """`ops.top_k` with int32 indices, four times as fast where there are thousands of columns.

    The k largest values lie in the k blocks with the largest maxima, and a maximum costs far
    less than a selection. Among equal values the lower index comes first here too.

    Args:
        values: float [rows, columns].
        k: at most the columns.
    """
    rows, columns = ops.shape(values)[0], values.shape[1]
    divisors = [size for size in BLOCKS if columns % size == 0]
    block = divisors[0] if divisors else BLOCKS[0]
    if columns < LARGE or k * block * 2 > columns:
        best, indices = ops.top_k(values, k)
        return best, ops.cast(indices, "int32")
    if not divisors:
        values = ops.pad(values, ((0, 0), (0, -columns % block)), constant_values=-np.inf)
    blocks = -(-columns // block)
    values = ops.reshape(values, (rows * blocks, block))
    maxima = ops.reshape(ops.max(values, axis=1), (rows, blocks))
    chosen = ops.sort(ops.cast(ops.top_k(maxima, k)[1], "int32"), axis=1)
    first = ops.arange(rows, dtype="int32")[:, None] * blocks
    near = ops.reshape(ops.take(values, chosen + first, axis=0), (rows, k * block))
    best, order = ops.top_k(near, k)
    order = ops.cast(order, "int32")
    return best, pick(chosen, order // block) * block + order % block
