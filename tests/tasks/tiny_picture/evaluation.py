"""The trained classifier on its test split."""

from __future__ import annotations

import numpy as np

from pipeline.facts import Trained
from pipeline.report.run_facts import run_facts
from pipeline.report.run_report import run_document
from pipeline.tasks.base import Evaluated
from pipeline.tasks.tiny_picture import TASK
from pipeline.tasks.tiny_picture.settings import Settings
from pipeline.tasks.tiny_picture.training import load, trained_model


def evaluate(settings: Settings, trained: Trained) -> Evaluated:
    pixels, labels = load(trained.prepared_folder, "test")
    logits = np.asarray(trained_model(settings, trained).predict_on_batch({"pixels": pixels}))
    accuracy = float(np.mean(logits.argmax(axis=1) == labels))
    report = run_document(
        "tasks/tiny_picture/report.md.j2",
        run_facts(TASK, settings, trained, "a linear model of two numbers"),
        score=("dev_accuracy", "accuracy · 정확도"),
        pictures=len(labels),
        accuracy=accuracy,
    )
    return Evaluated(f"accuracy {accuracy:.4f}", {"accuracy": accuracy}, report)
