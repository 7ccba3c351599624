"""What TensorFlow says that nobody can use."""

from __future__ import annotations

import logging

import keras
import numpy as np

from pipeline import quiet


def models_of_several_shapes() -> None:
    """Every function is traced twice, which is as often as it must be."""
    for _ in range(6):
        model = keras.Sequential([keras.Input((None, 2)), keras.layers.Dense(1)])
        for length in (2, 3):
            model.predict_on_batch(np.zeros((1, length, 2), "float32"))


def test_a_few_shapes_of_several_models_are_no_warning(caplog):
    """And without the filter they are, so there is something to filter."""
    logger = logging.getLogger("tensorflow")
    logger.removeFilter(quiet._of_use)
    models_of_several_shapes()
    assert "retracing" in caplog.text
    caplog.clear()
    quiet.start_keras()
    models_of_several_shapes()
    assert "retracing" not in caplog.text
    logger.warning("something else")
    assert "something else" in caplog.text
