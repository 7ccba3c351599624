"""Evaluates a trained classifier on its test split."""

from __future__ import annotations

import keras
import numpy as np

from pipeline.corpora.split_file import SplitFile
from pipeline.counts import counted
from pipeline.evaluation.classification import ClassificationMetrics, evaluate_classifier
from pipeline.evaluation.seen_texts import SeenTexts
from pipeline.facts import Trained
from pipeline.models.classifier import predict_logits
from pipeline.models.settings import describe_classifier
from pipeline.normalize import normalize
from pipeline.report import figures
from pipeline.report.run_facts import run_facts
from pipeline.settings import without_run
from pipeline.tasks.base import Evaluated
from pipeline.tasks.sentiment import TASK
from pipeline.tasks.sentiment.data import label_names
from pipeline.tasks.sentiment.report import classification_content
from pipeline.tasks.sentiment.settings import Settings
from pipeline.tasks.sentiment.training import load_label_numbers, trained_model
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import SPECIALS, Vocabulary
from pipeline.training.tensorboard import TensorBoardLog, write_projector


def evaluate(settings: Settings, trained: Trained) -> Evaluated:
    folder = trained.prepared_folder
    names = label_names(folder)
    rows, labels = Ragged.load(folder / "test"), load_label_numbers(folder, "test")
    texts = SplitFile(trained.corpus_folder / "test.tsv").cells("text", normalize)
    train = SplitFile(trained.corpus_folder / "train.tsv")
    train_texts = SeenTexts(normalize(t) for frame in train.blocks() for t in frame["text"])
    warnings = []
    if (labels < 0).any():
        # A label that is not in train cannot be predicted; its rows count as wrong, under a
        # name of their own.
        unknown = counted(int((labels < 0).sum()), "test row")
        warnings.append(f"No training row has the label of {unknown}, which counts as wrong.")
        labels = np.where(labels < 0, len(names), labels)
        names = [*names, "(not in training)"]
    model = trained_model(settings, trained)
    logits = predict_logits(model, rows).astype(np.float64)
    probabilities = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    missing = len(names) - probabilities.shape[1]
    probabilities = np.pad(probabilities, ((0, 0), (0, missing)))
    metrics = evaluate_classifier(labels, probabilities, names, rows.lengths, texts, train_texts)
    _log_to_tensorboard(settings, trained, model, metrics)
    every = [*trained.warnings, *warnings]
    run = run_facts(TASK, settings, trained, describe_classifier(settings.model), warnings=every)
    content = classification_content(metrics, run)
    return Evaluated(metrics.summary, metrics.to_json(), content, warnings)


def _log_to_tensorboard(
    settings: Settings, trained: Trained, model: keras.Model, metrics: ClassificationMetrics
) -> None:
    """Logs the scores on test, the mistakes, and the embeddings with their pieces."""
    step = trained.result.best_step
    folder = trained.run / "tensorboard" / "test"
    with TensorBoardLog(folder, fresh=True) as log:
        scores = {
            "accuracy": metrics.accuracy,
            "macro_f1": metrics.macro_f1,
            "calibration_error": metrics.calibration_error,
        }
        for name, value in scores.items():
            log.scalar(f"test/{name}", value, step)
        matrix = figures.confusion_matrix(metrics.confusion, metrics.class_names)
        log.image("test/confusion_matrix", figures.to_png(matrix), step)
        wrong = metrics.mistakes
        log.misclassified(
            [m.text for m in wrong],
            [m.gold for m in wrong],
            [m.predicted for m in wrong],
            [m.probability for m in wrong],
            step,
        )
        log.hparams(
            without_run(settings),
            {"test_accuracy": metrics.accuracy, "dev_accuracy": trained.result.best},
        )
    pieces = Vocabulary.load(trained.prepared_folder / "vocab.txt").pieces
    counts = Ragged.load(trained.prepared_folder / "train").counts(len(pieces))
    common = [i for i in np.argsort(-counts, kind="stable") if i >= len(SPECIALS)]
    write_projector(
        folder,
        model.get_layer("embedding").folded()[common],
        [pieces[i] for i in common],
        {"times in training": counts[common]},
    )
