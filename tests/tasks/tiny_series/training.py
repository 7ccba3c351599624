"""Windows to a linear model that can be trained."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from pipeline.facts import Trained
from pipeline.tasks.tiny_series.settings import Settings
from pipeline.training.fit import TrainingPlan
from pipeline.training.weights import load_best_weights


class Batches:
    """Some windows at a time, in an order that hangs on the seed and the epoch."""

    def __init__(self, arrays: dict[str, np.ndarray], size: int, seed: int, epoch: int):
        order = np.random.default_rng((seed, epoch)).permutation(len(arrays["history"]))
        self.arrays = {name: array[order] for name, array in arrays.items()}
        self.size = size

    def __len__(self) -> int:
        return -(-len(self.arrays["history"]) // self.size)

    def __getitem__(self, index: int):
        rows = slice(index * self.size, (index + 1) * self.size)
        return {"history": self.arrays["history"][rows]}, self.arrays["forecast"][rows]


def plan(settings: Settings, prepared_folder: Path) -> TrainingPlan:
    training = settings.training
    train, dev = load(prepared_folder, "train"), load(prepared_folder, "dev")

    def evaluate(model: keras.Model) -> dict[str, float | str]:
        error = np.asarray(model.predict_on_batch({"history": dev["history"]})) - dev["forecast"]
        return {"negative_error": -float(np.abs(error).mean()), "loss": float((error**2).mean())}

    return TrainingPlan(
        model=build_model(settings),
        loss=keras.losses.MeanSquaredError(),
        batches=lambda epoch: Batches(train, training.batch_size, training.seed, epoch),
        evaluate=evaluate,
        monitor="negative_error",
        tokens=lambda inputs: inputs["history"].size,
    )


def load(prepared_folder: Path, split: str) -> dict[str, np.ndarray]:
    """history and forecast of a split, float32 [n, time, 1]."""
    with np.load(prepared_folder / f"{split}.npz", allow_pickle=False) as stored:
        return dict(stored)


def build_model(settings: Settings) -> keras.Model:
    """history float32 [n, window, 1] -> forecast float32 [n, horizon, 1]: what was last, and a
    line of the differences to it."""
    window, horizon = settings.corpus.window, settings.corpus.horizon
    history = keras.Input((window, 1), name="history")
    last = history[:, -1:, :]
    change = keras.layers.Dense(horizon)(keras.layers.Flatten()(history - last))
    return keras.Model({"history": history}, change[:, :, None] + last)


def trained_model(settings: Settings, trained: Trained) -> keras.Model:
    return load_best_weights(build_model(settings), trained)
