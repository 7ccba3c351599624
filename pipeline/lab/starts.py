"""Random starts of Keras layers that are a function of a seed alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import keras
import numpy as np

from pipeline.layers.carried_recurrent import CarriedRecurrent
from pipeline.models.language_model import language_model
from pipeline.models.settings import LanguageModelSettings

RecurrentStart = Literal["gaussian", "small", "identity", "orthogonal", "each"]
SMALL_NORM = 0.9
"""Below 1, so that the gradient has to vanish."""


def draw_weights(
    layers: Sequence[keras.layers.Layer], seed: int | tuple[int, ...], gain: float | None = None
) -> None:
    """Draws the weights of built layers anew, whatever was drawn or learnt before.

    Embeddings get a standard deviation of 1/√width, kernels start as Glorot and Bengio 2010 have
    it, recurrent kernels orthogonal, but for the ReLU RNN's, which is the identity (Le et al.
    2015). Biases are 0, and that of an LSTM's forget gate 1.

    Args:
        layers: Embedding, Dense, SimpleRNN, LSTM or GRU; one draw each for every matrix, in order.
        seed: of all draws.
        gain: g of recurrent kernels with independent entries N(0, g²/n) in the place of
            orthogonal ones. Random networks with tanh are chaotic for g > 1: Sompolinsky et al.
            1988, Physical Review Letters 61(3).
    """
    weights = [(layer, weight) for layer in layers for weight in layer.trainable_weights]
    draws = iter(np.random.SeedSequence(seed).generate_state(len(weights)).tolist())
    for layer, weight in weights:
        if weight.name == "bias":
            bias = np.zeros(weight.shape)
            if isinstance(layer, keras.layers.LSTM):
                bias[_forget_gate(layer)] = 1.0
            weight.assign(bias)
        else:
            initializer = _initializer(layer, weight, next(draws), gain)
            weight.assign(initializer(weight.shape))


def _initializer(layer, weight, seed: int, gain: float | None) -> keras.initializers.Initializer:
    if weight.name == "embeddings":
        return keras.initializers.RandomNormal(stddev=weight.shape[1] ** -0.5, seed=seed)
    if weight.name != "recurrent_kernel":
        return keras.initializers.GlorotUniform(seed=seed)
    if gain is not None:
        return keras.initializers.RandomNormal(stddev=gain / math.sqrt(layer.units), seed=seed)
    if isinstance(layer.recurrent_initializer, keras.initializers.Identity):
        return keras.initializers.Identity()
    return keras.initializers.Orthogonal(seed=seed)


def redraw_recurrent(
    layer: keras.layers.RNN, start: RecurrentStart, seed: int, forget_bias: float | None = None
) -> None:
    """Draws the recurrent weights of a layer from `draw_weights` anew and leaves the others.

    Args:
        layer: SimpleRNN, LSTM or GRU with n units.
        start: "gaussian": N(0, 1/n); "small": these, scaled to the norm `SMALL_NORM`; "identity";
            "each": every gate's matrix orthogonal by itself; "orthogonal": they stay.
        seed: of all draws; Gaussian ones are the same but for their scale.
        forget_bias: of an LSTM; None keeps it.
    """
    units, (kernel, recurrent, bias) = layer.units, layer.get_weights()
    generator = np.random.default_rng((seed, 1))
    match start:
        case "gaussian" | "small":
            recurrent = generator.normal(size=recurrent.shape) / math.sqrt(units)
            if start == "small":
                recurrent *= SMALL_NORM / np.linalg.norm(recurrent, 2)
        case "identity":
            recurrent = np.eye(units)
        case "each":
            draws = generator.integers(2**31, size=recurrent.shape[1] // units).tolist()
            own = [keras.initializers.Orthogonal(seed=draw)((units, units)) for draw in draws]
            recurrent = np.concatenate([np.asarray(U) for U in own], axis=1)
    if forget_bias is not None:
        bias[_forget_gate(layer)] = forget_bias
    layer.set_weights([kernel, recurrent, bias])


def _forget_gate(layer: keras.layers.LSTM) -> slice:
    return slice(layer.units, 2 * layer.units)  # Keras has the gates i, f, C, o side by side


def small_language_model(
    cell: str,
    *,
    units: int,
    embedding_size: int,
    vocabulary_size: int,
    seed: int,
    gain: float | None = None,
) -> keras.Model:
    """The pipeline's language model with one recurrent layer, without dropout.

    Args:
        cell, units, embedding_size: as in `pipeline.models.settings.LanguageModelSettings`.
        vocabulary_size: as `pipeline.models.language_model.language_model` takes it.
        seed, gain: as `draw_weights` takes them.
    """
    shape = LanguageModelSettings(
        cell=cell, units=units, embedding_size=embedding_size,
        embedding_dropout=0.0, state_dropout=0.0,
    )  # fmt: skip
    model = language_model(shape, vocabulary_size=vocabulary_size)
    layers = [each.layer if isinstance(each, CarriedRecurrent) else each for each in model.layers]
    draw_weights(layers, seed, gain)
    return model
