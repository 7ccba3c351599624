"""The exported classifier: encoded pictures in, labels out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from pipeline.export.predictor import Predictor
from pipeline.export.saved_model import load_saved_model, write_saved_model
from pipeline.facts import Exported, Trained
from pipeline.fields.picture import PictureFile
from pipeline.tasks.base import Hub, Signature
from pipeline.tasks.tiny_picture import TASK
from pipeline.tasks.tiny_picture.data import LABELS, scaled
from pipeline.tasks.tiny_picture.settings import Settings
from pipeline.tasks.tiny_picture.training import trained_model

SIGNATURE = Signature(
    name="serving_default",
    inputs={"image": TASK.input.tensor},
    outputs={"label": TASK.output.tensor},
)
BATCH_SIZE = 64
HUB = Hub("image-classification", {"accuracy": "accuracy"})


def inputs(values: Sequence[PictureFile]) -> dict[str, Any]:
    return {"image": [picture.content for picture in values]}


def test_inputs(test: pd.DataFrame, corpus_folder: Path) -> dict[str, Any]:
    return inputs(TASK.input.load_all(test["image"], corpus_folder))


def scores(outputs: Mapping[str, Any], test: pd.DataFrame, corpus_folder: Path) -> dict[str, float]:
    labels = np.array([label.decode("utf-8") for label in outputs["label"]])
    return {"accuracy": float(np.mean(labels == test["label"].to_numpy(str)))}


def export(settings: Settings, trained: Trained, folder: Path) -> Exported:
    model, size = trained_model(settings, trained), settings.pictures.size
    names = tf.constant(LABELS)

    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        logits = model({"pixels": scaled(image, size)}, training=False)
        return {"label": tf.gather(names, tf.argmax(logits, axis=1))}

    spec = tf.TensorSpec([None], tf.string, name="image")
    written = write_saved_model(folder, {SIGNATURE.name: serve}, [spec], [])
    facts = {"labels": ", ".join(LABELS), "parameters": f"{model.count_params():,}"}
    return Exported(written, (SIGNATURE.name,), facts, ("It sees stripes in everything.",))


def load(folder: Path, asking: None = None) -> Predictor:
    serve = load_saved_model(folder).signatures[SIGNATURE.name]

    def answer(values: Sequence[PictureFile]) -> list[str]:
        labels = serve(image=tf.constant(inputs(values)["image"]))["label"].numpy()
        return [
            f"{label.decode('utf-8')}\t{TASK.input.show(picture)}"
            for label, picture in zip(labels, values, strict=True)
        ]

    return Predictor(answer)
