"""The training of a forecaster."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from pipeline.batches.windows import Windows
from pipeline.evaluation.forecasting import ErrorSums, seasonal_naive
from pipeline.facts import Trained
from pipeline.models.forecaster import Forecaster, forecaster
from pipeline.models.one_graph import predict_batch
from pipeline.tasks.forecasting.prepared import SeriesFacts
from pipeline.tasks.forecasting.settings import Settings
from pipeline.training.fit import TrainingPlan
from pipeline.training.weights import load_best_weights

LOSSES = {
    "absolute": keras.losses.MeanAbsoluteError,
    "squared": keras.losses.MeanSquaredError,
}
WINDOWS_AT_ONCE = 256
"""Windows per batch of dev and test; those of train are `batch_size`."""


def plan(settings: Settings, prepared_folder: Path) -> TrainingPlan:
    training = settings.training
    facts = SeriesFacts.load(prepared_folder)
    both = build_model(settings, prepared_folder)
    dev = load_windows(prepared_folder, "dev", WINDOWS_AT_ONCE)
    repeat = ErrorSums(facts.horizon, len(facts.channels))
    for inputs, truth in dev:
        repeat.add(seasonal_naive(inputs["history"], facts.horizon, 1), truth)

    def batches(epoch: int) -> Windows:
        return load_windows(
            prepared_folder,
            "train",
            training.batch_size,
            seed=training.seed,
            epoch=epoch,
            reads_future=both.reads_future,
        )

    def evaluate(trained: keras.Model) -> dict[str, float | str]:
        """Evaluates the model that gives forecasts, which shares the weights of `trained`."""
        errors = ErrorSums(facts.horizon, len(facts.channels))
        for inputs, truth in dev:
            errors.add(predict_batch(both.model, inputs), truth)
        loss = errors.mae if settings.errors.error == "absolute" else errors.mse
        skill = 1 - errors.mse / max(repeat.mse, 1e-12)
        return {"skill": skill, "mse": errors.mse, "mae": errors.mae, "loss": loss}

    return TrainingPlan(
        model=both.trained,
        loss=LOSSES[settings.errors.error](),
        batches=batches,
        evaluate=evaluate,
        monitor="skill",
        tokens=lambda inputs: inputs["history"].shape[0] * inputs["history"].shape[1],
    )


def build_model(settings: Settings, prepared_folder: Path) -> Forecaster:
    """The untrained forecaster for the series in `prepared_folder`."""
    facts = SeriesFacts.load(prepared_folder)
    return forecaster(
        settings.model,
        window=facts.window,
        horizon=facts.horizon,
        channels=len(facts.channels),
    )


def trained_model(settings: Settings, trained: Trained) -> keras.Model:
    """The model of a finished run that gives forecasts, with the weights that were best on dev."""
    both = build_model(settings, trained.prepared_folder)
    load_best_weights(both.trained, trained)
    return both.model


def load_windows(
    folder: Path,
    split: str,
    batch_size: int,
    *,
    seed: int | None = None,
    epoch: int = 0,
    reads_future: bool = False,
) -> Windows:
    """The windows of a split, standardised; the series stays in its file.

    Args:
        seed, epoch, reads_future: as of `Windows`.
    """
    facts = SeriesFacts.load(folder)
    return Windows(
        np.load(folder / f"{split}.npy", mmap_mode="r", allow_pickle=False),
        np.load(folder / f"{split}.starts.npy", allow_pickle=False),
        facts.window,
        facts.horizon,
        batch_size,
        seed=seed,
        epoch=epoch,
        reads_future=reads_future,
    )
