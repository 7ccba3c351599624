"""Recurrent cells as their papers write them, forward and with their Jacobians in closed form.

Letters are those of the sources, so vectors are columns: `W_hh` maps h_{t-1} to what it adds to
h_t, and is the transpose of Keras's `recurrent_kernel`; ∂h_t/∂h_{t-1}[i, j] is the derivative of
h_t[i] by h_{t-1}[j]. Arrays carry a batch in front: states are [batch, n].

All three share an interface. `step` and `forward` record what they compute (a `Trace`, named by
the letters), and the Jacobians are functions of that record, of one step or of all at once:

jacobian(trace)        ∂h_t/∂h_{t-1}                [..., n, n]
state_jacobian(trace)  the same of the whole state  [..., m, m]; m = n, for the LSTM 2n: (h, C)
input_jacobian(trace)  of the whole state by x_t    [..., m, inputs]
"""

from __future__ import annotations

import keras

from pipeline.lab.cells.gru import GRU
from pipeline.lab.cells.lstm import LSTM
from pipeline.lab.cells.simple_rnn import SimpleRNN
from pipeline.lab.cells.trace import Trace

__all__ = ["GRU", "LSTM", "SimpleRNN", "Trace", "cell_of"]


def cell_of(layer: keras.layers.RNN, dtype: str | None = None) -> SimpleRNN | LSTM | GRU:
    """The equations of a built Keras layer, with its weights.

    Args:
        layer: a SimpleRNN, LSTM or GRU of Keras.
        dtype: "float64" for studies over long lags; None is the dtype of the layer's weights.

    Raises:
        ValueError: it is another kind of layer, not built yet, or has other activations.
    """
    kinds = {keras.layers.SimpleRNN: SimpleRNN, keras.layers.LSTM: LSTM, keras.layers.GRU: GRU}
    for kind, cell in kinds.items():
        if isinstance(layer, kind):
            return cell.from_keras(layer, dtype)
    raise ValueError(f"{type(layer).__name__} is none of SimpleRNN, LSTM, GRU")
