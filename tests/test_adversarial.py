"""A batch that is learnt a second time with the vectors of its pieces moved."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from pipeline.models.classifier import recurrent_classifier
from pipeline.models.one_graph import training_step
from pipeline.models.settings import ClassifierSettings, TaggerSettings
from pipeline.models.tagger import recurrent_tagger
from pipeline.text.tags import TagSet
from pipeline.training.adversarial import adversarial_model
from pipeline.training.losses import SmoothedCrossEntropy
from pipeline.training.optimizer import ClippedAdamW
from pipeline.training.settings import AdversarialSettings
from pipeline.training.weights import save_weights

DRY = ClassifierSettings(
    cell="bag",
    embedding_size=5,
    pooling="mean",
    embedding_dropout=0.0,
    piece_dropout=0.0,
    state_dropout=0.0,
)
LENGTHS = np.array([6, 3, 1, 4], np.int32)
IDS = np.where(
    np.arange(6) < LENGTHS[:, None], np.random.default_rng(1).integers(2, 12, (4, 6)), 0
).astype(np.int32)
INPUTS = {"ids": IDS, "lengths": LENGTHS}
LABELS = np.array([0, 2, 1, 0], np.int32)


def bag(settings: ClassifierSettings = DRY) -> keras.Model:
    keras.utils.set_random_seed(3)
    return recurrent_classifier(settings, vocabulary_size=12, classes=3)


def in_numpy(weights, vectors, every: int = 1):
    """Loss of a bag of embeddings over each so many-th row, and its gradients: of all vectors, of
    kernel and bias."""
    _, kernel, bias = weights
    counted = (np.arange(4) % every == 0) / len(range(0, 4, every))
    real = (np.arange(6) < LENGTHS[:, None])[..., None]
    means = (vectors * real).sum(1) / LENGTHS[:, None]
    logits = means @ kernel + bias
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    loss = -np.log(probabilities[np.arange(4), LABELS]) @ counted
    error = (probabilities - np.eye(3)[LABELS]) * counted[:, None]
    of_vectors = np.where(real, ((error @ kernel.T) / LENGTHS[:, None])[:, None], 0)
    return loss, of_vectors, means.T @ error, error.sum(0)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_step_follows_the_mean_of_both_gradients(every):
    """Held to formulas in NumPy."""
    model = bag()
    before = [np.asarray(weight, np.float64) for weight in model.trainable_variables]
    model = adversarial_model(model, AdversarialSettings(0.4, every))
    model.compile(keras.optimizers.SGD(1.0), SmoothedCrossEntropy(0.0))
    loss = training_step(model)(INPUTS, LABELS)

    vectors = before[0][IDS]
    expected, *plain = in_numpy(before, vectors)
    mean_length = np.linalg.norm(vectors, axis=-1)[IDS > 0].mean()
    row_norms = np.sqrt((plain[0] ** 2).sum((1, 2), keepdims=True))
    there = vectors + 0.4 * mean_length * plain[0] / row_norms
    moved_loss, *moved = in_numpy(before, there, every)
    assert loss == pytest.approx(expected, rel=1e-5)
    assert moved_loss > in_numpy(before, vectors, every)[0]
    of_vectors, of_kernel, of_bias = ((a + b) / 2 for a, b in zip(plain, moved, strict=True))
    of_table = np.zeros_like(before[0])
    np.add.at(of_table, IDS, of_vectors)
    after = [np.asarray(weight) for weight in model.trainable_variables]
    steps = (of_table, of_kernel, of_bias)
    for found, start, step in zip(after, before, steps, strict=True):
        np.testing.assert_allclose(found, start - step, rtol=1e-4, atol=1e-6)


def test_weights_are_those_of_the_model_itself(tmp_path):
    plain = bag()
    moving = adversarial_model(plain, AdversarialSettings(0.3))
    assert adversarial_model(plain, AdversarialSettings(0.0)) is plain
    assert [v.path for v in moving.variables] == [v.path for v in plain.variables]
    moving.compile(ClippedAdamW(0.1), SmoothedCrossEntropy(0.0))
    training_step(moving)(INPUTS, LABELS)
    save_weights(moving, tmp_path / "best.weights.h5")
    other = recurrent_classifier(DRY, vocabulary_size=12, classes=3)
    other.load_weights(tmp_path / "best.weights.h5")
    np.testing.assert_array_equal(other.predict(INPUTS), plain.predict(INPUTS))


def test_what_is_dropped_is_drawn_for_each_pass():
    """And goes on from step to step: no two steps of the same weights are alike."""
    wet = dataclasses.replace(DRY, embedding_dropout=0.5, state_dropout=0.5)
    model = adversarial_model(bag(wet), AdversarialSettings(0.3))
    model.compile(keras.optimizers.SGD(0.0), SmoothedCrossEntropy(0.0))
    step = training_step(model)
    losses = [step(INPUTS, LABELS) for _ in range(4)]
    assert len(set(losses)) == 4


def test_a_tagger_learns_from_moved_vectors():
    """All of its embeddings are moved, those of runs of pieces too; padding stays where it is."""
    tags = TagSet(["A", "B"])
    settings = TaggerSettings(
        units=6,
        embedding_size=8,
        ngram_size=4,
        **dict.fromkeys(
            ("embedding_dropout", "piece_dropout", "ngram_dropout", "ngram_row_dropout"), 0.0
        ),
        state_dropout=0.0,
    )
    keys = [np.arange(40, dtype=np.int64)]
    keras.utils.set_random_seed(3)
    plain = recurrent_tagger(settings, vocabulary_size=12, tags=tags, ngram_keys=keys)
    targets = np.where(IDS > 0, 1 + IDS % 2, 0).astype(np.int32)
    model = adversarial_model(plain, AdversarialSettings(0.3))
    model.compile(ClippedAdamW(0.02), plain.get_layer("crf").loss)
    step = training_step(model)
    losses = [step(INPUTS, targets) for _ in range(30)]
    assert losses[-1] < losses[0] / 3
