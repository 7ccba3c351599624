"""Puts the weights of a pretrained encoder into a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import keras

from pipeline.errors import UserError
from pipeline.pretrained import ENCODER, read_weights


def has_encoder(prepared_folder: Path) -> bool:
    """Whether a prepared folder has a pretrained encoder."""
    return (prepared_folder / ENCODER).exists()


def start_from(
    model: keras.Model,
    prepared_folder: Path,
    rate: float,
    layers: Mapping[str, str] | None = None,
) -> dict[str, float]:
    """Puts the weights of the encoder in a prepared folder into the layers of a model.

    Args:
        model: built, untrained.
        prepared_folder: with an encoder in it (`pretrained.ENCODER`), or none: then nothing is
            changed.
        rate: learning rate of these layers, as a part of that of the rest; with 0 they are not
            trained.
        layers: layer of the encoder -> what it is called in the model; without it, the same.

    Returns:
        Layer -> rate, for the optimizer.

    Raises:
        UserError: a weight has another shape than the model's.
    """
    folder = prepared_folder / ENCODER
    if not has_encoder(prepared_folder):
        return {}
    started = set()
    for name, array in read_weights(folder).items():
        layer_name, number = name.split("/")
        own = layer_name if layers is None else layers[layer_name]
        weight = model.get_layer(own).trainable_variables[int(number)]
        if tuple(weight.shape) != array.shape:
            raise UserError(
                f"{name} has the shape {array.shape}, and the model wants {tuple(weight.shape)}",
                where=folder,
                remedy="use the settings that the encoder was made with, or --encoder none",
            )
        weight.assign(array)
        started.add(own)
    if rate == 0:
        for own in started:
            model.get_layer(own).trainable = False
    return {} if rate in (0, 1) else dict.fromkeys(sorted(started), rate)
