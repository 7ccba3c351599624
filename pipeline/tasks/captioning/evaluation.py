"""Evaluates a trained captioner on its test split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pipeline.corpora.captions.corpus import captions_of
from pipeline.corpora.splits import read_split
from pipeline.evaluation.captions import CaptionMetrics, evaluate_captions
from pipeline.facts import Trained
from pipeline.models.caption import Caption, caption_pictures
from pipeline.models.one_graph import predict_batch
from pipeline.models.search_settings import CaptionSearchSettings
from pipeline.models.settings import describe_captioner
from pipeline.pictures.efficientnet import SIZE
from pipeline.pictures.reading import read_pictures
from pipeline.report.picture_attention import CaptionedPicture, words_with_attention
from pipeline.report.run_facts import run_facts
from pipeline.settings import without_run
from pipeline.tasks.base import Evaluated
from pipeline.tasks.captioning import TASK
from pipeline.tasks.captioning.data import (
    CaptionSplit,
    load_languages,
    load_split,
    normalize_captions,
)
from pipeline.tasks.captioning.report import SampleCaption, captioning_content
from pipeline.tasks.captioning.settings import Settings
from pipeline.tasks.captioning.training import first_caption_ids, trained_model
from pipeline.text.tokenizers import load_tokenizer
from pipeline.text.vocabulary import EOS
from pipeline.training.tensorboard import TensorBoardLog

SHOWN = 8
"""Number of pictures in the report, at even distances from the best to the worst."""


def evaluate(settings: Settings, trained: Trained) -> Evaluated:
    folder, model = trained.prepared_folder, trained_model(settings, trained)
    languages, test = load_languages(folder), load_split(folder, "test")
    captions = find_captions(model, settings.search, folder, test)
    metrics = caption_metrics(trained, captions)
    samples = _samples(settings, trained, model, test, captions, metrics[0])
    content = captioning_content(
        metrics,
        samples,
        run_facts(TASK, settings, trained, describe_captioner(settings.model)),
    )
    first = metrics[0]
    others = {of.language: of.to_json() for of in metrics}
    numbers = {**first.to_json(), **({"languages": others} if len(languages) > 1 else {})}
    _log(settings, trained, first)
    return Evaluated("; ".join(of.summary for of in metrics), numbers, content)


def find_captions(
    model: keras.Model, search: CaptionSearchSettings, prepared_folder: Path, split: CaptionSplit
) -> list[str]:
    """The captions that a search finds for the pictures of a split."""
    decode = load_tokenizer(prepared_folder).decode
    caption = Caption(model, search, first_caption_ids(prepared_folder))
    rows, _ = caption_pictures(caption, split.features, split.languages)
    return [decode(rows.row(row).tolist()) for row in range(len(rows))]


def caption_metrics(
    trained: Trained, captions: Sequence[str], split: str = "test"
) -> list[CaptionMetrics]:
    """Scores of captions of a split, for each of its languages."""
    train, scored = (read_split(trained.corpus_folder / f"{name}.tsv") for name in ("train", split))
    found = []
    for language in dict.fromkeys(scored["language"]):
        rows = np.flatnonzero(scored["language"] == language)
        references = references_of(scored.iloc[rows].to_dict("records"))
        of_train = train[train["language"] == language].to_dict("records")
        learnt = [text for several in references_of(of_train) for text in several]
        own = [captions[row].lower() for row in rows]
        found.append(evaluate_captions(own, references, language, learnt))
    return found


def references_of(records: Sequence[dict[str, str]]) -> list[list[str]]:
    """The references of each row as they are scored: in lower case, without a full stop."""
    return [normalize_captions(captions_of(row), lower_case=True) for row in records]


def _samples(
    settings: Settings,
    trained: Trained,
    model: keras.Model,
    test: CaptionSplit,
    captions: Sequence[str],
    metrics: CaptionMetrics,
) -> list[SampleCaption]:
    """Some pictures of the first language with their captions, from the best to the worst."""
    own = np.flatnonzero(test.languages == test.languages[0])
    order = own[np.argsort(-metrics.each, kind="stable")]
    count = min(SHOWN, len(order))
    chosen = order[np.linspace(0, len(order) - 1, count).round().astype(int)]
    tokenizer, attends = load_tokenizer(trained.prepared_folder), "memory" in _names(model)
    references = test.references(tokenizer.decode)
    pixels = _pixels([test.images[row] for row in chosen], trained.corpus_folder)
    answer = None
    if attends:
        search = Caption(
            model, settings.search, first_caption_ids(trained.prepared_folder), attention=True
        )
        inputs = {"features": test.features.take(chosen), "language": test.languages[chosen]}
        answer = predict_batch(search, inputs)
    score = dict(zip(own, metrics.each, strict=True))
    found = []
    for number, row in enumerate(chosen):
        words, weights = [], None
        if answer is not None and captions[row]:
            length = int(answer["lengths"][number])
            pieces = tokenizer.vocabulary.pieces
            ids = answer["ids"][number][:length]
            spoken = ids != EOS
            words, weights = words_with_attention(
                [pieces[id_] for id_ in ids[spoken]], answer["attention"][number][:length][spoken]
            )
        picture = CaptionedPicture(pixels[number], captions[row], words, weights)
        found.append(SampleCaption(picture, references[row], float(score[row])))
    return found


def _names(model: keras.Model) -> set[str]:
    return {layer.name for layer in model.layers}


def _pixels(cells: Sequence[str], corpus_folder: Path) -> np.ndarray:
    contents = [TASK.input.find(cell, corpus_folder).content for cell in cells]
    return read_pictures(tf.constant(contents), SIZE).numpy()


def _log(settings: Settings, trained: Trained, metrics: CaptionMetrics) -> None:
    """Scores for TensorBoard, and a row of its HParams."""
    with TensorBoardLog(trained.run / "tensorboard" / "test", fresh=True) as log:
        for name, value in metrics.to_json().items():
            if isinstance(value, float):
                log.scalar(f"test/{name}", value, trained.result.best_step)
        log.hparams(
            without_run(settings), {"test_bleu4": metrics.bleu4, "dev_bleu4": trained.result.best}
        )
