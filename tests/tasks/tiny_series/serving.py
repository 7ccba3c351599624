"""The exported forecaster: a window in, what comes next out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from pipeline.export.predictor import Predictor
from pipeline.export.saved_model import check_fits, load_saved_model, write_saved_model
from pipeline.facts import Exported, Trained
from pipeline.tasks.base import Hub, Signature
from pipeline.tasks.tiny_series import TASK
from pipeline.tasks.tiny_series.evaluation import mean_absolute_error
from pipeline.tasks.tiny_series.settings import Settings
from pipeline.tasks.tiny_series.training import trained_model

SIGNATURE = Signature(
    name="serving_default",
    inputs={"history": TASK.input.tensor},
    outputs={"forecast": TASK.output.tensor},
)
BATCH_SIZE = 64
HUB = Hub("time-series-forecasting", {"error": "mae"})


def inputs(values: Sequence[np.ndarray]) -> dict[str, Any]:
    return {"history": np.stack(values)}


def test_inputs(test: pd.DataFrame, corpus_folder: Path) -> dict[str, Any]:
    return inputs(TASK.input.load_all(test["history"], corpus_folder))


def scores(outputs: Mapping[str, Any], test: pd.DataFrame, corpus_folder: Path) -> dict[str, float]:
    gold = np.stack(TASK.output.load_all(test["forecast"], corpus_folder))
    return {"error": mean_absolute_error(outputs["forecast"], gold)}


def export(settings: Settings, trained: Trained, folder: Path) -> Exported:
    model = trained_model(settings, trained)
    spec = tf.TensorSpec([None, settings.corpus.window, 1], tf.float32, name="history")

    def serve(history: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"forecast": model({"history": history}, training=False)}

    size = write_saved_model(folder, {SIGNATURE.name: serve}, [spec], [])
    facts = {"parameters": f"{model.count_params():,}"}
    return Exported(size, (SIGNATURE.name,), facts, ("It goes on as the series went on so far.",))


def load(folder: Path, asking: None = None) -> Predictor:
    serve = load_saved_model(folder).signatures[SIGNATURE.name]

    def answer(values: Sequence[np.ndarray]) -> list[str]:
        for value in values:
            check_fits(serve, "history", value)
        forecast = serve(history=tf.constant(np.stack(values)))["forecast"].numpy()
        return [TASK.output.show(series) for series in forecast]

    return Predictor(answer)
