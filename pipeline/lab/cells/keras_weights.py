"""The weights of a Keras layer, gate by gate, as matrices that act on columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops


def gate_weights(
    layer: keras.layers.RNN, gates: str, dtype: str | None
) -> dict[str, tuple[Any, Any, Any]]:
    """Takes the kernels apart.

    Args:
        layer: built, reading from left to right.
        gates: a letter for each gate in the order in which Keras lays them side by side.
        dtype: of the result; None keeps the layer's.

    Returns:
        letter -> (W [n, inputs], U [n, n], bias [n], or [2, n] where Keras has one for the inputs
        and one for the state; zeros if the layer has none).

    Raises:
        ValueError: the layer is not built, or reads backwards.
    """
    if not layer.built:
        raise ValueError(f"{layer.name} is not built yet, so it has no weights")
    if layer.go_backwards:
        raise ValueError(f"{layer.name} reads backwards; reverse its input instead")
    kernel, recurrent, *rest = (np.asarray(w) for w in layer.get_weights())
    dtype = dtype or kernel.dtype
    bias = rest[0] if rest else np.zeros(kernel.shape[1], kernel.dtype)
    parts = [np.split(w, len(gates), axis=-1) for w in (kernel, recurrent, bias)]
    return {
        gate: tuple(ops.convert_to_tensor(w.astype(dtype)) for w in (W.T, U.T, b))
        for gate, W, U, b in zip(gates, *parts, strict=True)
    }


def require_activations(layer: keras.layers.RNN, expected: Mapping[str, str]) -> None:
    """The closed forms hold for these activations alone.

    Raises:
        ValueError: the layer has another one.
    """
    for attribute, name in expected.items():
        found = keras.activations.serialize(getattr(layer, attribute))
        if found != name:
            raise ValueError(f"{layer.name}: {attribute} must be {name!r}, not {found!r}")
