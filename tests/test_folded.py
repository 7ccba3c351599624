"""A model as it is served gives what the trained one gives."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from pipeline.layers.piece_recurrent import PieceRecurrent
from pipeline.models.classifier import recurrent_classifier
from pipeline.models.folded import folded
from pipeline.models.settings import ClassifierSettings, EncoderSettings, TaggerSettings
from pipeline.models.tagger import ENCODER_LAYERS, EncoderShape, best_tags, recurrent_tagger
from pipeline.models.text_encoder import text_encoder
from pipeline.text.tags import TagSet
from tests.rounding import FLOAT32

PIECES, NGRAMS = 11, 9
NGRAM_TABLE = np.random.default_rng(2).integers(0, NGRAMS, (PIECES, 3)).astype(np.int32)
LENGTHS = np.array([6, 1, 3, 5], np.int32)
IDS = np.where(
    np.arange(8) < LENGTHS[:, None], np.random.default_rng(1).integers(1, PIECES, (4, 8)), 0
).astype(np.int32)
INPUTS = {"ids": IDS, "lengths": LENGTHS}


def has_piece_recurrent(model: keras.Model) -> bool:
    return any(isinstance(layer, PieceRecurrent) for layer in model.layers)


@pytest.mark.parametrize("ngrams", [0, NGRAMS])
@pytest.mark.parametrize(
    ("cell", "direction", "layers"),
    [
        ("lstm", "both", 1),
        ("lstm", "both", 2),
        ("lstm", "forward", 1),
        ("lstm", "backward", 1),
        ("gru", "both", 1),
        ("bag", "both", 1),
    ],
)
def test_a_classifier(cell, direction, layers, ngrams):
    settings = ClassifierSettings(
        cell=cell,
        direction=direction,
        layers=layers,
        units=5,
        embedding_size=4,
        pooling="mean" if cell == "bag" else "mean+max",
    )
    table = NGRAM_TABLE if ngrams else None
    model = recurrent_classifier(
        settings, vocabulary_size=PIECES, classes=3, ngram_table=table, ngrams=ngrams
    )
    served = folded(model, "embedding", "recurrent_1")
    assert has_piece_recurrent(served) == (cell == "lstm")
    np.testing.assert_allclose(served.predict(INPUTS), model.predict(INPUTS), **FLOAT32)
    if ngrams:
        assert served.count_params() < model.count_params()


@pytest.mark.parametrize("architecture", ["recurrent", "transformer"])
def test_an_encoder(architecture):
    settings = EncoderSettings(
        architecture=architecture, units=8, embedding_size=4, layers=1, heads=2, feed_forward=8
    )
    model = text_encoder(settings, vocabulary_size=PIECES, ngram_table=NGRAM_TABLE, ngrams=NGRAMS)
    served = folded(model, "embedding", "recurrent_1")
    assert has_piece_recurrent(served) == (architecture == "recurrent")
    real = np.arange(8) < LENGTHS[:, None]
    vectors, expected = served.predict(INPUTS), model.predict(INPUTS)
    np.testing.assert_allclose(vectors[real], expected[real], **FLOAT32)


def test_a_tagger_over_an_encoder():
    tags = TagSet(["A", "B"])
    settings = TaggerSettings(units=5, embedding_size=4, ngram_size=3)
    model = recurrent_tagger(
        settings,
        vocabulary_size=PIECES,
        tags=tags,
        ngram_keys=[np.arange(40, dtype=np.int64)],
        encoder=EncoderShape(6, 4, NGRAM_TABLE, NGRAMS),
    )
    names = ENCODER_LAYERS["embedding"], ENCODER_LAYERS["recurrent_1"]
    served = folded(model, *names)
    real = np.arange(8) < LENGTHS[:, None]
    np.testing.assert_allclose(served.predict(INPUTS)[real], model.predict(INPUTS)[real], **FLOAT32)
    decoder = best_tags(model, settings)
    np.testing.assert_array_equal(folded(decoder, *names).predict(INPUTS), decoder.predict(INPUTS))
