"""The training of a model that labels frames."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from pipeline.batches.frame_windows import FrameRows, FrameWindows
from pipeline.evaluation.frames import frame_scores
from pipeline.facts import Trained
from pipeline.models.frame_labeller import best_labels, frame_labeller, predict_labels
from pipeline.tasks.frames.data import FeatureScaling, label_names
from pipeline.tasks.frames.settings import Settings
from pipeline.text.ragged import Ragged
from pipeline.training.fit import TrainingPlan
from pipeline.training.losses import PieceCrossEntropy
from pipeline.training.weights import load_best_weights

VIDEOS_AT_ONCE = 64


def plan(settings: Settings, prepared_folder: Path) -> TrainingPlan:
    training = settings.training
    train, dev = (FrameRows.load(prepared_folder, split) for split in ("train", "dev"))
    model = build_model(settings, prepared_folder)
    crf, decoder = model.get_layer("crf"), best_labels(model)
    dev_labels = [dev.labels.row(index) for index in range(len(dev))]
    # A label that is not in train is always wrong; for the loss it counts as the first label.
    known = FrameRows(dev.frames, Ragged(np.maximum(dev.labels.ids, 0), dev.labels.row_splits))

    def batches(epoch: int) -> FrameWindows:
        return FrameWindows(
            train,
            training.batch_size,
            window=settings.windows.window,
            seed=training.seed,
            epoch=epoch,
        )

    def evaluate(model: keras.Model) -> dict[str, float | str]:
        scores = frame_scores(dev_labels, predict_labels(decoder, dev, VIDEOS_AT_ONCE))
        loss = sum(
            float(model.test_on_batch(*batch)) * int(batch[0]["lengths"].sum())
            for batch in FrameWindows(known, VIDEOS_AT_ONCE)
        )
        return {**scores, "loss": loss / len(known.frames)}

    return TrainingPlan(
        model=model,
        loss=crf.loss
        if settings.model.head == "crf"
        else PieceCrossEntropy(training.label_smoothing),
        batches=batches,
        evaluate=evaluate,
        monitor="accuracy",
    )


def build_model(settings: Settings, prepared_folder: Path) -> keras.Model:
    """The untrained model for the data in `prepared_folder`."""
    standard = FeatureScaling.load(prepared_folder)
    return frame_labeller(
        settings.model,
        labels=len(label_names(prepared_folder)),
        mean=standard.mean,
        std=standard.std,
    )


def trained_model(settings: Settings, trained: Trained) -> keras.Model:
    """The model of a finished run, with the weights that were best on dev."""
    return load_best_weights(build_model(settings, trained.prepared_folder), trained)
