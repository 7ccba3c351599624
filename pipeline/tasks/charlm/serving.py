"""The exported language model: beginnings of texts in, texts out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.corpora.running.documents import from_frame
from pipeline.evaluation.continuations import LENGTH, line_halves, right_characters
from pipeline.export.predictor import AnswerForm, Kind, Predictor
from pipeline.export.text_generator import export_generator, load_generator
from pipeline.facts import Exported, Trained
from pipeline.fields import Tensor
from pipeline.one_line import on_one_line
from pipeline.tasks.base import Hub, Signature
from pipeline.tasks.charlm import TASK
from pipeline.tasks.charlm.settings import ContinuationSettings, Settings, language
from pipeline.tasks.charlm.training import generator, trained_model


def _languages(settings: Settings, prepared_folder: Path) -> Sequence[str]:
    return (language(settings),)


SIGNATURE = Signature(
    name="serving_default",
    inputs={
        "prompt": TASK.input.tensor,
        "length": Tensor("int32", "[]", "characters to write behind each"),
        "temperature": Tensor("float32", "[]", "0: the most probable at each step; 1: as learnt"),
        "seed": Tensor("int32", "[]", "the same seed writes the same texts"),
    },
    outputs={"text": TASK.output.tensor},
)
BATCH_SIZE = 32
HUB = Hub(
    "text-generation", {"bits_per_byte": "bits_per_byte", "loss": "loss"}, languages=_languages
)


def inputs(values: Sequence[str]) -> dict[str, Any]:
    return {"prompt": list(values), **dataclasses.asdict(ContinuationSettings())}


def test_inputs(test: pd.DataFrame, corpus_folder: Path) -> dict[str, Any]:
    """The first half of each text, to be continued greedily."""
    prompts, _ = line_halves(from_frame(test)[0])
    return {"prompt": prompts, "length": LENGTH, "temperature": 0.0, "seed": 1}


def scores(outputs: Mapping[str, Any], test: pd.DataFrame, corpus_folder: Path) -> dict[str, float]:
    said = [text.decode("utf-8") for text in outputs["text"]]
    return {"right_characters": right_characters(said, *line_halves(from_frame(test)[0]))}


def export(settings: Settings, trained: Trained, folder: Path) -> Exported:
    model, characters = trained_model(settings, trained)
    return export_generator(generator(settings, model), characters, folder)


def load(folder: Path, asking: ContinuationSettings | None = None) -> Predictor:
    asked = asking or ContinuationSettings()
    generate = load_generator(folder)

    def answer(prompts: Sequence[str]) -> list[dict[str, Any]]:
        texts = generate(prompts, **dataclasses.asdict(asked))
        return [{"prompt": p, "text": text} for p, text in zip(prompts, texts, strict=True)]

    def line(answer: Mapping[str, Any]) -> str:
        return on_one_line(answer["text"])

    columns: dict[str, Kind] = {"prompt": "string", "text": "string"}
    # The random numbers of a prompt depend on its position in a call.
    return Predictor(answer, form=AnswerForm(columns, line), by_place=True)
