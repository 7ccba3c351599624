"""The exported translator: raw sentences in, translations out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sacrebleu.metrics import CHRF

from pipeline.export.predictor import AnswerForm, Kind, Predictor
from pipeline.export.translator import export_translator, load_translator
from pipeline.facts import Exported, Trained
from pipeline.fields import Tensor
from pipeline.normalize import normalize
from pipeline.tasks.base import Hub, Signature
from pipeline.tasks.translation import TASK
from pipeline.tasks.translation.settings import Settings
from pipeline.tasks.translation.training import trained_model
from pipeline.text.pair_pieces import load_pair_tokenizers


def _languages(settings: Settings, prepared_folder: Path) -> Sequence[str]:
    return settings.source_language, settings.target_language


SIGNATURE = Signature(
    name="serving_default",
    inputs={"text": TASK.input.tensor},
    outputs={
        "translation": TASK.output.tensor,
        "score": Tensor("float32", "[n]", "its log probability in nats, normalised by its length"),
    },
)
BATCH_SIZE = 128
HUB = Hub("translation", {"bleu": "sacrebleu", "chrf": "chrf"}, languages=_languages)


def inputs(values: Sequence[str]) -> dict[str, Any]:
    return {"text": list(values)}


def test_inputs(test: pd.DataFrame, corpus_folder: Path) -> dict[str, Any]:
    return inputs(list(test["text"]))


def scores(outputs: Mapping[str, Any], test: pd.DataFrame, corpus_folder: Path) -> dict[str, float]:
    translations = [text.decode("utf-8") for text in outputs["translation"]]
    references = [normalize(text) for text in test["label"]]
    return {"chrf": CHRF().corpus_score(translations, [references]).score}


def export(settings: Settings, trained: Trained, folder: Path) -> Exported:
    tokenizers = load_pair_tokenizers(trained.prepared_folder)
    return export_translator(
        trained_model(settings, trained),
        tokenizers["source"],
        tokenizers["target"],
        folder,
        max_length=settings.text.max_length,
        search=settings.search,
    )


def load(folder: Path, asking: None = None) -> Predictor:
    translate = load_translator(folder)

    def answer(texts: Sequence[str]) -> list[dict[str, Any]]:
        return [
            {"text": text, "translation": said, "score": score}
            for text, said, score in zip(texts, *translate(list(texts)), strict=True)
        ]

    def line(answer: Mapping[str, Any]) -> str:
        return " ".join(answer["translation"].split())

    columns: dict[str, Kind] = {"text": "string", "translation": "string", "score": "float32"}
    return Predictor.of(folder, answer, AnswerForm(columns, line))
