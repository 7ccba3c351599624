"""The trained forecaster on what comes last."""

from __future__ import annotations

import numpy as np

from pipeline.facts import Trained
from pipeline.report.run_facts import run_facts
from pipeline.report.run_report import run_document
from pipeline.tasks.base import Evaluated
from pipeline.tasks.tiny_series import TASK
from pipeline.tasks.tiny_series.settings import Settings
from pipeline.tasks.tiny_series.training import load, trained_model


def evaluate(settings: Settings, trained: Trained) -> Evaluated:
    test = load(trained.prepared_folder, "test")
    model = trained_model(settings, trained)
    forecast = np.asarray(model.predict_on_batch({"history": test["history"]}))
    error = mean_absolute_error(forecast, test["forecast"])
    naive = mean_absolute_error(test["history"][:, -1:], test["forecast"])
    metrics = {"error": error, "naive_error": naive}
    report = run_document(
        "tasks/tiny_series/report.md.j2",
        run_facts(TASK, settings, trained, "a linear model"),
        score=("dev_negative_error", "negative error"),
        windows=len(forecast),
        **metrics,
    )
    summary = f"mean absolute error {error:.4f}, of the last value {naive:.4f}"
    return Evaluated(summary, metrics, report)


def mean_absolute_error(forecast: np.ndarray, gold: np.ndarray) -> float:
    return float(np.abs(np.float64(forecast) - gold).mean())
