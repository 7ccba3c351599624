"""The exported classifier: raw reviews in, labels out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.corpora.labelled.probability_columns import OWN_HEADER
from pipeline.export.classifier import export_classifier, load_classifier, load_labels
from pipeline.export.ids_model import IdsModel
from pipeline.export.predictor import AnswerForm, Kind, Predictor
from pipeline.export.saved_model import load_asker
from pipeline.facts import Exported, Trained
from pipeline.fields import Tensor
from pipeline.json_lines import shortest
from pipeline.models.folded import folded
from pipeline.one_line import without_breaks
from pipeline.tasks.base import Hub, Signature, korean
from pipeline.tasks.sentiment import TASK
from pipeline.tasks.sentiment.data import label_names
from pipeline.tasks.sentiment.settings import Settings
from pipeline.tasks.sentiment.training import trained_model
from pipeline.text.tokenizers import load_tokenizer

SIGNATURE = Signature(
    name="serving_default",
    inputs={"text": TASK.input.tensor},
    outputs={
        "label": TASK.output.tensor,
        "score": Tensor("float32", "[n]", "probability of that label"),
        "probabilities": Tensor("float32", "[n, labels]", "of all labels, in the order above"),
    },
)
BATCH_SIZE = 512
HUB = Hub("text-classification", {"accuracy": "accuracy", "macro_f1": "f1"}, languages=korean)


def inputs(values: Sequence[str]) -> dict[str, Any]:
    return {"text": list(values)}


def test_inputs(test: pd.DataFrame, corpus_folder: Path) -> dict[str, Any]:
    return inputs(list(test["text"]))


def scores(outputs: Mapping[str, Any], test: pd.DataFrame, corpus_folder: Path) -> dict[str, float]:
    labels = np.array([label.decode("utf-8") for label in outputs["label"]])
    return {"accuracy": float(np.mean(labels == test["label"].to_numpy(str)))}


def export(settings: Settings, trained: Trained, folder: Path) -> Exported:
    return export_classifier(
        folded(trained_model(settings, trained), "embedding", "recurrent_1"),
        load_tokenizer(trained.prepared_folder),
        label_names(trained.prepared_folder),
        folder,
        max_length=settings.text.max_length,
    )


def ids_model(settings: Settings, trained: Trained) -> IdsModel:
    names = label_names(trained.prepared_folder)
    return IdsModel(folded(trained_model(settings, trained), "embedding"), "logits", names)


def load(folder: Path, asking: None = None) -> Predictor:
    classify = load_classifier(folder)

    def answer(texts: Sequence[str]) -> list[dict[str, Any]]:
        labels, scores = classify(list(texts))
        return [
            {"text": text, "label": label, "score": score}
            for text, label, score in zip(texts, labels, scores, strict=True)
        ]

    def line(answer: Mapping[str, Any]) -> str:
        return f"{answer['label']}\t{answer['score']:.3f}\t{' '.join(answer['text'].split())}"

    columns: dict[str, Kind] = {"text": "string", "label": "string", "score": "float32"}
    return Predictor.of(folder, answer, AnswerForm(columns, line))


def load_probabilities(folder: Path) -> Predictor:
    labels, ask = load_labels(folder), load_asker(folder)

    def answer(texts: Sequence[str]) -> list[dict[str, Any]]:
        answers = ask(list(texts))
        return [
            {
                "text": text,
                "label": label.decode("utf-8"),
                "probabilities": dict(zip(labels, row, strict=True)),
            }
            for text, label, row in zip(
                texts, answers["label"], answers["probabilities"], strict=True
            )
        ]

    def line(answer: Mapping[str, Any]) -> str:
        shares = map(str, map(shortest, answer["probabilities"].values()))
        return "\t".join([without_breaks(answer["text"]), answer["label"], *shares])

    columns: dict[str, Kind] = {
        "text": "string",
        "label": "string",
        "probabilities": dict.fromkeys(labels, "float32"),
    }
    form = AnswerForm(columns, line, "\t".join([*OWN_HEADER, *labels]))
    return Predictor.of(folder, answer, form)
