"""The training of a translator."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from pipeline.batches.sentence_pairs import PairBuckets
from pipeline.evaluation.translation_scores import TARGET_TOKENIZERS
from pipeline.facts import Trained
from pipeline.models.seq2seq import translator
from pipeline.models.translate import Translate
from pipeline.tasks.translation.data import SIDES
from pipeline.tasks.translation.dev_evaluation import TranslationDevEvaluation
from pipeline.tasks.translation.settings import Settings
from pipeline.text.pair_pieces import load_pair_tokenizers, training_segmentations
from pipeline.text.ragged import Ragged
from pipeline.training.fit import TrainingPlan
from pipeline.training.losses import PieceCrossEntropy
from pipeline.training.scheduled_sampling import ScheduledSampling
from pipeline.training.weights import load_best_weights


def plan(settings: Settings, prepared_folder: Path) -> TrainingPlan:
    training, search = settings.training, settings.search
    strength = settings.subwords.subword_sampling
    draws = [
        training_segmentations(prepared_folder, side, settings.text, strength, training.seed)
        for side in SIDES
    ]
    model = build_model(settings, prepared_folder)
    # Search settings that do not fit the model are refused before the training.
    Translate(model, search)
    own = settings.sampling.scheduled_sampling
    evaluate = TranslationDevEvaluation(
        model,
        *(Ragged.load(prepared_folder / f"dev.{side}") for side in SIDES),
        load_pair_tokenizers(prepared_folder),
        target_tokenizer=TARGET_TOKENIZERS[settings.target_language],
        search=search,
    )

    def batches(epoch: int) -> PairBuckets:
        drawn = [draw(epoch) for draw in draws]
        return PairBuckets(
            *drawn,
            count=-(-len(drawn[0]) // training.batch_size),
            seed=training.seed,
            epoch=epoch,
            jitter=settings.batches.length_jitter,
        )

    return TrainingPlan(
        model=model,
        loss=PieceCrossEntropy(training.label_smoothing),
        batches=batches,
        evaluate=evaluate,
        monitor="bleu",
        tokens=lambda inputs: int(np.sum(inputs["lengths"]) + np.sum(inputs["target_lengths"])),
        prepare=ScheduledSampling(model, own, training.seed) if own else None,
    )


def build_model(settings: Settings, prepared_folder: Path) -> keras.Model:
    """The untrained model for the data in `prepared_folder`."""
    tokenizers = load_pair_tokenizers(prepared_folder)
    return translator(
        settings.model,
        source_vocabulary=len(tokenizers["source"].vocabulary),
        target_vocabulary=len(tokenizers["target"].vocabulary),
        joint=settings.text.joint,
    )


def trained_model(settings: Settings, trained: Trained) -> keras.Model:
    """The model of a finished run, with the weights that were best on dev."""
    return load_best_weights(build_model(settings, trained.prepared_folder), trained)
