"""Probabilities in the place of labels: what is learnt from them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.labelled.labelled_file import read_labelled
from pipeline.corpora.splits import read_split
from pipeline.tasks.base import find_task
from pipeline.tasks.sentiment.training import load_targets
from pipeline.training.distillation import DistillationLoss, SoftTargets
from pipeline.training.losses import SmoothedCrossEntropy
from pipeline.workspace import read_json
from probability_tables import table

LOGITS = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32) * 3
TAUGHT = np.random.default_rng(2).dirichlet([0.5] * 3, size=5).astype(np.float32)
NO_LABEL = np.full(5, -1)


def loss(targets: SoftTargets, logits: np.ndarray = LOGITS) -> np.ndarray:
    """Of each row."""
    function = DistillationLoss(targets.temperature, reduction=None)
    return np.asarray(function(targets[np.arange(len(logits))], logits))


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_at_temperature_1_it_is_the_usual_cross_entropy():
    usual = keras.losses.CategoricalCrossentropy(from_logits=True, reduction=None)
    np.testing.assert_allclose(
        loss(SoftTargets(TAUGHT, NO_LABEL)), usual(TAUGHT, LOGITS), rtol=1e-5
    )


@given(st.floats(0.3, 20), st.floats(0, 1))
def test_at_any_temperature_it_is_that_of_the_paper(temperature, share):
    """Written with the teacher's logits, as there; and with a label beside them."""
    labels = np.array([0, 1, 2, 1, -1])
    teacher = np.random.default_rng(3).normal(size=(5, 3)) * 2
    targets = SoftTargets(
        softmax(teacher).astype(np.float32), labels, temperature=temperature, label_share=share
    )
    soft = -(softmax(teacher / temperature) * np.log(softmax(LOGITS / temperature))).sum(axis=1)
    hard = -np.log(softmax(LOGITS.astype(float)))[np.arange(5), labels]
    weight = np.where(labels < 0, 0, share)
    expected = (1 - weight) * temperature**2 * soft + weight * hard
    np.testing.assert_allclose(loss(targets), expected, rtol=1e-3)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_a_row_with_a_label_alone_is_learnt_as_ever(smoothing, temperature):
    labels = np.array([2, 0, 1, 1, 2])
    targets = SoftTargets(
        np.full((5, 3), np.nan, np.float32),
        labels,
        temperature=temperature,
        label_smoothing=smoothing,
    )
    usual = SmoothedCrossEntropy(smoothing, reduction=None)(labels, LOGITS)
    np.testing.assert_allclose(loss(targets), usual, rtol=1e-5)


def test_the_gradient_does_not_shrink_with_the_temperature():
    """At a high one it is (z - v) / labels of logits around 0 (section 2.1 of the paper)."""
    teacher, student = TAUGHT - TAUGHT.mean(axis=1, keepdims=True), tf.Variable(LOGITS * 0.1)
    targets = SoftTargets(softmax(teacher).astype(np.float32), NO_LABEL, temperature=50.0)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(DistillationLoss(50.0, reduction=None)(targets[:], student))
    z = LOGITS * 0.1 - (LOGITS * 0.1).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(tape.gradient(total, student), (z - teacher) / 3, atol=2e-3)


def test_certain_teachers_are_no_trouble():
    """0 and 1, at any temperature; and what float32 can hardly hold."""
    certain = np.array([[1, 0], [1 - 1e-7, 1e-30], [0.5, 0.5]], np.float32)
    for temperature in (0.1, 1.0, 100.0):
        targets = SoftTargets(certain, np.full(3, -1), temperature=temperature)
        assert np.isfinite(targets[np.arange(3)]).all()
        assert np.isfinite(loss(targets, LOGITS[:3, :2] * 30)).all()


def words_with_probabilities(path: Path, every: int = 1) -> Path:
    """160 texts of which one word tells all; of every so many there are probabilities, no label."""
    rows: list[list[object]] = []
    for number in range(160):
        good = number % 4 > 1
        text = f"{number}번 손님은 {'최고' if good else '별로'}라고 했다"
        share = 0.9 if good else 0.2
        rows.append([text, int(good), "", ""] if number % every else [text, "", 1 - share, share])
    return table(path, ["text", "label", "0", "1"], rows)


def small(task, corpus: Path, **distillation):
    tiny = task.tiny
    return dataclasses.replace(
        tiny,
        corpus=dataclasses.replace(tiny.corpus, corpus=str(corpus)),
        model=dataclasses.replace(tiny.model, cell="bag", ngrams="none", embedding_size=8),
        training=dataclasses.replace(tiny.training, epochs=12, evaluations=2, learning_rate=0.05),
        distillation=dataclasses.replace(tiny.distillation, **distillation),
    )


@pytest.mark.parametrize("every", [1, 2])
def test_splits_and_arrays_keep_them(new_run, tmp_path, every):
    corpus = words_with_probabilities(tmp_path / "my.tsv", every)
    settings = small(find_task("sentiment"), corpus)
    run = new_run("sentiment", settings)
    run.do("corpus", "prepare")
    train = read_split(run.corpus / "train.tsv")
    assert list(train.columns) == ["id", "text", "label", "P(0)", "P(1)", "labelled"]
    targets = load_targets(settings, run.prepared)
    assert isinstance(targets, SoftTargets)
    own = (train["labelled"] == "yes").to_numpy(bool)
    np.testing.assert_array_equal(targets.labels >= 0, own)
    np.testing.assert_array_equal(np.isnan(targets.probabilities).any(axis=1), own)
    assert own.any() == (every == 2)
    good = train["text"].str.contains("최고").to_numpy(bool)
    np.testing.assert_allclose(
        targets.probabilities[~own, 1], np.where(good, 0.9, 0.2)[~own], atol=1e-6
    )
    # What a stage wrote can be read as a corpus, too.
    again = read_labelled(run.corpus / "train.tsv")
    pd.testing.assert_frame_equal(
        again.frame.drop(columns="labelled"), train.drop(columns="labelled")
    )


def test_they_are_learnt_from(new_run, tmp_path):
    corpus = words_with_probabilities(tmp_path / "my.tsv", 2)
    settings = small(find_task("sentiment"), corpus, temperature=2.0, label_share=0.3)
    run = new_run("sentiment", settings)
    run.do("corpus", "prepare", "train", "evaluate")
    assert read_json(run.run / "metrics.json")["accuracy"] > 0.8


def test_a_corpus_with_labels_alone_has_the_targets_it_had(finished):
    run = finished("sentiment")
    targets = load_targets(run.task.tiny, run.prepared)
    assert isinstance(targets, np.ndarray)
    assert targets.dtype == np.int32
    plan = run.task.training.plan(run.task.tiny, run.prepared)
    assert type(plan.loss) is SmoothedCrossEntropy
    assert not list(run.prepared.glob("*probabilities*"))
    assert list(read_split(run.corpus / "train.tsv").columns) == ["id", "text", "label"]
