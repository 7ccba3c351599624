"""The exported tagger: raw sentences in, entities with their places out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.corpora.annotated.entities import Entity, read_entities
from pipeline.corpora.annotated.inline import to_inline
from pipeline.evaluation.entity_scores import entity_scores
from pipeline.export.ids_model import IdsModel
from pipeline.export.predictor import AnswerForm, Kind, Predictor
from pipeline.export.tagger import export_tagger, load_tagger, served_entities
from pipeline.facts import Exported, Trained
from pipeline.fields import Tensor
from pipeline.tasks.base import Hub, Signature, korean
from pipeline.tasks.ner import TASK
from pipeline.tasks.ner.data import load_tags
from pipeline.tasks.ner.served import served, trained_decoder
from pipeline.tasks.ner.settings import Settings
from pipeline.tasks.ner.training import trained_tagger
from pipeline.text.tokenizers import load_tokenizer

SIGNATURE = Signature(
    name="serving_default",
    inputs={"text": TASK.input.tensor},
    outputs={
        "entity": Tensor(
            "string", "[n, most]", "text of each entity, in order; unused cells empty"
        ),
        "label": Tensor("string", "[n, most]", TASK.output.description),
        "start": Tensor(
            "int32",
            "[n, most]",
            "its first character in the text as given; unused cells -1",
        ),
        "end": Tensor("int32", "[n, most]", "the character after its last one"),
    },
)
BATCH_SIZE = 512
_COLUMNS: dict[str, Kind] = {
    "text": "string",
    "entities": [{"entity": "string", "label": "string", "start": "int32", "end": "int32"}],
}
HUB = Hub(
    "token-classification",
    {"f1": "f1", "precision": "precision", "recall": "recall"},
    languages=korean,
)


def inputs(values: Sequence[str]) -> dict[str, Any]:
    return {"text": list(values)}


def test_inputs(test: pd.DataFrame, corpus_folder: Path) -> dict[str, Any]:
    return inputs(list(test["text"]))


def scores(outputs: Mapping[str, Any], test: pd.DataFrame, corpus_folder: Path) -> dict[str, float]:
    gold = list(map(read_entities, test["label"]))
    return entity_scores(gold, served_entities(outputs))


def export(settings: Settings, trained: Trained, folder: Path) -> Exported:
    return export_tagger(
        trained_decoder(settings, trained),
        load_tokenizer(trained.prepared_folder),
        load_tags(trained.prepared_folder),
        folder,
        max_length=settings.text.max_length,
    )


def ids_model(settings: Settings, trained: Trained) -> IdsModel:
    """The model from ids to potentials of tags, with the arrays that find the best legal tags."""
    model = trained_tagger(settings, trained)
    names = load_tags(trained.prepared_folder).names
    return IdsModel(
        served(model, quicker=False), "potentials", names, model.get_layer("crf").potentials()
    )


def load(folder: Path, asking: None = None) -> Predictor:
    tag = load_tagger(folder)

    def answer(texts: Sequence[str]) -> list[dict[str, Any]]:
        return [
            {"text": text, "entities": [_described(text, entity) for entity in entities]}
            for text, entities in zip(texts, tag(list(texts)), strict=True)
        ]

    def line(answer: Mapping[str, Any]) -> str:
        entities = [Entity(e["start"], e["end"], e["label"]) for e in answer["entities"]]
        return " ".join(to_inline(answer["text"], entities).split())

    return Predictor.of(folder, answer, AnswerForm(_COLUMNS, line))


def _described(text: str, entity: Entity) -> dict[str, Any]:
    """An entity with the fields of the signature."""
    return {
        "entity": text[entity.start : entity.end],
        "label": entity.label,
        "start": entity.start,
        "end": entity.end,
    }
