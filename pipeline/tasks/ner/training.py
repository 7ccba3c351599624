"""The training of a tagger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from pipeline.batches.length_buckets import LengthBuckets
from pipeline.evaluation.entity_scores import entity_scores
from pipeline.facts import Trained
from pipeline.models.start import start_from
from pipeline.models.tagger import (
    ENCODER_LAYERS,
    EncoderShape,
    best_tags,
    predict_tags,
    recurrent_tagger,
)
from pipeline.pretrained import ENCODER, read_pretrained
from pipeline.tasks.ner.data import NGRAMS, load_tags
from pipeline.tasks.ner.settings import Settings
from pipeline.text.mentions import MentionSampler
from pipeline.text.ngrams import vocabulary_ngrams
from pipeline.text.piece_ngrams import load_piece_ngrams
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import Vocabulary
from pipeline.training.adversarial import adversarial_model
from pipeline.training.fit import TrainingPlan
from pipeline.training.losses import PieceCrossEntropy
from pipeline.training.weights import load_best_weights

_DEV_BATCH_SIZE = 256


def plan(settings: Settings, prepared_folder: Path) -> TrainingPlan:
    training = settings.training
    rows, gold = (
        {name: Ragged.load(prepared_folder / f"{name}{kind}") for name in ("train", "dev")}
        for kind in ("", ".tags")
    )
    model = build_model(settings, prepared_folder)
    crf, decoder = model.get_layer("crf"), best_tags(model, settings.model)
    tags = load_tags(prepared_folder)
    dev_entities = tags.entities_of_rows(gold["dev"])
    mentions = MentionSampler(
        rows["train"],
        gold["train"],
        tags,
        Vocabulary.load(prepared_folder / "vocab.txt"),
        share=settings.mentions.mention_replacement,
        seed=training.seed,
    )

    def batches(epoch: int) -> LengthBuckets:
        return LengthBuckets(
            *mentions.draw(epoch),
            training.batch_size,
            seed=training.seed,
            epoch=epoch,
            jitter=settings.batches.length_jitter,
        )

    def evaluate(model: keras.Model) -> dict[str, float | str]:
        predicted = predict_tags(decoder, rows["dev"])
        dev = LengthBuckets(rows["dev"], gold["dev"], _DEV_BATCH_SIZE)
        loss = sum(
            float(model.test_on_batch(*batch)) * int(batch[0]["lengths"].sum()) for batch in dev
        )
        scores = entity_scores(dev_entities, tags.entities_of_rows(predicted))
        return {**scores, "loss": loss / len(rows["dev"].ids)}

    return TrainingPlan(
        model=adversarial_model(model, settings.adversarial),
        loss=crf.loss if settings.model.head == "crf" else PieceCrossEntropy(),
        batches=batches,
        evaluate=evaluate,
        monitor="f1",
        rates=start_from(model, prepared_folder, settings.fine_tuning.encoder_rate, ENCODER_LAYERS),
    )


def build_model(settings: Settings, prepared_folder: Path) -> keras.Model:
    """The untrained model for the data in `prepared_folder`."""
    return recurrent_tagger(settings.model, **_shape(prepared_folder))


def trained_tagger(settings: Settings, trained: Trained) -> keras.Model:
    """The model of a finished run with its best weights; its layer "crf" gives potentials."""
    return load_best_weights(build_model(settings, trained.prepared_folder), trained)


def _shape(prepared_folder: Path) -> dict[str, Any]:
    """The arguments of `recurrent_tagger` that depend on the prepared data."""
    vocabulary = Vocabulary.load(prepared_folder / "vocab.txt")
    return {
        "vocabulary_size": len(vocabulary),
        "tags": load_tags(prepared_folder),
        "ngram_keys": load_piece_ngrams(prepared_folder / NGRAMS),
        "encoder": _encoder_shape(prepared_folder / ENCODER, vocabulary),
    }


def _encoder_shape(folder: Path, vocabulary: Vocabulary) -> EncoderShape | None:
    if not folder.exists():
        return None
    encoder = read_pretrained(folder)
    table, ngrams = vocabulary_ngrams(vocabulary, encoder.ngrams, encoder.max_ngrams)
    return EncoderShape(encoder.units, encoder.embedding_size, table, ngrams)
