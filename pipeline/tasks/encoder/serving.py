"""The exported encoder: raw texts in, vectors out; and the files that other models start from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from pipeline.evaluation.retrieval import retrieval_scores, text_halves
from pipeline.export.predictor import AnswerForm, Kind, Predictor
from pipeline.export.text_encoder import export_encoder, load_text_encoder
from pipeline.facts import Exported, Trained
from pipeline.fields import Tensor
from pipeline.models.folded import folded
from pipeline.pretrained import PretrainedEncoder, write_pretrained
from pipeline.tasks.base import Hub, Signature, korean
from pipeline.tasks.encoder import TASK
from pipeline.tasks.encoder.settings import Settings
from pipeline.tasks.encoder.training import encoder_of, trained_model
from pipeline.tasks.encoder.vectors import centre
from pipeline.text.tokenizers import load_tokenizer

SIGNATURE = Signature(
    name="serving_default",
    inputs={"text": TASK.input.tensor},
    outputs={
        "pieces": Tensor("string", "[n, time]", "pieces of each text; unused cells empty"),
        "vectors": Tensor("float32", "[n, time, width]", "of each piece; unused cells 0"),
        "text_vector": Tensor(
            "float32", "[n, width]", "of each text, of length 1: a product is a cosine similarity"
        ),
    },
)
BATCH_SIZE = 512
HUB = Hub(
    "feature-extraction",
    {"perplexity": "perplexity", "fill_in_accuracy": "accuracy", "recall_at_1": "recall_at_1"},
    languages=korean,
)


def inputs(values: Sequence[str]) -> dict[str, Any]:
    return {"text": list(values)}


def test_inputs(test: pd.DataFrame, corpus_folder: Path) -> dict[str, Any]:
    """First halves of texts, then their second halves."""
    first, second = text_halves(list(test["text"]))
    return inputs([*first, *second])


def scores(outputs: Mapping[str, Any], test: pd.DataFrame, corpus_folder: Path) -> dict[str, float]:
    vectors = outputs["text_vector"]
    found = retrieval_scores(vectors[: len(vectors) // 2], vectors[len(vectors) // 2 :])
    return dataclasses.asdict(found)


def export(settings: Settings, trained: Trained, folder: Path) -> Exported:
    encoder = encoder_of(trained_model(settings, trained))
    tokenizer = load_tokenizer(trained.prepared_folder)
    exported = export_encoder(
        folded(encoder, "embedding", "recurrent_1"),
        tokenizer,
        centre(encoder, trained.prepared_folder),
        folder,
        max_length=settings.text.max_length,
    )
    shape = settings.model
    write_pretrained(
        folder / "assets.extra",
        PretrainedEncoder(
            architecture=shape.architecture,
            units=shape.units,
            embedding_size=shape.embedding_size,
            ngrams=shape.ngrams,
            max_ngrams=shape.max_ngrams,
            pieces=tokenizer.kind,
            vocabulary_size=len(tokenizer.vocabulary),
            trained_on=trained.corpus.origin.title,
            licence=trained.corpus.origin.licence,
            loss=-trained.result.best,
        ),
        learnt_weights(encoder),
    )
    return exported


def learnt_weights(encoder: keras.Model) -> dict[str, np.ndarray]:
    """`layer/number of the weight` -> values, for all trained weights."""
    return {
        f"{layer.name}/{number}": np.asarray(weight)
        for layer in encoder.layers
        for number, weight in enumerate(layer.trainable_variables)
    }


def load(folder: Path, asking: None = None) -> Predictor:
    vectors = load_text_encoder(folder)

    def answer(texts: Sequence[str]) -> list[dict[str, Any]]:
        pairs = zip(texts, vectors(list(texts)), strict=True)
        return [{"text": text, "vector": vector} for text, vector in pairs]

    def line(answer: Mapping[str, Any]) -> str:
        return " ".join(f"{x:.5g}" for x in answer["vector"].tolist())

    columns: dict[str, Kind] = {"text": "string", "vector": ["float32"]}
    return Predictor.of(folder, answer, AnswerForm(columns, line))
