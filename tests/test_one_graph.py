"""Steps and predictions by one graph, beside those of Keras, which builds one for each shape."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from pipeline.models.classifier import recurrent_classifier
from pipeline.models.one_graph import predict_batch, training_step
from pipeline.models.settings import ClassifierSettings
from pipeline.training.losses import SmoothedCrossEntropy
from pipeline.training.optimizer import ClippedAdamW

SHAPES = ((5, 7), (5, 4), (3, 9), (1, 2))


def compiled() -> keras.Model:
    keras.utils.set_random_seed(2)
    settings = ClassifierSettings(
        cell="bag", embedding_size=4, embedding_dropout=0.0, piece_dropout=0.0, state_dropout=0.0
    )
    model = recurrent_classifier(settings, vocabulary_size=20, classes=3)
    model.compile(ClippedAdamW(0.05, averaging=0.5), SmoothedCrossEntropy(0.1), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def batch(rows: int, time: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    generator = np.random.default_rng((rows, time))
    ids = generator.integers(4, 20, (rows, time)).astype(np.int32)
    lengths = generator.integers(1, time + 1, rows).astype(np.int32)
    ids[np.arange(time) >= lengths[:, None]] = 0
    return {"ids": ids, "lengths": lengths}, generator.integers(0, 3, rows).astype(np.int32)


def test_steps_and_answers_are_those_of_keras():
    ours, theirs, graphs = compiled(), compiled(), []
    take, answer = ours.train_step, ours.predict_step
    ours.train_step = lambda data: (graphs.append("training"), take(data))[1]
    ours.predict_step = lambda data: (graphs.append("prediction"), answer(data))[1]
    step = training_step(ours)
    for shape in SHAPES:
        inputs, targets = batch(*shape)
        expected = theirs.train_on_batch(inputs, targets)
        assert step(inputs, targets) == pytest.approx(float(expected), rel=1e-5)
        np.testing.assert_allclose(
            predict_batch(ours, inputs), theirs.predict_on_batch(inputs), rtol=1e-4, atol=1e-5
        )
    assert graphs == ["training", "prediction"]
    variables = zip(
        [*ours.variables, *ours.optimizer.variables],
        [*theirs.variables, *theirs.optimizer.variables],
        strict=True,
    )
    for one, other in variables:
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
