"""The exported model: videos as tables of frames in, a label for each frame out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from pipeline.errors import UserError
from pipeline.evaluation.frames import frame_scores
from pipeline.evaluation.segments import segments
from pipeline.export.frame_labeller import export_frame_labeller
from pipeline.export.predictor import Predictor
from pipeline.export.saved_model import load_saved_model
from pipeline.facts import Exported, Trained
from pipeline.fields import Tensor
from pipeline.tasks.base import Hub, Signature
from pipeline.tasks.frames import TASK
from pipeline.tasks.frames.data import NAMES, PICTURES, label_names, picture_encoder_name
from pipeline.tasks.frames.settings import Settings
from pipeline.tasks.frames.training import trained_model
from pipeline.workspace import read_json, write_json

SIGNATURE = Signature(
    name="serving_default",
    inputs={
        "frames": TASK.input.tensor,
        "lengths": Tensor("int32", "[n]", "how many frames each video has; the rest is padding"),
    },
    outputs={
        "label": TASK.output.tensor,
        "score": Tensor("float32", "[n, time]", "how probable that label is; 0 at padding"),
    },
)
BATCH_SIZE = 16
HUB = Hub("tabular-classification", {"accuracy": "accuracy", "macro_f1": "f1", "edit": "edit"})


def inputs(values: Sequence[np.ndarray]) -> dict[str, Any]:
    lengths = [len(value) for value in values]
    frames = np.zeros((len(values), max(lengths), values[0].shape[1]), np.float32)
    for row, value in zip(frames, values, strict=True):
        row[: len(value)] = value
    return {"frames": frames, "lengths": lengths}


def test_inputs(test: pd.DataFrame, corpus_folder: Path) -> dict[str, Any]:
    return inputs(TASK.input.load_all(test["frames"], corpus_folder))


def scores(outputs: Mapping[str, Any], test: pd.DataFrame, corpus_folder: Path) -> dict[str, float]:
    gold = TASK.output.load_all(test["label"], corpus_folder)
    lengths = [len(row) for row in gold]
    return frame_scores(gold, served_labels(outputs["label"], lengths))


def served_labels(labels: np.ndarray, lengths: Sequence[int]) -> list[list[str]]:
    """The labels of the frames of each video, without padding.

    Args:
        labels: bytes [n, time], UTF-8.
        lengths: number of frames of each video.
    """
    return [
        [label.decode("utf-8") for label in row[:length].tolist()]
        for row, length in zip(labels, lengths, strict=True)
    ]


def export(settings: Settings, trained: Trained, folder: Path) -> Exported:
    exported = export_frame_labeller(
        trained_model(settings, trained),
        settings.model,
        label_names(trained.prepared_folder),
        folder,
        takes_pictures=bool(picture_encoder_name(trained.prepared_folder)),
    )
    # They tell which columns of a user's table are which features.
    for name in (NAMES, PICTURES):
        write_json(folder / "assets.extra" / name, read_json(trained.prepared_folder / name))
    return exported


def load(folder: Path, asking: None = None) -> Predictor:
    serve = load_saved_model(folder).signatures[SIGNATURE.name]
    expected = serve.structured_input_signature[1]["frames"].shape[-1]

    def answer(values: Sequence[np.ndarray]) -> list[str]:
        for value in values:
            if value.shape[-1] != expected:
                raise UserError(
                    f"has {value.shape[-1]} features a frame; the model takes {expected}",
                    where="frames",
                    remedy="give the columns that it was trained with, in their order",
                )
        given = inputs(values)
        labels = serve(
            frames=tf.constant(given["frames"]), lengths=tf.constant(given["lengths"], tf.int32)
        )["label"].numpy()
        return [show_segments(row) for row in served_labels(labels, given["lengths"])]

    return Predictor(answer)


def show_segments(labels: Sequence[str]) -> str:
    """The segments of a video as text, `0-12:rest`, tab, `12-40:wave`: first frame, and the one
    after the last."""
    found = segments(labels)
    rows = zip(found.labels, found.starts, found.ends, strict=True)
    return "\t".join(f"{start}-{end}:{label}" for label, start, end in rows)
