"""Logits of many rows, read in batches that fit into memory."""

from __future__ import annotations

import keras
import numpy as np

from pipeline.models import classifier
from pipeline.models.settings import ClassifierSettings
from pipeline.text.ragged import Ragged

SMALL = ClassifierSettings(units=4, embedding_size=8)


def test_long_rows_are_read_a_few_at_a_time(monkeypatch):
    """Rows of any length, in the order given, with the logits that each has alone."""
    keras.utils.set_random_seed(1)
    generator = np.random.default_rng(1)
    lengths = generator.permutation([*[3] * 40, *range(1, 31), *[256] * 70])
    rows = Ragged.from_lengths(generator.integers(4, 20, sum(lengths), np.int32), lengths)
    model = classifier.recurrent_classifier(SMALL, vocabulary_size=20, classes=2)
    predict, places = classifier.predict_batch, []

    def counted(model, inputs):
        places.append(inputs["ids"].size)
        return predict(model, inputs)

    monkeypatch.setattr(classifier, "predict_batch", counted)
    together = classifier.predict_logits(model, rows)
    assert max(places) <= 1 << 13 < 70 * 256
    alone = classifier.predict_logits(model, rows, batch_size=1)
    np.testing.assert_allclose(together, alone, atol=1e-5)
