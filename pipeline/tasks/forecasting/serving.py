"""The exported forecaster: numbers in and out, in the units of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from pipeline.corpora.series.spacing import Spacing
from pipeline.corpora.splits import read_split
from pipeline.errors import UserError
from pipeline.evaluation.forecasting import ErrorSums
from pipeline.export.predictor import Predictor
from pipeline.export.saved_model import check_fits, load_saved_model, write_saved_model
from pipeline.facts import Exported, Trained
from pipeline.models.forecaster_settings import describe_forecaster
from pipeline.tasks.base import Hub, Signature
from pipeline.tasks.forecasting import TASK
from pipeline.tasks.forecasting.data import ASSETS, History
from pipeline.tasks.forecasting.prepared import Scaling, SeriesFacts, steps_of_train
from pipeline.tasks.forecasting.settings import Settings
from pipeline.tasks.forecasting.training import trained_model

SIGNATURE = Signature(
    name="serving_default",
    inputs={"history": TASK.input.tensor},
    outputs={"forecast": TASK.output.tensor},
)
BATCH_SIZE = 64
HUB = Hub("time-series-forecasting", {"mse": "mse", "mae": "mae", "mase": "mase"})


def inputs(values: Sequence[np.ndarray]) -> dict[str, Any]:
    return {"history": np.stack(values)}


def test_inputs(test: pd.DataFrame, corpus_folder: Path) -> dict[str, Any]:
    return inputs(TASK.input.load_all(list(test["history"]), corpus_folder))


def scores(outputs: Mapping[str, Any], test: pd.DataFrame, corpus_folder: Path) -> dict[str, float]:
    train = read_split(corpus_folder / "train.tsv")
    history = TASK.input.stretches(list(train["history"]), corpus_folder)
    forecast = TASK.output.stretches(list(train["forecast"]), corpus_folder)
    scaling = Scaling.of(steps_of_train(history, forecast))
    truth = np.stack(TASK.output.load_all(list(test["forecast"]), corpus_folder))
    errors = ErrorSums(*truth.shape[1:])
    errors.add(scaling.standardised(outputs["forecast"]), np.float32(scaling.standardised(truth)))
    return {"mse": errors.mse, "mae": errors.mae}


def export(settings: Settings, trained: Trained, folder: Path) -> Exported:
    facts = SeriesFacts.load(trained.prepared_folder)
    model = trained_model(settings, trained)
    channels = len(facts.channels)
    spec = tf.TensorSpec([None, facts.window, channels], tf.float32, name="history")
    means = tf.constant(facts.scaling.means, tf.float64)
    deviations = tf.constant(facts.scaling.deviations, tf.float64)

    def serve(history: tf.Tensor) -> dict[str, tf.Tensor]:
        # In float64, since prices may be far from 0 and close to each other.
        standardised = (tf.cast(history, tf.float64) - means) / deviations
        forecast = model({"history": tf.cast(standardised, tf.float32)}, training=False)
        units = tf.cast(forecast, tf.float64) * deviations + means
        return {"forecast": tf.cast(units, tf.float32)}

    size = write_saved_model(folder, {SIGNATURE.name: serve}, [spec], [])
    (folder / ASSETS).mkdir(exist_ok=True)
    facts.save(folder / ASSETS)
    return Exported(
        summary=size,
        signatures=(SIGNATURE.name,),
        facts={
            "model": describe_forecaster(settings.model, facts.window),
            "parameters": f"{trained.result.parameters:,}",
            "window": f"{facts.window:,} steps, {facts.spacing.words}",
            "horizon": f"{facts.horizon:,} steps",
            "channels in this order": ", ".join(facts.channels),
        },
        limits=(
            "It continues the series as it went on in the training data; it knows nothing of the "
            "causes.",
            "It gives one number for each step, and no interval.",
            "Each window needs all of its steps and channels; fill missing values first (in "
            "training, a gap was filled with the value before it).",
        ),
    )


def load(folder: Path, asking: None = None) -> Predictor:
    serve = load_saved_model(folder).signatures[SIGNATURE.name]
    facts = SeriesFacts.load(folder / ASSETS)

    def answer(values: Sequence[np.ndarray | History]) -> list[str]:
        asked = [
            value if isinstance(value, History) else History(value, "step", Spacing())
            for value in values
        ]
        last = [_last_steps(history.values, facts) for history in asked]
        for window in last:
            check_fits(serve, "history", window)
        forecasts = serve(history=tf.constant(np.stack(last)))["forecast"].numpy()
        return [
            _table(value, forecast, facts) for value, forecast in zip(asked, forecasts, strict=True)
        ]

    return Predictor(answer)


def _last_steps(steps: np.ndarray, facts: SeriesFacts) -> np.ndarray:
    """The last steps of a series, which the model reads.

    Raises:
        UserError: the series is too short.
    """
    if len(steps) < facts.window:
        raise UserError(
            f"has {len(steps):,} steps; the model reads {facts.window:,}",
            where=TASK.input.name,
            remedy="give a longer series, or train with a smaller --window",
        )
    return steps[-facts.window :]


def _table(history: History, forecast: np.ndarray, facts: SeriesFacts) -> str:
    """The forecast as CSV, a header and a row per step, with `; ` in place of line ends."""
    names = [name.replace(",", " ").replace(";", " ") for name in facts.channels]
    times = history.spacing.after(len(forecast))
    rows = [
        ",".join([time, *map(_written, step)]) for time, step in zip(times, forecast, strict=True)
    ]
    return "; ".join([",".join([history.time_name, *names]), *rows])


def _written(value: np.float32) -> str:
    """The shortest decimal number that is read back as the same value, without an exponent."""
    return np.format_float_positional(value, trim="-")
