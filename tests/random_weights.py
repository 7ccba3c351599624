"""Models that have learnt nothing, but say something else to everybody."""

from __future__ import annotations

from typing import TypeVar

import keras
import numpy as np

Layer = TypeVar("Layer", bound=keras.layers.Layer)


def randomized(
    model: Layer, *, seed: int = 5, scale: float = 0.5, matrices_only: bool = False
) -> Layer:
    """`model` itself, with all that it could learn drawn anew.

    Args:
        model: built.
        seed: of the draw.
        scale: standard deviation of every number.
        matrices_only: vectors, as biases, stay what they are.
    """
    generator = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        if len(weight.shape) > 1 or not matrices_only:
            weight.assign(generator.normal(scale=scale, size=weight.shape))
    return model
