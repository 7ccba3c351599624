"""Long short-term memory with a forget gate, and its Jacobians."""
# ruff: noqa: N802, N803, N806, N815  (letters of the sources)

from __future__ import annotations

import dataclasses
from typing import Any

import keras
from keras import ops

from pipeline.lab.cells.columns import diagonal, identity_like, initial_state, product
from pipeline.lab.cells.keras_weights import gate_weights, require_activations
from pipeline.lab.cells.trace import Trace


@dataclasses.dataclass(frozen=True)
class LSTMTrace(Trace):
    h_tm1: Any
    C_tm1: Any
    i_t: Any
    f_t: Any
    o_t: Any
    C_tilde_t: Any
    C_t: Any
    h_t: Any


@dataclasses.dataclass(frozen=True)
class LSTM:
    """Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.

        i_t = σ(W_i x_t + U_i h_{t-1} + b_i)            input gate
        f_t = σ(W_f x_t + U_f h_{t-1} + b_f)            forget gate (Gers et al.; 1 before them)
        o_t = σ(W_o x_t + U_o h_{t-1} + b_o)            output gate
        C̃_t = tanh(W_C x_t + U_C h_{t-1} + b_C)         candidate
        C_t = f_t ⊙ C_{t-1} + i_t ⊙ C̃_t
        h_t = o_t ⊙ tanh(C_t)

    Where lectures write W [h_{t-1}, x_t], W and U are the two halves. No peepholes, and tanh for
    both squashing functions, as is usual today and in Keras.

    Attributes:
        W_i, W_f, W_o, W_C: float [n, inputs].
        U_i, U_f, U_o, U_C: float [n, n].
        b_i, b_f, b_o, b_C: float [n].
    """

    W_i: Any
    U_i: Any
    b_i: Any
    W_f: Any
    U_f: Any
    b_f: Any
    W_o: Any
    U_o: Any
    b_o: Any
    W_C: Any
    U_C: Any
    b_C: Any

    @classmethod
    def from_keras(cls, layer: keras.layers.LSTM, dtype: str | None = None) -> LSTM:
        require_activations(layer, {"activation": "tanh", "recurrent_activation": "sigmoid"})
        weights = {}
        for gate, (W, U, b) in gate_weights(layer, "ifCo", dtype).items():
            weights |= {f"W_{gate}": W, f"U_{gate}": U, f"b_{gate}": b}
        return cls(**weights)

    @property
    def units(self) -> int:
        return self.U_i.shape[0]

    @property
    def blocks(self) -> dict[str, slice]:
        """Where each letter of the state stands in `state_jacobian`."""
        return {"h": slice(0, self.units), "C": slice(self.units, 2 * self.units)}

    def step(self, x_t, h_tm1, C_tm1) -> LSTMTrace:
        """One step: x_t [batch, inputs], h_{t-1} and C_{t-1} [batch, n]."""
        i_t = ops.sigmoid(product(self.W_i, x_t) + product(self.U_i, h_tm1) + self.b_i)
        f_t = ops.sigmoid(product(self.W_f, x_t) + product(self.U_f, h_tm1) + self.b_f)
        o_t = ops.sigmoid(product(self.W_o, x_t) + product(self.U_o, h_tm1) + self.b_o)
        C_tilde_t = ops.tanh(product(self.W_C, x_t) + product(self.U_C, h_tm1) + self.b_C)
        C_t = f_t * C_tm1 + i_t * C_tilde_t
        h_t = o_t * ops.tanh(C_t)
        return LSTMTrace(h_tm1, C_tm1, i_t, f_t, o_t, C_tilde_t, C_t, h_t)

    def forward(self, x, h_0=None, C_0=None) -> LSTMTrace:
        """Reads x [batch, time, inputs] from the state (h_0, C_0), each [batch, n] or None (0)."""
        x = ops.cast(ops.convert_to_tensor(x), self.U_i.dtype)
        h, C = (initial_state(s, x.shape[0], self.units, self.U_i.dtype) for s in (h_0, C_0))
        steps = []
        for x_t in ops.unstack(x, axis=1):
            steps.append(self.step(x_t, h, C))
            h, C = steps[-1].h_t, steps[-1].C_t
        return LSTMTrace.over_time(steps)

    def jacobian(self, trace: LSTMTrace):
        """∂h_t/∂h_{t-1} [..., n, n] with C_{t-1} held.

            diag(o'_t ⊙ tanh C_t) U_o + diag(o_t ⊙ (1 - tanh² C_t)) ∂C_t/∂h_{t-1}

        where o' = o (1 - o). A product of these alone is not ∂h_t/∂h_k, most of which goes
        through C: take the block (h, h) of a product of `state_jacobian`s.
        """
        return self._h_by(trace, self.U_o, self._C_by(trace, self.U_i, self.U_f, self.U_C))

    def cell_jacobian(self, trace: LSTMTrace, o_tm1=None):
        """∂C_t/∂C_{t-1} [..., n, n].

        With h_{t-1} held it is diag(f_t): where the forget gate is open, error is carried
        unchanged (the "constant error carousel" of Hochreiter and Schmidhuber 1997, section 3.2,
        where f = 1). Given o_{t-1}, h_{t-1} = o_{t-1} ⊙ tanh(C_{t-1}) varies as well:

            diag(f_t) + ∂C_t/∂h_{t-1} diag(o_{t-1} ⊙ (1 - tanh² C_{t-1}))

        Over one step that is all; over several, o_t too depends on the past, and again the
        product of `state_jacobian`s is what holds.

        Args:
            trace: of one step, or of a sequence.
            o_tm1: the output gate one step before, shaped like `trace.o_t`; None holds h_{t-1}.
        """
        carousel = diagonal(trace.f_t, identity_like(trace.f_t))
        if o_tm1 is None:
            return carousel
        squashed = ops.tanh(trace.C_tm1)
        h_by_C = o_tm1 * (1.0 - squashed * squashed)
        return carousel + self._C_by(trace, self.U_i, self.U_f, self.U_C) * h_by_C[..., None, :]

    def state_jacobian(self, trace: LSTMTrace):
        """∂(h_t, C_t)/∂(h_{t-1}, C_{t-1}) [..., 2n, 2n]: [[∂h/∂h, ∂h/∂C], [∂C/∂h, ∂C/∂C]]."""
        C_by_h = self._C_by(trace, self.U_i, self.U_f, self.U_C)
        C_by_C = diagonal(trace.f_t, identity_like(trace.f_t))
        h_by_h = self._h_by(trace, self.U_o, C_by_h)
        h_by_C = diagonal(self._h_by_C(trace), C_by_C)
        above = ops.concatenate([h_by_h, h_by_C], axis=-1)
        return ops.concatenate([above, ops.concatenate([C_by_h, C_by_C], axis=-1)], axis=-2)

    def input_jacobian(self, trace: LSTMTrace):
        """∂(h_t, C_t)/∂x_t [..., 2n, inputs]."""
        C_by_x = self._C_by(trace, self.W_i, self.W_f, self.W_C)
        return ops.concatenate([self._h_by(trace, self.W_o, C_by_x), C_by_x], axis=-2)

    @staticmethod
    def _h_by_C(trace: LSTMTrace):
        """The diagonal of ∂h_t/∂C_t: o_t ⊙ (1 - tanh² C_t)."""
        squashed = ops.tanh(trace.C_t)
        return trace.o_t * (1.0 - squashed * squashed)

    @staticmethod
    def _C_by(trace: LSTMTrace, M_i, M_f, M_C):
        """∂C_t by a vector that reaches the gates through these matrices, C_{t-1} held."""
        i, f, C_tilde = trace.i_t, trace.f_t, trace.C_tilde_t
        return (
            diagonal(trace.C_tm1 * f * (1.0 - f), M_f)
            + diagonal(C_tilde * i * (1.0 - i), M_i)
            + diagonal(i * (1.0 - C_tilde * C_tilde), M_C)
        )

    @classmethod
    def _h_by(cls, trace: LSTMTrace, M_o, C_by):
        """∂h_t by the same vector, which reaches the output gate through M_o."""
        o = trace.o_t
        through_o = diagonal(ops.tanh(trace.C_t) * o * (1.0 - o), M_o)
        return through_o + diagonal(cls._h_by_C(trace), C_by)
