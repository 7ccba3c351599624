"""The training of a character language model."""

from __future__ import annotations

from pathlib import Path

import keras

from pipeline.batches.text_streams import TextStreams
from pipeline.facts import Trained
from pipeline.models.generate import Generate
from pipeline.models.language_model import language_model
from pipeline.tasks.charlm.data import DEV
from pipeline.tasks.charlm.dev_evaluation import CharacterDevEvaluation
from pipeline.tasks.charlm.settings import Settings
from pipeline.text.characters import Characters
from pipeline.text.ragged import Ragged
from pipeline.training.fit import TrainingPlan
from pipeline.training.losses import PieceCrossEntropy
from pipeline.training.state_carrier import StateCarrier
from pipeline.training.weights import load_best_weights
from pipeline.workspace import read_json


def plan(settings: Settings, prepared_folder: Path) -> TrainingPlan:
    training = settings.training
    model, characters = build_model(settings, prepared_folder)
    train, dev = Ragged.load(prepared_folder / "train"), read_json(prepared_folder / DEV)
    evaluate = CharacterDevEvaluation(model, characters, **dev, generate=generator(settings, model))

    def batches(epoch: int) -> TextStreams:
        return TextStreams(
            train, training.batch_size, settings.truncation.window, seed=training.seed, epoch=epoch
        )

    return TrainingPlan(
        model=StateCarrier(model, training.batch_size),
        loss=PieceCrossEntropy(training.label_smoothing),
        batches=batches,
        evaluate=evaluate,
        monitor="log_probability",
        tokens=lambda inputs: inputs["ids"].size,
    )


def build_model(settings: Settings, prepared_folder: Path) -> tuple[keras.Model, Characters]:
    """The untrained model for the data in `prepared_folder`, and its alphabet."""
    characters = Characters.load(prepared_folder)
    model = language_model(settings.model, vocabulary_size=len(characters.vocabulary))
    return model, characters


def trained_model(settings: Settings, trained: Trained) -> tuple[keras.Model, Characters]:
    """The model of a finished run, with its best weights, and its alphabet."""
    model, characters = build_model(settings, trained.prepared_folder)
    return load_best_weights(model, trained), characters


def generator(settings: Settings, model: keras.Model) -> Generate:
    """The generator of continuations, with the sampling of the settings."""
    return Generate(model, settings.generation)
