"""The training of an encoder."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from pipeline.batches.language_model import MaskedBuckets, TwoWayBuckets
from pipeline.facts import Trained
from pipeline.models.one_graph import predict_batch
from pipeline.models.text_encoder import pretraining_model, text_encoder
from pipeline.tasks.encoder.data import TRAIN_TEXTS
from pipeline.tasks.encoder.settings import Settings
from pipeline.text.ngrams import vocabulary_ngrams
from pipeline.text.ragged import Ragged
from pipeline.text.sampling import segmentations
from pipeline.text.vocabulary import Vocabulary
from pipeline.training.fit import TrainingPlan
from pipeline.training.losses import MeanNats
from pipeline.training.weights import load_best_weights

_DEV_BATCH_SIZE = 32


def plan(settings: Settings, prepared_folder: Path) -> TrainingPlan:
    training = settings.training
    model = build_model(settings, prepared_folder)
    train, dev = (Ragged.load(prepared_folder / name) for name in ("train", "dev"))
    model.get_layer("softmax").set_counts(train.counts(_pieces(model)))
    draw = segmentations(
        prepared_folder,
        prepared_folder / TRAIN_TEXTS,
        train,
        strength=settings.subwords.subword_dropout,
        seed=training.seed,
    )

    def batches(epoch: int) -> TwoWayBuckets | MaskedBuckets:
        return buckets(
            settings,
            draw(epoch),
            training.batch_size,
            _pieces(model),
            seed=training.seed,
            epoch=epoch,
            jitter=settings.batches.length_jitter,
        )

    def evaluate(model: keras.Model) -> dict[str, float | str]:
        ways = nats_each_way(settings, model, dev)
        loss = float(np.mean(ways))
        named = zip(("forward", "backward"), ways, strict=True) if len(ways) == 2 else ()
        return {"log_probability": -loss, "loss": loss, **dict(named)}

    return TrainingPlan(
        model=model,
        loss=MeanNats(),
        batches=batches,
        evaluate=evaluate,
        monitor="log_probability",
    )


def buckets(
    settings: Settings, rows: Ragged, batch_size: int, pieces: int, **options
) -> TwoWayBuckets | MaskedBuckets:
    """The batches for the architecture.

    Args:
        **options: of `LengthBuckets`.
    """
    if settings.model.architecture == "recurrent":
        return TwoWayBuckets(rows, batch_size, **options)
    return MaskedBuckets(rows, batch_size, pieces, **options)


def nats_each_way(settings: Settings, model: keras.Model, rows: Ragged) -> list[float]:
    """The mean loss per piece in nats: from the left and from the right; for the Transformer one
    number, over the hidden pieces.

    Args:
        model: of `build_model`.
    """
    total = count = np.zeros(1)
    for inputs, real in buckets(settings, rows, _DEV_BATCH_SIZE, _pieces(model)):
        nats = predict_batch(model, inputs)
        total = total + (nats * real).sum(axis=(0, 1), dtype=np.float64)
        count = count + real.sum(axis=(0, 1), dtype=np.float64)
    return [float(way) for way in total / np.maximum(count, 1)]


def _pieces(model: keras.Model) -> int:
    return model.get_layer("softmax").pieces


def build_model(settings: Settings, prepared_folder: Path) -> keras.Model:
    """The untrained model for the data in `prepared_folder`, with its training objective."""
    vocabulary = Vocabulary.load(prepared_folder / "vocab.txt")
    table, ngrams = vocabulary_ngrams(vocabulary, settings.model.ngrams, settings.model.max_ngrams)
    encoder = text_encoder(
        settings.model, vocabulary_size=len(vocabulary), ngram_table=table, ngrams=ngrams
    )
    return pretraining_model(
        encoder,
        settings.model,
        vocabulary_size=len(vocabulary),
        samples=settings.softmax.softmax_samples,
    )


def trained_model(settings: Settings, trained: Trained) -> keras.Model:
    """The model of a finished run, with the weights that were best on dev."""
    return load_best_weights(build_model(settings, trained.prepared_folder), trained)


def encoder_of(model: keras.Model) -> keras.Model:
    """The part of a model of `build_model` that reads texts: from ids and lengths to vectors."""
    inputs = {name: model.input[name] for name in ("ids", "lengths")}
    return keras.Model(inputs, model.get_layer("state_dropout").input, name="encoder")
