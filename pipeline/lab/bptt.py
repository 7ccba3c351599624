"""Backpropagation through time by hand, for a SimpleRNN with a softmax readout at every step.

    h_t = φ(W_xh x_t + W_hh h_{t-1} + b)      ŷ_t = softmax(W_hy h_t)
    L_t = -log ŷ_t[y_t]                       L = Σ_t L_t

Werbos, "Backpropagation Through Time: What It Does and How to Do It", Proceedings of the IEEE
78(10) (1990), which goes back through the steps once; and Pascanu et al. 2013 (arXiv:1211.5063),
equations 3 to 5, which take the same gradient apart by the steps t, where it arises, and k, where
the weight was used:

    ∂L_t/∂W_hh = Σ_{k ≤ t} (∂L_t/∂h_t) (∂h_t/∂h_k) (∂⁺h_k/∂W_hh)

∂⁺h_k/∂W_hh is the immediate derivative, with h_{k-1} held.
"""
# ruff: noqa: N806  (letters of the sources)

from __future__ import annotations

import dataclasses
from typing import Any

from keras import ops

from pipeline.lab.cells.columns import product
from pipeline.lab.cells.simple_rnn import SimpleRNN, SimpleRNNTrace

RECURRENT = ("W_xh", "W_hh", "b")
PARAMETERS = (*RECURRENT, "W_hy")


@dataclasses.dataclass(frozen=True)
class Network:
    """A SimpleRNN and its readout.

    Attributes:
        cell: W_xh, W_hh and b, and which φ.
        W_hy: float [classes, n].
    """

    cell: SimpleRNN
    W_hy: Any

    def parameters(self) -> dict[str, Any]:
        return {**{name: getattr(self.cell, name) for name in RECURRENT}, "W_hy": self.W_hy}

    def moved(self, changes: dict[str, Any]) -> Network:
        """The same with `changes` added to its parameters."""
        cell = {name: getattr(self.cell, name) + changes[name] for name in RECURRENT}
        return Network(dataclasses.replace(self.cell, **cell), self.W_hy + changes["W_hy"])


@dataclasses.dataclass(frozen=True)
class Pass:
    """What one forward pass leaves for the way back.

    Attributes:
        x: float [batch, time, inputs].
        y: one-hot targets, float [batch, time, classes].
        trace: of the cell.
        y_hat: probabilities, float [batch, time, classes].
        losses: L_t in nats, float [batch, time].
    """

    x: Any
    y: Any
    trace: SimpleRNNTrace
    y_hat: Any
    losses: Any


def forward(network: Network, x, targets, h_0=None) -> Pass:
    """Reads a batch and compares each answer with its target.

    Args:
        network: in whose dtype everything is computed.
        x: [batch, time, inputs].
        targets: int [batch, time].
        h_0: [batch, n]; zeros if None.
    """
    dtype = network.W_hy.dtype
    x = ops.cast(ops.convert_to_tensor(x), dtype)
    trace = network.cell.forward(x, h_0)
    log_y_hat = ops.log_softmax(product(network.W_hy, trace.h_t), axis=-1)
    y = ops.one_hot(targets, network.W_hy.shape[0], dtype=dtype)
    losses = -ops.sum(y * log_y_hat, axis=-1)
    return Pass(x, y, trace, ops.exp(log_y_hat), losses)


def gradients(network: Network, passed: Pass) -> dict[str, Any]:
    """∂L/∂W for each of `PARAMETERS`, summed over the batch, in one way back through time.

    ∂L/∂h_t = W_hyᵀ (ŷ_t - y_t) + W_hhᵀ δ_{t+1},    δ_t = φ' ⊙ ∂L/∂h_t
    ∂L/∂W_hh = Σ_t δ_t h_{t-1}ᵀ,  ∂L/∂W_xh = Σ_t δ_t x_tᵀ,  ∂L/∂b = Σ_t δ_t
    ∂L/∂W_hy = Σ_t (ŷ_t - y_t) h_tᵀ
    """
    error = passed.y_hat - passed.y
    at_readout = ops.unstack(_by_h(network, passed), axis=1)
    slopes = ops.unstack(network.cell.slope(passed.trace), axis=1)
    W_hh_T = ops.transpose(network.cell.W_hh)
    δ, later = [], ops.zeros_like(at_readout[0])
    for own, slope in zip(reversed(at_readout), reversed(slopes), strict=True):
        δ.insert(0, slope * (own + later))
        later = product(W_hh_T, δ[0])
    δ = ops.stack(δ, axis=1)
    return {
        "W_xh": _outer(δ, passed.x),
        "W_hh": _outer(δ, passed.trace.h_tm1),
        "W_hy": _outer(error, passed.trace.h_t),
        "b": ops.sum(δ, axis=(0, 1)),
    }


@dataclasses.dataclass(frozen=True)
class Terms:
    """The gradient of the recurrent weights, one term for each pair of steps.

    A term is 0 where k > t: what is said at t does not depend on what is read later.

    Attributes:
        δ: float [batch, time t, time k, n]: ∂L_t by the argument of φ at step k.
        W_xh: float [time t, time k, n, inputs], summed over the batch, as the others.
        W_hh: float [time t, time k, n, n].
        b: float [time t, time k, n].
    """

    δ: Any
    W_xh: Any
    W_hh: Any
    b: Any

    def sums(self) -> dict[str, Any]:
        """Over t and k: the gradients."""
        return {name: ops.sum(getattr(self, name), axis=(0, 1)) for name in RECURRENT}


def terms(network: Network, passed: Pass) -> Terms:
    """(∂L_t/∂h_t) (∂h_t/∂h_k) (∂⁺h_k/∂W) for all t and k, of W_xh, W_hh and b.

    The row vector (∂L_t/∂h_t) (∂h_t/∂h_k) is carried back from k to k - 1 for all t at once. The
    table has time² entries as large as the parameter, so it is for looking at, not for training.
    """
    at_readout = _by_h(network, passed)
    slopes = network.cell.slope(passed.trace)
    W_hh_T = ops.transpose(network.cell.W_hh)
    steps = at_readout.shape[1]
    δ = []
    for k in reversed(range(steps)):
        by_h_k = at_readout[:, k : k + 1]
        if δ:
            by_h_k = ops.concatenate([by_h_k, product(W_hh_T, δ[0][:, k + 1 :])], axis=1)
        δ_k = slopes[:, k : k + 1] * by_h_k  # for t = k, k + 1, ...
        δ.insert(0, ops.pad(δ_k, ((0, 0), (k, 0), (0, 0))))
    δ = ops.stack(δ, axis=2)
    return Terms(
        δ,
        W_xh=ops.einsum("btki,bkj->tkij", δ, passed.x),
        W_hh=ops.einsum("btki,bkj->tkij", δ, passed.trace.h_tm1),
        b=ops.sum(δ, axis=0),
    )


def _by_h(network: Network, passed: Pass):
    """∂L_t/∂h_t = W_hyᵀ (ŷ_t - y_t), [batch, time, n]: of the loss at t alone."""
    return product(ops.transpose(network.W_hy), passed.y_hat - passed.y)


def _outer(left, right):
    """Σ l rᵀ over batch and time."""
    return ops.einsum("bti,btj->ij", left, right)
