"""The exported captioner: encoded pictures in, captions out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import tensorflow as tf

from pipeline.corpora.captions.languages import LANGUAGES
from pipeline.errors import UserError
from pipeline.evaluation.captions import evaluate_captions
from pipeline.export.captioner import export_captioner
from pipeline.export.predictor import Predictor
from pipeline.export.saved_model import load_saved_model
from pipeline.facts import Exported, Trained
from pipeline.fields import Tensor
from pipeline.fields.picture import PictureFile
from pipeline.pictures.checking import check_picture
from pipeline.tasks.base import Hub, Signature
from pipeline.tasks.captioning import TASK
from pipeline.tasks.captioning.data import load_languages
from pipeline.tasks.captioning.evaluation import references_of
from pipeline.tasks.captioning.settings import CaptionLanguageSettings, Settings
from pipeline.tasks.captioning.training import first_caption_ids, trained_model
from pipeline.text.tokenizers import load_tokenizer


def _languages(settings: Settings, prepared_folder: Path) -> Sequence[str]:
    return load_languages(prepared_folder)


SIGNATURE = Signature(
    name="serving_default",
    inputs={"image": TASK.input.tensor},
    outputs={
        "caption": TASK.output.tensor,
        "score": Tensor("float32", "[n]", "its log probability in nats, normalised by its length"),
    },
)
BATCH_SIZE = 16
HUB = Hub(
    "image-to-text", {"bleu4": "bleu", "cider": "cider", "chrf": "chrf"}, languages=_languages
)


def inputs(values: Sequence[PictureFile]) -> dict[str, Any]:
    return {"image": [picture.content for picture in values]}


def test_inputs(test: pd.DataFrame, corpus_folder: Path) -> dict[str, Any]:
    """The pictures of the language in which the signature writes."""
    return inputs([TASK.input.load(cell, corpus_folder) for cell in _own(test)["image"]])


def scores(outputs: Mapping[str, Any], test: pd.DataFrame, corpus_folder: Path) -> dict[str, float]:
    captions = [text.decode("utf-8").lower() for text in outputs["caption"]]
    own = _own(test)
    metrics = evaluate_captions(
        captions, references_of(own.to_dict("records")), own["language"].iloc[0], []
    )
    names = ("bleu1", "bleu2", "bleu3", "bleu4", "sacrebleu", "chrf", "cider")
    return {name: getattr(metrics, name) for name in names}


def _own(test: pd.DataFrame) -> pd.DataFrame:
    return test[test["language"] == test["language"].iloc[0]]


def export(settings: Settings, trained: Trained, folder: Path) -> Exported:
    prepared = trained.prepared_folder
    return export_captioner(
        trained_model(settings, trained),
        load_tokenizer(prepared),
        folder,
        search=settings.search,
        begin=first_caption_ids(prepared),
        languages=load_languages(prepared),
    )


def load(folder: Path, asking: CaptionLanguageSettings | None = None) -> Predictor:
    signatures = load_saved_model(folder).signatures
    name = asking.language if asking and asking.language else SIGNATURE.name
    known = sorted(set(signatures) & set(LANGUAGES))
    if name not in signatures:
        raise UserError(
            f"the model writes in {' and '.join(known)}" if known else "it knows one language",
            where=f"--language {name}",
            remedy="leave it out, or ask a model that learnt captions in that language",
        )
    serve = signatures[name]

    def answer(values: Sequence[PictureFile]) -> list[str]:
        try:
            captions = serve(image=tf.constant(inputs(values)["image"]))["caption"].numpy()
        except tf.errors.OpError:
            for picture in values:
                check_picture(picture.content, picture.path or "picture")
            raise
        return [" ".join(caption.decode("utf-8").split()) for caption in captions]

    return Predictor(answer)
