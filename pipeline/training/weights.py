"""Reads and writes weights as `.weights.h5` files, which hold arrays only."""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path

import keras

from pipeline.errors import UserError
from pipeline.facts import Trained
from pipeline.workspace import atomic_file


class _InMemory(io.BytesIO):
    """A file in memory for Keras, which looks at the ending of the name."""

    def __str__(self) -> str:
        return "in-memory.weights.h5"


def save_weights(model: keras.Model, path: Path) -> None:
    """Writes the weights of `model`, atomically, without the state of its optimizer.

    HDF5 makes the file in memory, since a full disk makes it fail at any later time, with much
    noise or a crash.

    Raises:
        UserError: the disk is full or may not be written to; `path` is as it was.
    """
    file = _InMemory()
    _without_optimizer(model).save_weights(file)
    with atomic_file(path) as temporary:
        temporary.write_bytes(file.getbuffer())


def load_weights(model: keras.Model, path: Path) -> None:
    """Reads what `save_weights` wrote of `model`; its optimizer stays as it is."""
    _without_optimizer(model).load_weights(path)


def _without_optimizer(model: keras.Model) -> keras.Model:
    """The same layers as a model that is not compiled: Keras takes an optimizer for a part of the
    model, and its averages are three times as large as the weights. A model that is no graph of
    layers says itself what its weights are."""
    compiled, graph_of_layers = hasattr(model, "optimizer"), hasattr(model, "outputs")
    return keras.Model(model.input, model.output) if compiled and graph_of_layers else model


def load_best_weights(model: keras.Model, trained: Trained) -> keras.Model:
    """Loads the weights that were best on dev into `model`, which must be built as in training."""
    model.load_weights(trained.weights)
    return model


def load_initial_weights(model: keras.Model, path: Path) -> None:
    """Loads weights that a training starts from."""
    if not path.name.endswith(".weights.h5"):
        raise UserError(
            "initial weights must be a .weights.h5 file",
            where=path,
            remedy="save them with model.save_weights('name.weights.h5')",
        )
    if not path.is_file():
        raise UserError("no such file", where=path, remedy="check --initial-weights")
    try:
        with warnings.catch_warnings():
            # Keras warns once more about what it raises anyway.
            warnings.simplefilter("ignore")
            model.load_weights(path)
    except (ValueError, OSError, KeyError) as error:
        shapes = re.search(
            r"variable\.shape=(\(.*?\)), Received: value\.shape=(\(.*?\))", str(error)
        )
        reason = f": {shapes[2]} where it wants {shapes[1]}" if shapes else ""
        raise UserError(
            f"does not fit this model{reason}",
            where=path,
            remedy="train with the settings these weights were made with",
        ) from error
