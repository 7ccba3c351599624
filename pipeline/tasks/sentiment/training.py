"""The training of a classifier."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from pipeline.array_file import mapped_array
from pipeline.batches.length_buckets import LengthBuckets
from pipeline.facts import Trained
from pipeline.models.classifier import predict_logits, recurrent_classifier
from pipeline.models.start import has_encoder, start_from
from pipeline.tasks.sentiment.data import TRAIN_TEXTS, label_names
from pipeline.tasks.sentiment.probabilities import load_train_probabilities
from pipeline.tasks.sentiment.settings import Settings
from pipeline.text.ngrams import vocabulary_ngrams
from pipeline.text.ragged import Ragged
from pipeline.text.sampling import segmentations
from pipeline.text.vocabulary import Vocabulary
from pipeline.training.adversarial import adversarial_model
from pipeline.training.distillation import DistillationLoss, SoftTargets
from pipeline.training.fit import TrainingPlan
from pipeline.training.losses import SmoothedCrossEntropy
from pipeline.training.weights import load_best_weights


def plan(settings: Settings, prepared_folder: Path) -> TrainingPlan:
    training = settings.training
    targets = load_targets(settings, prepared_folder)
    dev_rows, dev_labels = (
        Ragged.load(prepared_folder / "dev"),
        load_label_numbers(prepared_folder, "dev"),
    )
    draw = segmentations(
        prepared_folder,
        prepared_folder / TRAIN_TEXTS,
        Ragged.load(prepared_folder / "train"),
        strength=settings.subwords.subword_dropout,
        seed=training.seed,
        max_length=settings.text.max_length,
    )
    small, batch_size = settings.small_corpora, training.batch_size
    pretrained = has_encoder(prepared_folder)
    trainings = small.trainings_of(batch_size, len(targets)) if pretrained else 1
    batch_size = small.rows_per_batch(batch_size, len(targets))

    def batches(epoch: int) -> LengthBuckets:
        return LengthBuckets(
            draw(epoch),
            targets,
            batch_size,
            seed=training.seed,
            epoch=epoch,
            jitter=settings.batches.length_jitter,
        )

    def evaluate(model: keras.Model) -> dict[str, float | str]:
        logits = predict_logits(model, dev_rows)
        log_probabilities = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        right = np.arange(len(dev_labels)), np.maximum(dev_labels, 0)
        return {
            "accuracy": float(np.mean(logits.argmax(axis=1) == dev_labels)),
            "loss": float(-np.mean(log_probabilities[right])),
        }

    model = build_model(settings, prepared_folder, start_even=trainings > 1)
    return TrainingPlan(
        model=adversarial_model(model, settings.adversarial),
        loss=(
            DistillationLoss(settings.distillation.temperature)
            if isinstance(targets, SoftTargets)
            else SmoothedCrossEntropy(training.label_smoothing)
        ),
        batches=batches,
        evaluate=evaluate,
        monitor="accuracy",
        rates=start_from(model, prepared_folder, settings.fine_tuning.encoder_rate),
        trainings=trainings,
    )


def load_targets(settings: Settings, prepared_folder: Path) -> np.ndarray | SoftTargets:
    """The targets of train: label numbers, or probabilities if it has some."""
    labels = load_label_numbers(prepared_folder, "train")
    given = load_train_probabilities(prepared_folder)
    if given is None:
        return labels
    return SoftTargets(
        given.probabilities,
        np.where(given.labelled, labels, -1),
        temperature=settings.distillation.temperature,
        label_share=settings.distillation.label_share,
        label_smoothing=settings.training.label_smoothing,
    )


def load_label_numbers(prepared_folder: Path, split: str) -> np.ndarray:
    """Label numbers of a split, int32 [rows]; -1 for labels that train does not have."""
    return mapped_array(prepared_folder / f"{split}.labels.npy", np.int32)


def build_model(settings: Settings, prepared_folder: Path, start_even: bool = False) -> keras.Model:
    """The untrained model for the data in `prepared_folder`."""
    vocabulary = Vocabulary.load(prepared_folder / "vocab.txt")
    table, ngrams = vocabulary_ngrams(vocabulary, settings.model.ngrams, settings.model.max_ngrams)
    return recurrent_classifier(
        settings.model,
        vocabulary_size=len(vocabulary),
        classes=len(label_names(prepared_folder)),
        ngram_table=table,
        ngrams=ngrams,
        start_even=start_even,
    )


def trained_model(settings: Settings, trained: Trained) -> keras.Model:
    """The model of a finished run, with the weights that were best on dev."""
    return load_best_weights(build_model(settings, trained.prepared_folder), trained)
