"""The tagger of a finished run for serving; on TensorFlow, which no training on JAX imports."""

from __future__ import annotations

import keras

from pipeline.facts import Trained
from pipeline.models.folded import folded
from pipeline.models.tagger import ENCODER_LAYERS, best_tags
from pipeline.tasks.ner.settings import Settings
from pipeline.tasks.ner.training import trained_tagger


def trained_decoder(settings: Settings, trained: Trained) -> keras.Model:
    """The model of a finished run with its best weights; it returns the chosen tags."""
    return served(best_tags(trained_tagger(settings, trained), settings.model))


def served(model: keras.Model, *, quicker: bool = True) -> keras.Model:
    """The tagger for serving: `folded`, if it reads the states of an encoder.

    Args:
        quicker: whether its encoder is replaced by a faster layer for TensorFlow alone.
    """
    table, recurrent = ENCODER_LAYERS["embedding"], ENCODER_LAYERS["recurrent_1"]
    if table not in {layer.name for layer in model.layers}:
        return model
    return folded(model, table, recurrent if quicker else None)
