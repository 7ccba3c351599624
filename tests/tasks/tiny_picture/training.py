"""Pixels to a small classifier that can be trained."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from pipeline.facts import Trained
from pipeline.tasks.tiny_picture.data import LABELS
from pipeline.tasks.tiny_picture.settings import Settings
from pipeline.training.fit import TrainingPlan
from pipeline.training.weights import load_best_weights


def plan(settings: Settings, prepared_folder: Path) -> TrainingPlan:
    training = settings.training
    pixels, labels = load(prepared_folder, "train")
    dev_pixels, dev_labels = load(prepared_folder, "dev")

    def batches(epoch: int) -> list:
        order = np.random.default_rng((training.seed, epoch)).permutation(len(labels))
        parts = np.split(order, range(training.batch_size, len(order), training.batch_size))
        return [({"pixels": pixels[rows]}, labels[rows]) for rows in parts]

    def evaluate(model: keras.Model) -> dict[str, float | str]:
        loss = float(model.test_on_batch({"pixels": dev_pixels}, dev_labels))
        logits = np.asarray(model.predict_on_batch({"pixels": dev_pixels}))
        return {"accuracy": float(np.mean(logits.argmax(axis=1) == dev_labels)), "loss": loss}

    return TrainingPlan(
        model=build_model(settings),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        batches=batches,
        evaluate=evaluate,
        monitor="accuracy",
        tokens=lambda inputs: len(inputs["pixels"]),
    )


def load(prepared_folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels float32 [n, size, size, 1] and label numbers int32 [n] of a split."""
    with np.load(prepared_folder / f"{split}.npz", allow_pickle=False) as stored:
        return stored["pixels"], stored["labels"]


def build_model(settings: Settings) -> keras.Model:
    """How much neighbouring pixels differ down and across, to logits."""
    size = settings.pictures.size
    pixels = keras.Input((size, size, 1), name="pixels")
    down = keras.ops.abs(pixels[:, 1:] - pixels[:, :-1])
    across = keras.ops.abs(pixels[:, :, 1:] - pixels[:, :, :-1])
    means = [keras.ops.mean(part, axis=(1, 2)) for part in (down, across)]
    logits = keras.layers.Dense(len(LABELS))(keras.ops.concatenate(means, axis=-1))
    return keras.Model({"pixels": pixels}, logits)


def trained_model(settings: Settings, trained: Trained) -> keras.Model:
    return load_best_weights(build_model(settings), trained)
