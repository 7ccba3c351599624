"""The picture encoder that comes with the project: its files, facts, and the model."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pipeline.byte_planes import read_planes, write_planes
from pipeline.errors import UserError
from pipeline.pictures.efficientnet import efficientnet_lite0, set_weights
from pipeline.pretrained import SHIPPED
from pipeline.records import as_json, from_json
from pipeline.workspace import is_what_was_written, read_json, sha256, write_record

NAME = "efficientnet-lite0"
RECORD, WEIGHTS = "picture_encoder.json", "picture_encoder.npz"
_REMEDY = "get data/pretrained anew"


@dataclasses.dataclass(frozen=True)
class PictureEncoderFacts:
    """Facts about a picture encoder, stored in its folder.

    Attributes:
        title: its name, for people.
        source: origin of its weights.
        licence: of the weights.
        trained_on: data that they were trained on.
        weights: sha256 of the file with the weights.
    """

    title: str
    source: str
    licence: str
    trained_on: str
    weights: str = ""


def write_picture_encoder(
    folder: Path, facts: PictureEncoderFacts, arrays: Mapping[str, np.ndarray]
) -> None:
    """Writes weights and record into `folder`.

    Args:
        arrays: as of `pipeline.pictures.efficientnet.set_weights`.
    """
    write_planes(folder / WEIGHTS, arrays, planes=3)
    facts = dataclasses.replace(facts, weights=sha256(folder / WEIGHTS))
    write_record(folder / RECORD, as_json(facts))


def read_facts(folder: Path = SHIPPED / NAME) -> PictureEncoderFacts:
    """Reads the facts about the encoder in `folder`, and checks its weights.

    Raises:
        UserError: a file is absent, damaged or was changed.
    """
    values = read_json(folder / RECORD)
    facts = from_json(PictureEncoderFacts, values, where=folder / RECORD)
    path = folder / WEIGHTS
    if not is_what_was_written(path, facts.weights):
        state = "is not what was written" if path.exists() else "is gone"
        raise UserError(state, where=path, remedy=_REMEDY)
    return facts


@functools.cache
def load_picture_encoder(folder: Path = SHIPPED / NAME) -> keras.Model:
    """The network with its weights: pixels float32 [batch, 224, 224, 3] from 0 to 255 -> features
    float32 [batch, 7, 7, 1280].

    It is read once per process; later calls return the same model.

    Raises:
        UserError: a file is absent, damaged or was changed.
    """
    read_facts(folder)
    model = efficientnet_lite0()
    arrays = read_planes(folder / WEIGHTS, _REMEDY)
    try:
        set_weights(model, arrays)
    except ValueError as error:
        raise UserError(str(error), where=folder / WEIGHTS, remedy=_REMEDY) from error
    model.trainable = False
    return model


def as_constants(model: keras.Model) -> Callable[[tf.Tensor], tf.Tensor]:
    """The network as a function for graphs, with its weights as constants: they are no variables of
    the trained model, and are stored once, even if several signatures use them."""
    values = [tf.constant(variable.numpy()) for variable in model.variables]
    trainable = len(model.trainable_variables)

    spec = tf.TensorSpec([None, *model.input_shape[1:]])

    @tf.function(autograph=False, input_signature=[spec])
    def features(pixels: tf.Tensor) -> tf.Tensor:
        return model.stateless_call(values[:trainable], values[trainable:], pixels)[0]

    return features
