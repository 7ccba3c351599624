"""Trains a classifier on given rows without the stages, for studies."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from pipeline.corpora.split_file import SplitFile
from pipeline.corpora.splits import write_split
from pipeline.errors import UnusableCheckpointError
from pipeline.facts import TrainingResult
from pipeline.models.classifier import predict_logits
from pipeline.models.settings import ClassifierSettings
from pipeline.pretrained import ENCODER, NONE, RECORD, PretrainedEncoder, copy_encoder
from pipeline.quiet import start_keras
from pipeline.records import as_json, from_json
from pipeline.tasks.sentiment import TASK
from pipeline.tasks.sentiment.settings import Settings
from pipeline.tasks.sentiment.training import load_label_numbers
from pipeline.text.ragged import Ragged
from pipeline.text.settings import TextSettings
from pipeline.training.fit import WEIGHTS, fit

LARGE = ("prepared", "checkpoint", WEIGHTS)
"""What a run leaves that nobody needs once it is measured."""


def with_sizes_of_encoder(settings: Settings, encoder: PretrainedEncoder) -> Settings:
    """The same settings with the sizes of `encoder`."""
    sizes = ("units", "embedding_size", "ngrams", "max_ngrams")
    model = as_json(settings.model) | {name: getattr(encoder, name) for name in sizes}
    text = as_json(settings.text) | {"pieces": encoder.pieces}
    return dataclasses.replace(
        settings,
        text=from_json(TextSettings, text, where=RECORD),
        model=from_json(ClassifierSettings, model, where=RECORD),
    )


def without_encoder(settings: Settings) -> Settings:
    """The same settings for a model with random weights."""
    return dataclasses.replace(settings, start=dataclasses.replace(settings.start, encoder=NONE))


def accuracy_of_run(
    settings: Settings, splits: Mapping[str, pd.DataFrame], encoder: Path | None, run: Path
) -> tuple[TrainingResult, float]:
    """Trains on the split train, chooses the weights on dev, returns the accuracy on test; resumes
    a killed training.

    Args:
        settings: of the task.
        splits: "train", "dev", "test" -> frame with the columns `id`, `text` and `label`.
        encoder: folder of a pretrained encoder, or None.
        run: a folder; the log of the training stays there.

    Returns:
        How the training ended, and the accuracy on test.
    """
    prepared = run / "prepared"
    shutil.rmtree(prepared, ignore_errors=True)
    if encoder is not None:
        copy_encoder(encoder, prepared / ENCODER)
    prepared.mkdir(parents=True, exist_ok=True)
    files = {name: SplitFile(prepared / f"{name}.tsv") for name in splits}
    for name, frame in splits.items():
        write_split(files[name].path, frame)
    TASK.data.prepare(settings, files, run, prepared)
    try:
        result, model = _trained(settings, prepared, run)
    except UnusableCheckpointError:
        shutil.rmtree(run / "checkpoint", ignore_errors=True)
        result, model = _trained(settings, prepared, run)
    logits = predict_logits(model, Ragged.load(prepared / "test"))
    accuracy = float(np.mean(logits.argmax(axis=1) == load_label_numbers(prepared, "test")))
    return result, accuracy


def forget_models(run: Path) -> None:
    """Removes everything but the training log from the folder of a run."""
    for name in LARGE:
        path = run / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _trained(settings: Settings, prepared: Path, run: Path) -> tuple[TrainingResult, keras.Model]:
    start_keras(settings.training.seed)
    plan = TASK.training.plan(settings, prepared)
    return fit(plan, settings.training, run), plan.model
