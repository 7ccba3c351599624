"""The gradient of a task's loss by the states before it."""

# ruff: noqa: N806  (letters of the sources)

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from pipeline.lab.cells import LSTM, cell_of
from pipeline.lab.lags import log10_norms
from pipeline.lab.tasks.copy_adding import Copying, MemoryTask
from pipeline.lab.tasks.networks import READOUT, RECURRENT


def log10_gradients(
    model: keras.Model, task: MemoryTask, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """log₁₀ ‖∂L/∂s_{t-lag}‖₂ for the loss L at the first step t that owes an answer.

    s is the whole state: h, of an LSTM h and C. The gradient is that by the answer, carried back
    by the Jacobians of `pipeline.lab.cells` in float64, whatever the model's own dtype.

    Args:
        model: from `pipeline.lab.tasks.networks.network`.
        task: which it is for.
        x, y: sequences and what is due, as `task.draw` gives them.

    Returns:
        float64 [rows, farthest]: at the lags 1, 2, ... up to the first thing to be remembered.
    """
    cell = cell_of(model.get_layer(RECURRENT), "float64")
    trace = cell.forward(x)
    t = task.steps - task.asked
    at_readout = _by_h(model.get_layer(READOUT), task, trace.h_t[:, t], y[:, 0])
    if isinstance(cell, LSTM):
        at_readout = ops.concatenate([at_readout, ops.zeros_like(at_readout)], axis=-1)
    # All at once, which is far cheaper than step by step; a row of the product is all it takes.
    jacobians = ops.convert_to_numpy(cell.state_jacobian(trace))
    last = ops.convert_to_numpy(at_readout)[:, None, :] @ jacobians[:, t]
    return log10_norms(lambda step: last if step == t else jacobians[:, step], t, task.farthest)


def _by_h(readout: keras.layers.Dense, task: MemoryTask, h, due):
    """∂L/∂h_t [rows, n]: Wᵀ (ŷ - y), of the squared error twice that."""
    W, b = (ops.convert_to_tensor(np.asarray(w, np.float64)) for w in readout.get_weights())
    said = ops.matmul(h, W) + b
    if isinstance(task, Copying):
        wrong = ops.softmax(said, axis=-1) - ops.one_hot(due, task.outputs, dtype="float64")
    else:
        wrong = 2.0 * (said - ops.cast(due, "float64"))
    return ops.matmul(wrong, ops.transpose(W))
