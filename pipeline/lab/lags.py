"""∂h_t/∂h_k as a product of Jacobians over the lag t - k, and its spectral norm.

∂h_t/∂h_k = ∂h_t/∂h_{t-1} ... ∂h_{k+1}/∂h_k, for k < t: Pascanu et al. 2013 (arXiv:1211.5063),
equation 5. Over long lags such a product leaves the range of any float, so it is carried with its
power of two apart, which rounds nothing, and norms are given as logarithms.

Steps are counted from 0, the first that the cell reads; k = -1 is the state before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from keras import ops

from pipeline.lab.cells.simple_rnn import ACTIVATIONS, SimpleRNN

JacobianAt = Callable[[int], Any]
"""step t -> ∂s_t/∂s_{t-1} of a state s, float [batch, m, m]."""


def jacobians_of(cell, trace) -> JacobianAt:
    """The Jacobians of a cell's whole state, each made when it is asked for.

    Args:
        cell: one of `pipeline.lab.cells`.
        trace: what its `forward` recorded.
    """
    return lambda t: cell.state_jacobian(trace.at(t))


def scaled_products(
    jacobian_at: JacobianAt, t: int, lags: int, rows: slice = slice(None)
) -> Iterator[tuple[Any, np.ndarray]]:
    """∂s_t/∂s_{t-1}, ∂s_t/∂s_{t-2}, ...: one matrix product more for each lag.

    Args:
        jacobian_at: of the whole state.
        t: the step that is looked back from.
        lags: how many, 1 to t + 1.
        rows: which part of s_t; less than all of it makes the products cheaper.

    Yields:
        (scaled float [batch, rows, m], exponent float64 [batch]): ∂s_t/∂s_k is scaled * 2**exponent
        and the largest entry of `scaled` is between 1/2 and 1 (0 of a product that is 0).

    Raises:
        ValueError: there are not so many steps before t.
    """
    if not 1 <= lags <= t + 1:
        raise ValueError(f"lags must be from 1 to {t + 1}, not {lags}")
    carried = jacobian_at(t)[:, rows]
    exponent = np.zeros(carried.shape[0])
    for lag in range(1, lags + 1):
        if lag > 1:
            carried = ops.matmul(carried, jacobian_at(t - lag + 1))
        largest = ops.convert_to_numpy(ops.max(ops.abs(carried), axis=(1, 2))).astype(np.float64)
        _, power = np.frexp(largest)
        # two halves, since 2**-power alone may be out of range
        for half in (power // 2, power - power // 2):
            factor = ops.convert_to_tensor(np.ldexp(1.0, -half)[:, None, None], carried.dtype)
            carried = carried * factor
        exponent = exponent + power
        yield carried, exponent


def spectral_norms(matrices) -> np.ndarray:
    """‖M‖₂, the largest singular value, of each M in [..., rows, columns], as float64.

    From the eigenvalues of the smaller of M Mᵀ and Mᵀ M: squaring costs small singular values
    their digits, but not the largest. A matrix with an entry that is not finite has the norm NaN.
    """
    values = np.asarray(ops.convert_to_numpy(matrices), np.float64)
    largest = np.abs(values).max(axis=(-2, -1), initial=0.0)
    usable = np.isfinite(largest)
    scale = np.where(usable & (largest > 0), largest, 1.0)
    values = np.where(usable[..., None, None], values, 0.0) / scale[..., None, None]
    turned = np.swapaxes(values, -2, -1)
    gram = values @ turned if values.shape[-2] <= values.shape[-1] else turned @ values
    norms = scale * np.sqrt(np.maximum(np.linalg.eigvalsh(gram)[..., -1], 0.0))
    return np.where(usable, norms, np.nan)


def log10_norms(
    jacobian_at: JacobianAt,
    t: int,
    lags: int,
    rows: slice = slice(None),
    columns: slice = slice(None),
) -> np.ndarray:
    """log₁₀ ‖∂s_t/∂s_k‖₂ at the lags t - k = 1, 2, ..., of each row of the batch.

    The curve of ∂h_t/∂h_k for any cell, computed in the precision of its weights:

        at = jacobians_of(cell, cell.forward(x))
        log10_norms(at, t, lags, cell.blocks["h"], cell.blocks["h"])

    Args:
        jacobian_at, t, lags: as of `scaled_products`.
        rows, columns: which part of s_t, and by which part of s_k. "h" by "h" of an LSTM holds
            C_k and yet goes through every C between.

    Returns:
        float64 [batch, lags]; -inf where the gradient is 0 (a ReLU that is off).
    """
    norms = []
    for scaled, exponent in scaled_products(jacobian_at, t, lags, rows):
        with np.errstate(divide="ignore"):
            of_scaled = np.log10(spectral_norms(scaled[:, :, columns]))
        norms.append(of_scaled + exponent * np.log10(2.0))
    return np.stack(norms, axis=1)


def log10_bound(cell: SimpleRNN, lags: int) -> np.ndarray:
    """log₁₀ (γ_W γ_φ)^(t-k) at the lags 1, 2, ..., which no ‖∂h_t/∂h_k‖₂ exceeds.

    γ_W = ‖W_hh‖₂ and γ_φ is the largest that φ' can be. Below 1 the product vanishes whatever is
    read (경사소실); above 1 it may explode (경사폭발), but need not: Pascanu et al. 2013,
    equations 6 and 7.

    Returns:
        float64 [lags].
    """
    _, _, steepest = ACTIVATIONS[cell.activation]
    with np.errstate(divide="ignore"):
        factor = np.log10(spectral_norms(cell.W_hh) * steepest)
    return np.arange(1, lags + 1) * factor
