"""The gated recurrent unit in both its forms, and its Jacobian."""
# ruff: noqa: N803, N806, N815  (letters of the sources)

from __future__ import annotations

import dataclasses
from typing import Any

import keras
from keras import ops

from pipeline.lab.cells.columns import diagonal, identity_like, initial_state, product
from pipeline.lab.cells.keras_weights import gate_weights, require_activations
from pipeline.lab.cells.trace import Trace


@dataclasses.dataclass(frozen=True)
class GRUTrace(Trace):
    h_tm1: Any
    z_t: Any
    r_t: Any
    h_tilde_t: Any
    h_t: Any


@dataclasses.dataclass(frozen=True)
class GRU:
    """Cho et al. 2014 (arXiv:1406.1078), equations 5 to 8, with biases.

        z_t = σ(W_z x_t + U_z h_{t-1} + b_z)                   update gate
        r_t = σ(W_r x_t + U_r h_{t-1} + b_r)                   reset gate
        h̃_t = tanh(W_h x_t + U_h (r_t ⊙ h_{t-1}) + b_h)        candidate, reset before U_h
        h_t = z_t ⊙ h_{t-1} + (1 - z_t) ⊙ h̃_t

    The first version of that paper, cuDNN and Keras's default (`reset_after`) reset behind U_h:

        h̃_t = tanh(W_h x_t + r_t ⊙ (U_h h_{t-1} + b_Uh) + b_h)

    As in Cho et al. z_t keeps the past; Chung et al. 2014 (arXiv:1412.3555) let it take the new.

    Attributes:
        W_z, W_r, W_h: float [n, inputs].
        U_z, U_r, U_h: float [n, n].
        b_z, b_r, b_h, b_Uh: float [n]; b_Uh counts with `reset_after` alone.
        reset_after: which of the two candidates.
    """

    W_z: Any
    U_z: Any
    b_z: Any
    W_r: Any
    U_r: Any
    b_r: Any
    W_h: Any
    U_h: Any
    b_h: Any
    b_Uh: Any
    reset_after: bool

    @classmethod
    def from_keras(cls, layer: keras.layers.GRU, dtype: str | None = None) -> GRU:
        require_activations(layer, {"activation": "tanh", "recurrent_activation": "sigmoid"})
        weights = {}
        for gate, (W, U, b) in gate_weights(layer, "zrh", dtype).items():
            from_x, from_h = (b[0], b[1]) if len(b.shape) == 2 else (b, ops.zeros_like(b))
            if gate == "h":
                weights["b_Uh"] = from_h
            else:
                from_x = from_x + from_h  # inside one σ, so only their sum matters
            weights |= {f"W_{gate}": W, f"U_{gate}": U, f"b_{gate}": from_x}
        return cls(**weights, reset_after=layer.reset_after)

    @property
    def units(self) -> int:
        return self.U_z.shape[0]

    @property
    def blocks(self) -> dict[str, slice]:
        """Where each letter of the state stands in `state_jacobian`."""
        return {"h": slice(0, self.units)}

    def step(self, x_t, h_tm1) -> GRUTrace:
        """One step: x_t [batch, inputs] and h_{t-1} [batch, n]."""
        z_t = ops.sigmoid(product(self.W_z, x_t) + product(self.U_z, h_tm1) + self.b_z)
        r_t = ops.sigmoid(product(self.W_r, x_t) + product(self.U_r, h_tm1) + self.b_r)
        if self.reset_after:
            recalled = r_t * (product(self.U_h, h_tm1) + self.b_Uh)
        else:
            recalled = product(self.U_h, r_t * h_tm1)
        h_tilde_t = ops.tanh(product(self.W_h, x_t) + recalled + self.b_h)
        h_t = z_t * h_tm1 + (1.0 - z_t) * h_tilde_t
        return GRUTrace(h_tm1, z_t, r_t, h_tilde_t, h_t)

    def forward(self, x, h_0=None) -> GRUTrace:
        """Reads x [batch, time, inputs] from the state h_0 [batch, n], zeros if None."""
        x = ops.cast(ops.convert_to_tensor(x), self.U_z.dtype)
        h = initial_state(h_0, x.shape[0], self.units, self.U_z.dtype)
        steps = []
        for x_t in ops.unstack(x, axis=1):
            steps.append(self.step(x_t, h))
            h = steps[-1].h_t
        return GRUTrace.over_time(steps)

    def jacobian(self, trace: GRUTrace):
        """∂h_t/∂h_{t-1} [..., n, n].

            diag(z_t) + diag(z'_t ⊙ (h_{t-1} - h̃_t)) U_z + diag(1 - z_t) ∂h̃_t/∂h_{t-1}

        where s' = s (1 - s) for a gate s, and ∂h̃_t/∂h_{t-1} is diag(1 - h̃_t²) times

            U_h (diag(r_t) + diag(h_{t-1} ⊙ r'_t) U_r)                reset before U_h
            diag(r_t) U_h + diag((U_h h_{t-1} + b_Uh) ⊙ r'_t) U_r     reset behind it
        """
        r = trace.r_t
        r_held = diagonal(r, self.U_h) if self.reset_after else self.U_h * r[..., None, :]
        argument = r_held + self._through_r(trace, self.U_r)
        kept = diagonal(trace.z_t, identity_like(trace.z_t))
        return kept + self._mixed(trace, self.U_z, argument)

    def state_jacobian(self, trace: GRUTrace):
        """The same: h is all the state there is."""
        return self.jacobian(trace)

    def input_jacobian(self, trace: GRUTrace):
        """∂h_t/∂x_t [..., n, inputs]."""
        return self._mixed(trace, self.W_z, self.W_h + self._through_r(trace, self.W_r))

    def _through_r(self, trace: GRUTrace, M_r):
        """How what tanh is taken of moves with a vector that reaches r_t through M_r."""
        r, h_tm1 = trace.r_t, trace.h_tm1
        if self.reset_after:
            return diagonal((product(self.U_h, h_tm1) + self.b_Uh) * r * (1.0 - r), M_r)
        return ops.matmul(self.U_h, diagonal(h_tm1 * r * (1.0 - r), M_r))

    @staticmethod
    def _mixed(trace: GRUTrace, M_z, argument_by):
        """∂h_t by that vector through the update gate and through the candidate."""
        z, h_tilde = trace.z_t, trace.h_tilde_t
        through_z = diagonal((trace.h_tm1 - h_tilde) * z * (1.0 - z), M_z)
        return through_z + diagonal((1.0 - z) * (1.0 - h_tilde * h_tilde), argument_by)
