"""The weights of a finished run."""

from __future__ import annotations

import keras

from pipeline.facts import Trained


def load_best_weights(model: keras.Model, trained: Trained) -> keras.Model:
    """`model`, which was built as in training, with the weights that were best on dev."""
    model.load_weights(trained.weights)
    return model
