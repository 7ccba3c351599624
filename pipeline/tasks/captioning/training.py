"""The training of a captioner."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from pipeline.batches.captions import CaptionBatches
from pipeline.facts import Trained
from pipeline.models.caption import Caption
from pipeline.models.captioner import captioner
from pipeline.pictures.features import SHAPE
from pipeline.tasks.captioning.data import first_ids, load_languages, load_split
from pipeline.tasks.captioning.dev_evaluation import CaptionDevEvaluation
from pipeline.tasks.captioning.settings import Settings
from pipeline.text.tokenizers import load_tokenizer
from pipeline.training.fit import TrainingPlan
from pipeline.training.losses import PieceCrossEntropy
from pipeline.training.scheduled_sampling import ScheduledSampling
from pipeline.training.weights import load_best_weights


def plan(settings: Settings, prepared_folder: Path) -> TrainingPlan:
    training = settings.training
    model = build_model(settings, prepared_folder)
    train, dev = (load_split(prepared_folder, split) for split in ("train", "dev"))
    begin, languages = first_caption_ids(prepared_folder), load_languages(prepared_folder)
    # Search settings that do not fit the model are refused before the training.
    Caption(model, settings.search, begin)
    own = settings.sampling.scheduled_sampling
    evaluate = CaptionDevEvaluation(
        model,
        dev,
        load_tokenizer(prepared_folder),
        begin=begin,
        languages=languages,
        max_length=settings.search.longest_caption,
    )

    def batches(epoch: int) -> CaptionBatches:
        return CaptionBatches(
            train.features,
            train.captions,
            train.rows,
            training.batch_size,
            together=settings.batches.captions_together,
            seed=training.seed,
            epoch=epoch,
        )

    return TrainingPlan(
        model=model,
        loss=PieceCrossEntropy(training.label_smoothing),
        batches=batches,
        evaluate=evaluate,
        monitor="bleu4",
        tokens=lambda inputs: int(np.sum(inputs["target_lengths"])),
        prepare=ScheduledSampling(model, own, training.seed) if own else None,
    )


def build_model(settings: Settings, prepared_folder: Path) -> keras.Model:
    """The untrained model for the data in `prepared_folder`."""
    return captioner(
        settings.model,
        vocabulary=len(load_tokenizer(prepared_folder).vocabulary),
        languages=len(load_languages(prepared_folder)),
        features=SHAPE,
    )


def first_caption_ids(prepared_folder: Path) -> list[int]:
    """The first id of captions, for each language."""
    vocabulary = load_tokenizer(prepared_folder).vocabulary
    return first_ids(load_languages(prepared_folder), len(vocabulary))


def trained_model(settings: Settings, trained: Trained) -> keras.Model:
    """The model of a finished run, with the weights that were best on dev."""
    return load_best_weights(build_model(settings, trained.prepared_folder), trained)
