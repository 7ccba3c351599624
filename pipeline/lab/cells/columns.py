"""Columns and diagonal matrices, as papers write them, for every row of a batch."""
# ruff: noqa: N803  (letters of the sources)

from __future__ import annotations

from keras import ops


def product(W, v):
    """W v. `W` is [m, n], `v` [..., n], the result [..., m]."""
    return ops.matmul(v, ops.transpose(W))


def diagonal(v, M):
    """diag(v) M: row i of M times v[i]. `v` is [..., m], `M` [..., m, n]."""
    return v[..., :, None] * M


def identity_like(v):
    """The identity for every vector of `v` [..., n], as [..., n, n]."""
    return ops.ones_like(v)[..., :, None] * ops.eye(v.shape[-1], dtype=v.dtype)


def initial_state(given, batch: int, size: int, dtype: str):
    """`given` [batch, size] in the dtype of the weights; zeros if None."""
    if given is None:
        return ops.zeros((batch, size), dtype)
    return ops.cast(ops.convert_to_tensor(given), dtype)
