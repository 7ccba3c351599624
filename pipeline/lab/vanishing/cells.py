"""The recurrent networks whose gradients are compared, and how each of them starts."""

from __future__ import annotations

import dataclasses
from typing import Literal

import keras
import numpy as np

from pipeline.lab.cells import GRU, LSTM, SimpleRNN, cell_of
from pipeline.lab.starts import RecurrentStart, redraw_recurrent, small_language_model


@dataclasses.dataclass(frozen=True)
class Kind:
    """A recurrent network and its start.

    Attributes:
        name: in files and TensorBoard.
        title: in pictures and tables.
        cell: of `pipeline.layers.recurrent.CELLS`; "irnn" is the SimpleRNN with ReLU.
        recurrent: as `pipeline.lab.starts.redraw_recurrent` takes it; "orthogonal" makes the
            matrices of a cell with gates orthogonal side by side, so that each has entries as
            small as N(0, 1/(gates n)).
        forget_bias: of an LSTM.
    """

    name: str
    title: str
    cell: Literal["rnn", "irnn", "lstm", "gru"]
    recurrent: RecurrentStart
    forget_bias: float | None = None

    @property
    def gated(self) -> bool:
        return self.cell in ("lstm", "gru")


KINDS = {
    kind.name: kind
    for kind in (
        Kind("tanh-small", "tanh, small Gaussian", "rnn", "small"),
        Kind("tanh-gaussian", "tanh, Gaussian", "rnn", "gaussian"),
        Kind("tanh-orthogonal", "tanh, orthogonal", "rnn", "orthogonal"),
        Kind("relu-gaussian", "ReLU, Gaussian", "irnn", "gaussian"),
        Kind("relu-identity", "ReLU, identity", "irnn", "identity"),
        Kind("lstm-0", "LSTM, forget bias 0", "lstm", "orthogonal", 0.0),
        Kind("lstm-1", "LSTM, forget bias 1", "lstm", "orthogonal", 1.0),
        Kind("lstm-1-each", "LSTM, bias 1, each U orthogonal", "lstm", "each", 1.0),
        Kind("gru", "GRU", "gru", "orthogonal"),
    )
}


def model_of(kind: Kind, *, units: int, vocabulary_size: int, seed: int) -> keras.Model:
    """The pipeline's language model with one recurrent layer, started as `kind` says.

    Kinds that share a cell share all other weights, and Gaussian ones the same draw.
    """
    model = small_language_model(
        kind.cell, units=units, embedding_size=units, vocabulary_size=vocabulary_size, seed=seed
    )
    redraw_recurrent(layer_of(model), kind.recurrent, seed, kind.forget_bias)
    return model


def layer_of(model: keras.Model) -> keras.layers.RNN:
    """The recurrent layer of a language model that has one."""
    return model.get_layer("recurrent_1").layer


def embedded(model: keras.Model, ids: np.ndarray) -> np.ndarray:
    """What that layer reads: float64 [rows, time, width]."""
    (embeddings,) = model.get_layer("embedding").get_weights()
    return embeddings.astype(np.float64)[ids]


def equations_of(model: keras.Model) -> SimpleRNN | LSTM | GRU:
    """That layer from its equations, in float64."""
    return cell_of(layer_of(model), "float64")
