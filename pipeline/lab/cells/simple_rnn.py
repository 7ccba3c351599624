"""The simple recurrent network of Elman (1990), and its Jacobian."""
# ruff: noqa: N806  (letters of the sources)

from __future__ import annotations

import dataclasses
from typing import Any

import keras
from keras import ops

from pipeline.lab.cells.columns import diagonal, initial_state, product
from pipeline.lab.cells.keras_weights import gate_weights
from pipeline.lab.cells.trace import Trace

# name -> (φ, φ' as a function of φ's value, γ_φ: the largest that φ' can be)
ACTIVATIONS = {
    "tanh": (ops.tanh, lambda h: 1.0 - h * h, 1.0),
    "relu": (ops.relu, lambda h: ops.cast(h > 0, h.dtype), 1.0),
    "linear": (lambda a: a, ops.ones_like, 1.0),
}


@dataclasses.dataclass(frozen=True)
class SimpleRNNTrace(Trace):
    h_tm1: Any
    h_t: Any


@dataclasses.dataclass(frozen=True)
class SimpleRNN:
    """h_t = φ(W_xh x_t + W_hh h_{t-1} + b).

    The hidden state is fed back beside the input, as in Elman, "Finding Structure in Time",
    Cognitive Science 14 (1990); φ is tanh in the lectures, ReLU in Le et al. 2015
    (arXiv:1504.00941), and the identity where the product of Jacobians alone is looked at
    (Pascanu et al. 2013, section 2.1).

    Attributes:
        W_xh: float [n, inputs].
        W_hh: float [n, n].
        b: float [n].
        activation: φ, one of `ACTIVATIONS`.
    """

    W_xh: Any
    W_hh: Any
    b: Any
    activation: str = "tanh"

    def __post_init__(self):
        if self.activation not in ACTIVATIONS:
            known = ", ".join(ACTIVATIONS)
            raise ValueError(f"activation must be one of {known}, not {self.activation!r}")

    @classmethod
    def from_keras(cls, layer: keras.layers.SimpleRNN, dtype: str | None = None) -> SimpleRNN:
        W, U, b = gate_weights(layer, "h", dtype)["h"]
        return cls(W, U, b, keras.activations.serialize(layer.activation))

    @property
    def units(self) -> int:
        return self.W_hh.shape[0]

    @property
    def blocks(self) -> dict[str, slice]:
        """Where each letter of the state stands in `state_jacobian`."""
        return {"h": slice(0, self.units)}

    def step(self, x_t, h_tm1) -> SimpleRNNTrace:
        """One step: x_t [batch, inputs] and h_{t-1} [batch, n]."""
        φ, _, _ = ACTIVATIONS[self.activation]
        h_t = φ(product(self.W_xh, x_t) + product(self.W_hh, h_tm1) + self.b)
        return SimpleRNNTrace(h_tm1, h_t)

    def forward(self, x, h_0=None) -> SimpleRNNTrace:
        """Reads x [batch, time, inputs] from the state h_0 [batch, n], zeros if None."""
        x = ops.cast(ops.convert_to_tensor(x), self.W_hh.dtype)
        h = initial_state(h_0, x.shape[0], self.units, self.W_hh.dtype)
        steps = []
        for x_t in ops.unstack(x, axis=1):
            steps.append(self.step(x_t, h))
            h = steps[-1].h_t
        return SimpleRNNTrace.over_time(steps)

    def slope(self, trace: SimpleRNNTrace):
        """φ'(W_xh x_t + W_hh h_{t-1} + b) [..., n]; of ReLU, 0 where its argument is 0."""
        _, derivative, _ = ACTIVATIONS[self.activation]
        return derivative(trace.h_t)

    def jacobian(self, trace: SimpleRNNTrace):
        """∂h_t/∂h_{t-1} = diag(φ') W_hh, [..., n, n].

        Pascanu et al. 2013 (arXiv:1211.5063), equation 5, who write the transpose and put the
        nonlinearity before W_rec.
        """
        return diagonal(self.slope(trace), self.W_hh)

    def state_jacobian(self, trace: SimpleRNNTrace):
        """The same: h is all the state there is."""
        return self.jacobian(trace)

    def input_jacobian(self, trace: SimpleRNNTrace):
        """∂h_t/∂x_t = diag(φ') W_xh, [..., n, inputs]."""
        return diagonal(self.slope(trace), self.W_xh)
