"""Evaluates a trained model on the videos of its test split."""

from __future__ import annotations

import numpy as np

from pipeline.batches.frame_windows import FrameRows
from pipeline.corpora.splits import read_split
from pipeline.evaluation.frames import FrameMetrics, evaluate_frames
from pipeline.facts import Trained
from pipeline.models.frame_labeller import best_labels, predict_labels
from pipeline.models.settings import describe_frame_labeller
from pipeline.report.run_facts import run_facts
from pipeline.settings import without_run
from pipeline.tasks.base import Evaluated
from pipeline.tasks.frames import TASK
from pipeline.tasks.frames.data import label_names
from pipeline.tasks.frames.report import frames_content
from pipeline.tasks.frames.settings import Settings
from pipeline.tasks.frames.training import VIDEOS_AT_ONCE, trained_model
from pipeline.training.tensorboard import TensorBoardLog


def evaluate(settings: Settings, trained: Trained) -> Evaluated:
    names = np.array(label_names(trained.prepared_folder))
    rows = FrameRows.load(trained.prepared_folder, "test")
    test = read_split(trained.corpus_folder / "test.tsv")
    gold = TASK.output.load_all(test["label"], trained.corpus_folder)
    decoder = best_labels(trained_model(settings, trained))
    predicted = [names[row].tolist() for row in predict_labels(decoder, rows, VIDEOS_AT_ONCE)]
    metrics = evaluate_frames(list(test["id"]), gold, predicted)
    _log_to_tensorboard(settings, trained, metrics)
    run = run_facts(TASK, settings, trained, describe_frame_labeller(settings.model))
    content = frames_content(metrics, run, gold, predicted, settings.model.answers_at_once)
    return Evaluated(metrics.summary, metrics.to_json(), content)


def _log_to_tensorboard(settings: Settings, trained: Trained, metrics: FrameMetrics) -> None:
    with TensorBoardLog(trained.run / "tensorboard" / "test", fresh=True) as log:
        for name, value in metrics.scores.items():
            log.scalar(f"test/{name}", value, trained.result.best_step)
        log.hparams(
            without_run(settings),
            {"test_accuracy": metrics.scores["accuracy"], "dev_accuracy": trained.result.best},
        )
