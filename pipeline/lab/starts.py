"""Language models whose random start is a function of a seed alone."""

from __future__ import annotations

import math

import keras
import numpy as np

from pipeline.layers.carried_recurrent import CarriedRecurrent
from pipeline.models.language_model import language_model
from pipeline.models.settings import LanguageModelSettings


def started(
    settings: LanguageModelSettings,
    *,
    vocabulary_size: int,
    seed: int,
    gain: float | None = None,
) -> keras.Model:
    """The pipeline's language model, its weights drawn from `seed` whatever was drawn before.

    Each weight is drawn as its layer draws it: embeddings with a standard deviation of 1/√width,
    kernels as Glorot and Bengio 2010 do, recurrent kernels orthogonal, but for the ReLU RNN's,
    which is the identity (Le et al. 2015); biases are what they are.

    Args:
        settings, vocabulary_size: as `pipeline.models.language_model.language_model` takes them.
        seed: of all draws.
        gain: g of recurrent kernels with independent entries N(0, g²/n) in the place of
            orthogonal ones. Random networks with tanh are chaotic for g > 1: Sompolinsky et al.
            1988, Physical Review Letters 61(3).
    """
    model = language_model(settings, vocabulary_size=vocabulary_size)
    draws = iter(np.random.SeedSequence(seed).generate_state(len(model.weights)).tolist())
    for layer in model.layers:
        parts = layer.layer.cell if isinstance(layer, CarriedRecurrent) else layer
        for weight in parts.trainable_weights:
            if len(weight.shape) > 1:
                chosen = _start_of(weight, settings.cell, next(draws), gain)
                weight.assign(chosen(weight.shape))
    return model


def _start_of(weight, cell: str, seed: int, gain: float | None) -> keras.initializers.Initializer:
    if weight.name == "embeddings":
        return keras.initializers.RandomNormal(stddev=weight.shape[1] ** -0.5, seed=seed)
    if weight.name != "recurrent_kernel":
        return keras.initializers.GlorotUniform(seed=seed)
    if gain is None and cell == "irnn":
        return keras.initializers.Identity()
    if gain is None:
        return keras.initializers.Orthogonal(seed=seed)
    return keras.initializers.RandomNormal(stddev=gain / math.sqrt(weight.shape[0]), seed=seed)
