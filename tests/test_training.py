from __future__ import annotations

import dataclasses
import json

import h5py
import keras
import numpy as np
import pandas as pd
import pytest
from keras import ops

from pipeline.batches.length_buckets import LengthBuckets
from pipeline.errors import UserError
from pipeline.models.classifier import predict_logits, recurrent_classifier
from pipeline.models.settings import ClassifierSettings
from pipeline.text.ragged import Ragged
from pipeline.training import checkpoints
from pipeline.training.fit import TrainingPlan, count_tokens, fit
from pipeline.training.losses import PieceCrossEntropy, SmoothedCrossEntropy
from pipeline.training.optimizer import ClippedAdamW, warmup_cosine
from pipeline.training.settings import TrainingSettings
from pipeline.training.weights import load_initial_weights

SMALL = ClassifierSettings(
    units=8, embedding_size=8, embedding_dropout=0.1, piece_dropout=0.05, state_dropout=0.1
)
# What needs no recurrence is tried without: a training is then mostly its building.
BAG = dataclasses.replace(SMALL, cell="bag")
QUICK = TrainingSettings(epochs=3, min_steps=1, batch_size=16, evaluations=6, patience=6, seed=3)


def make_plan(
    batches=None, settings: ClassifierSettings = SMALL, trainings: int = 1
) -> TrainingPlan:
    """Rows whose label is whether the id 9 stands in them: learnable, and quick."""
    generator = np.random.default_rng(0)
    lists = [generator.integers(4, 20, size=generator.integers(1, 12)) for _ in range(240)]
    rows = Ragged.from_lists([[2, *row, 3] for row in lists])
    labels = np.array([int(9 in row) for row in lists], dtype=np.int32)
    keras.utils.set_random_seed(QUICK.seed)
    model = recurrent_classifier(settings, vocabulary_size=20, classes=2)

    def evaluate(model):
        logits = predict_logits(model, rows)
        return {"accuracy": float(np.mean(logits.argmax(1) == labels)), "loss": 0.0}

    def one_epoch(epoch):
        return LengthBuckets(rows, labels, QUICK.batch_size, seed=QUICK.seed, epoch=epoch)

    return TrainingPlan(
        model,
        SmoothedCrossEntropy(),
        batches or one_epoch,
        evaluate,
        monitor="accuracy",
        trainings=trainings,
    )


class KilledError(Exception):
    """The process is gone."""


class Dying:
    """The batches of every epoch, but the process dies before one of them."""

    def __init__(self, epochs, kill_at: int):
        self.epochs, self.left = epochs, kill_at

    def epoch(self, number: int) -> Dying:
        self.batches = self.epochs(number)
        return self

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        if not self.left:
            raise KilledError
        self.left -= 1
        return self.batches[index]


@pytest.mark.parametrize("trainings", [1, 3])
def test_interrupted_training_ends_with_the_same_weights(tmp_path, trainings):
    """Killed in its first epoch, and what goes on from there in its third; where it is learnt
    several times, in the second training, too."""
    straight = make_plan(trainings=trainings)
    fit(straight, QUICK, tmp_path / "straight")

    often = dataclasses.replace(QUICK, checkpoint_seconds=0.0)
    for kill_at, steps in ((10, 10), (27, 37), (30, 67))[: 2 if trainings == 1 else 3]:
        with pytest.raises(KilledError):
            dying = make_plan(Dying(straight.batches, kill_at).epoch, trainings=trainings)
            fit(dying, often, tmp_path / "resumed")
        with np.load(tmp_path / "resumed" / "checkpoint" / "state.npz") as stored:
            assert json.loads(stored["state"].tobytes())["step"] == steps
    resumed = make_plan(trainings=trainings)
    result = fit(resumed, often, tmp_path / "resumed")

    for one, other in zip(straight.model.weights, resumed.model.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
    ours = [c for c in pd.read_csv(tmp_path / "resumed/history.csv") if "second" not in c]
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "resumed/history.csv")[ours],
        pd.read_csv(tmp_path / "straight/history.csv")[ours],
    )
    assert result.steps == 3 * 15 * trainings


def test_the_mean_of_several_trainings_is_kept(tmp_path):
    """Each from the same weights, over the epochs that come next, with a learning rate and moving
    averages that begin anew."""
    dry = dataclasses.replace(
        BAG, embedding_dropout=0.0, piece_dropout=0.0, state_dropout=0.0
    )  # what is drawn goes on from one training to the next
    once = dataclasses.replace(QUICK, evaluations=1)
    plan = make_plan(settings=dry, trainings=3)
    falling = iter([0.9, 0.8, 0.7])  # the mean over more trainings is kept, whatever dev says
    plan = dataclasses.replace(plan, evaluate=lambda _: {"accuracy": next(falling), "loss": 0.0})
    result = fit(plan, once, tmp_path / "together")
    assert (result.steps, result.best_step) == (3 * 3 * 15, 3 * 3 * 15)
    alone = []
    for number in range(3):

        def later(epoch, number=number):
            return plan.batches(3 * number + epoch)

        single = make_plan(later, settings=dry)
        fit(single, once, tmp_path / f"{number}")
        alone.append([np.asarray(weight) for weight in single.model.weights])
    for kept, *each in zip(plan.model.weights, *alone, strict=True):
        mean = np.mean(np.asarray(each, np.float64), axis=0)
        np.testing.assert_allclose(np.asarray(kept), mean, rtol=1e-5, atol=1e-6)
        assert not each[0].size > 1 or not np.allclose(each[0], each[1], atol=1e-4)


def test_training_learns_and_a_finished_one_is_not_repeated(tmp_path):
    plan = make_plan()
    settings = TrainingSettings(epochs=15, min_steps=1, batch_size=16, learning_rate=0.02)
    result = fit(plan, settings, tmp_path)
    assert result.best > 0.9
    again = fit(make_plan(), settings, tmp_path)
    assert dataclasses.replace(again, seconds=0) == dataclasses.replace(result, seconds=0)


def test_best_weights_are_kept_without_the_optimizer(tmp_path):
    """It is three times as large, and only a checkpoint is ever trained on."""
    plan = make_plan(settings=BAG)
    fit(plan, QUICK, tmp_path)
    with h5py.File(tmp_path / "best.weights.h5") as file:
        sizes = []
        file.visititems(
            lambda _, item: sizes.append(item.size) if isinstance(item, h5py.Dataset) else None
        )
    assert sum(sizes) == sum(weight.numpy().size for weight in plan.model.weights)


def test_early_stopping_ends_when_dev_stands_still(tmp_path):
    plan = make_plan(settings=BAG)
    flat = TrainingPlan(
        plan.model, plan.loss, plan.batches, lambda _: {"accuracy": 0.5, "loss": 1.0}, "accuracy"
    )
    settings = TrainingSettings(epochs=50, min_steps=1, batch_size=16, evaluations=50, patience=3)
    result = fit(flat, settings, tmp_path)
    assert result.stopped_early
    assert result.epochs == 4.0  # the first look is the best, three more were not


def test_a_loss_that_is_not_finite_says_what_to_do(tmp_path):
    plan = make_plan(settings=BAG)
    wild = TrainingSettings(epochs=3, batch_size=16, learning_rate=1e30, clip_norm=0.0)
    with pytest.raises(UserError, match="--learning-rate"):
        fit(plan, wild, tmp_path)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "bad",
    [
        {"accuracy": NAN, "loss": 1.0},
        {"accuracy": INF, "loss": 1.0},
        {"accuracy": -INF, "loss": 1.0},
        {"accuracy": np.float32(NAN), "loss": 1.0},
        {"accuracy": 0.9, "loss": NAN},
        {"accuracy": 0.9, "loss": INF},
    ],
)
@pytest.mark.parametrize("good", [0, 2])
def test_a_score_that_is_no_number_ends_the_training(tmp_path, bad, good):
    """At once, with what was best until then as it was, and nothing that is taken for an end."""
    plan = make_plan(settings=BAG)
    asked = []

    def evaluate(model):
        asked.append([np.asarray(weight) for weight in model.weights])
        return {"accuracy": 0.5, "loss": 1.0} if len(asked) <= good else bad

    plan = dataclasses.replace(plan, evaluate=evaluate)
    with pytest.raises(UserError, match="step"):
        fit(plan, QUICK, tmp_path)
    assert len(asked) == good + 1
    assert not (tmp_path / "training.json").exists()
    assert (tmp_path / "best.weights.h5").exists() == bool(good)
    if good:
        assert len(pd.read_csv(tmp_path / "history.csv")) == good
        other = make_plan(settings=BAG).model
        load_initial_weights(other, tmp_path / "best.weights.h5")
        for weight, kept in zip(asked[0], other.weights, strict=True):
            np.testing.assert_array_equal(weight, np.asarray(kept))


def test_a_gradient_that_is_no_number_ends_the_training_before_it_is_kept(tmp_path):
    class Steep(keras.losses.Loss):
        """A finite loss whose gradient is not."""

        def call(self, y_true, y_pred):
            return ops.sqrt(ops.sum(y_pred, axis=-1) * 0.0)

    plan = dataclasses.replace(make_plan(settings=BAG), loss=Steep())
    often = dataclasses.replace(QUICK, checkpoint_seconds=0.0)
    with pytest.raises(UserError, match="gradient"):
        fit(plan, often, tmp_path)
    assert not list(tmp_path.rglob("*.npz"))
    assert not (tmp_path / "best.weights.h5").exists()


def test_nothing_to_train_on_is_said(tmp_path):
    plan = dataclasses.replace(make_plan(settings=BAG), batches=lambda epoch: [])
    with pytest.raises(UserError, match="nothing to train on"):
        fit(plan, QUICK, tmp_path)


@pytest.mark.parametrize("clip_norm", [0.0, 0.05, 1e6])
def test_norm_is_taken_before_clipping_and_clipping_is_exact(clip_norm):
    start = [np.array([[1.0, 2.0]], "float32"), np.array([3.0], "float32")]
    gradients = [np.array([[0.3, -0.4]], "float32"), np.array([1.2], "float32")]
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    scale = min(1.0, clip_norm / norm) if clip_norm else 1.0

    ours = [keras.Variable(v) for v in start]
    optimizer = ClippedAdamW(0.1, clip_norm=clip_norm, epsilon=1.0)
    optimizer.apply([ops.convert_to_tensor(g) for g in gradients], ours)
    theirs = [keras.Variable(v) for v in start]
    reference = keras.optimizers.AdamW(0.1, epsilon=1.0)
    reference.apply([ops.convert_to_tensor(g * scale) for g in gradients], theirs)

    assert float(optimizer.gradient_norm) == pytest.approx(norm, rel=1e-6)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-6)


@pytest.mark.parametrize(("rate", "amsgrad"), [(1.0, False), (0.3, False), (1.0, True)])
def test_steps_are_those_of_keras(rate, amsgrad):
    generator = np.random.default_rng(1)
    start = generator.normal(size=(7, 3)).astype("float32")
    layer, reference = (keras.layers.Embedding(7, 3, name="table") for _ in range(2))
    kind = {"beta_1": 0.8, "beta_2": 0.95, "amsgrad": amsgrad}
    # Weights decay by the rate of all layers, whatever that of theirs is.
    decay, rates = 0.1 * rate, {"table": rate}
    ours = ClippedAdamW(0.02, clip_norm=0.0, rates=rates, weight_decay=decay, **kind)
    theirs = keras.optimizers.AdamW(0.02 * rate, weight_decay=0.1, **kind)
    for of in (layer, reference):
        of.build()
        of.embeddings.assign(start)
    for _ in range(8):
        gradient = generator.normal(size=start.shape).astype("float32")
        ours.apply([ops.convert_to_tensor(gradient)], [layer.embeddings])
        theirs.apply([ops.convert_to_tensor(gradient)], [reference.embeddings])
    np.testing.assert_allclose(
        np.asarray(layer.embeddings), np.asarray(reference.embeddings), rtol=2e-5, atol=1e-6
    )


def test_averages_follow_their_formula():
    weight = keras.Variable(np.array([1.0], "float32"))
    optimizer = ClippedAdamW(0.5, averaging=0.3, weight_decay=0.0)
    optimizer.build([weight])
    expected = np.asarray(optimizer.averages[0])
    for step in range(1, 6):
        optimizer.apply([ops.convert_to_tensor(np.array([1.0], "float32"))], [weight])
        rate = 1 - min(0.3, (1 + step) / (10 + step))
        expected = expected + rate * (np.asarray(weight) - expected)
        np.testing.assert_allclose(np.asarray(optimizer.averages[0]), expected, rtol=1e-6)
    optimizer.assign_averages([weight])
    np.testing.assert_allclose(np.asarray(weight), expected, rtol=1e-6)


def test_norm_sums_repeated_rows_of_an_embedding_first():
    embedding = keras.layers.Embedding(5, 2)
    model = keras.Sequential([keras.Input((3,), dtype="int32"), embedding])
    model.compile(ClippedAdamW(0.0, clip_norm=0.0), "mean_absolute_error", jit_compile=False)
    ids = np.array([[1, 1, 1]], dtype=np.int32)
    far_below = np.full((1, 3, 2), -100.0, dtype="float32")
    model.train_on_batch(ids, far_below)
    # d|e - y|/de = 1/6 at each of six places; the three of row 1 add up to 1/2 in two columns
    assert float(model.optimizer.gradient_norm) == pytest.approx(np.sqrt(2) / 2, rel=1e-5)


def test_schedule_warms_up_and_decays():
    rate = warmup_cosine(0.1, steps=100, warmup_share=0.1)
    values = [float(rate(step)) for step in range(101)]
    assert values[0] == 0.0
    assert values[10] == pytest.approx(0.1)
    assert all(b > a for a, b in zip(values[:10], values[1:11], strict=True))
    assert all(b < a for a, b in zip(values[10:100], values[11:], strict=True))
    assert values[55] == pytest.approx(0.05, rel=1e-3)
    assert values[100] == pytest.approx(0.0, abs=1e-6)
    assert float(warmup_cosine(0.1, 10, 0.0)(0)) == pytest.approx(0.1)


def test_smoothed_cross_entropy_against_keras():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(6, 3)).astype("float32")
    labels = np.array([0, 2, 1, 1, 0, 2])
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    np.testing.assert_allclose(
        float(SmoothedCrossEntropy(0.1)(labels, logits)),
        float(theirs(np.eye(3)[labels], logits)),
        rtol=1e-5,
    )


def test_damaged_or_foreign_checkpoint_is_named(tmp_path):
    plan = make_plan()
    plan.model.compile(ClippedAdamW(), plan.loss, jit_compile=False)
    plan.model.optimizer.build(plan.model.trainable_variables)
    assert checkpoints.load(tmp_path) is None
    checkpoints.save(tmp_path, plan.model, {"step": 4})
    stored = checkpoints.load(tmp_path)
    assert stored.state == {"step": 4}
    stored.restore(plan.model)

    other = recurrent_classifier(
        ClassifierSettings(units=4, embedding_size=8), vocabulary_size=20, classes=2
    )
    other.compile(ClippedAdamW(), plan.loss, jit_compile=False)
    with pytest.raises(UserError, match="has shape"):
        stored.restore(other)
    path = tmp_path / "state.npz"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match="delete this file"):
        checkpoints.load(tmp_path)


def test_initial_weights(tmp_path):
    source, target = make_plan().model, make_plan().model
    source.layers[-1].bias.assign([5.0, -5.0])
    path = tmp_path / "a.weights.h5"
    source.save_weights(path)
    load_initial_weights(target, path)
    np.testing.assert_array_equal(np.asarray(target.layers[-1].bias), [5.0, -5.0])
    wider = recurrent_classifier(SMALL, vocabulary_size=21, classes=2)
    with pytest.raises(UserError, match="does not fit"):
        load_initial_weights(wider, path)
    with pytest.raises(UserError, match="no such file"):
        load_initial_weights(target, tmp_path / "b.weights.h5")
    with pytest.raises(UserError, match=r"must be a \.weights\.h5"):
        load_initial_weights(target, tmp_path / "model.h5")


def test_piece_cross_entropy_counts_every_real_piece_alike():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(3, 4, 5)).astype("float32")
    labels = np.array([[1, 4, 0, 2], [3, -1, -1, -1], [0, 2, -1, -1]])
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    real = labels >= 0
    chosen = np.take_along_axis(log_p, np.maximum(labels, 0)[..., None], axis=-1)[..., 0]
    assert float(PieceCrossEntropy()(labels, logits)) == pytest.approx(
        -chosen[real].sum() / real.sum(), rel=1e-5
    )


def test_smoothed_piece_cross_entropy_equals_the_other_one_on_rows_of_one_piece():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(6, 3)).astype("float32")
    labels = np.array([0, 2, 1, 1, 0, 2])
    np.testing.assert_allclose(
        float(PieceCrossEntropy(0.1)(labels[:, None], logits[:, None])),
        float(SmoothedCrossEntropy(0.1)(labels, logits)),
        rtol=1e-5,
    )


def test_speed_is_counted_in_lengths_or_in_rows():
    assert count_tokens({"ids": np.zeros((3, 9)), "lengths": np.array([2, 3, 9])}) == 14
    assert count_tokens({"pixels": np.zeros((5, 8, 8, 1))}) == 5
