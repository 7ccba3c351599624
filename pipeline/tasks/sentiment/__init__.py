"""sentiment: a review in, one of the corpus's labels out (many to one)."""

from __future__ import annotations

import dataclasses
import os
import typing
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from pipeline.corpora.labelled import CorpusSettings, read_labelled_corpus
from pipeline.corpora.splits import CorpusSplits, read_split
from pipeline.models.settings import ClassifierSettings, describe
from pipeline.ranges import Share
from pipeline.run_info import run_info
from pipeline.settings import as_json
from pipeline.tasks.base import RunSettings, Signature, Task, Trained
from pipeline.text.settings import TextSettings
from pipeline.training.settings import TrainingSettings
from pipeline.workspace import SAMPLES, Workspace, read_json, write_json, write_text

if typing.TYPE_CHECKING:
    from pipeline.report.page import ReportContent
    from pipeline.training.fit import TrainingPlan

SAMPLE = SAMPLES / "sentiment.tsv"
PREPARED = "train.prepared.txt"


@dataclasses.dataclass(frozen=True)
class SubwordSettings:
    """Subword regularisation."""

    subword_dropout: Annotated[float, Share] = 0.15
    """In training, a longest match is refused this often, so that words are seen cut in several
    ways (MaxMatch-Dropout, Hiraoka 2022); with sentencepiece the smoothing alpha of sampled
    segmentations (Kudo 2018). 0 always cuts the same way."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that can be set for the sentiment task."""

    corpus: CorpusSettings = CorpusSettings()
    text: TextSettings = TextSettings()
    subwords: SubwordSettings = SubwordSettings()
    model: ClassifierSettings = ClassifierSettings()
    training: TrainingSettings = TrainingSettings()
    run: RunSettings = RunSettings()


# ---- corpora -> splits


def read_corpus(settings: Settings, workspace: Workspace) -> CorpusSplits:
    return read_labelled_corpus(settings.corpus, workspace.raw, SAMPLE)


# ---- text -> ids


def prepare(settings: Settings, splits: dict[str, pd.DataFrame], folder: Path) -> dict:
    from pipeline.text.morphemes import MorphemeAnalyzer
    from pipeline.text.tokenizer import learn_tokenizer
    from pipeline.text.tokenizer import prepare as prepare_texts
    from pipeline.text.truncation import truncation_warnings

    text = settings.text
    morphemes = None if text.morphemes == "none" else text.morphemes
    analyzer = MorphemeAnalyzer(morphemes) if morphemes else None
    workers = os.cpu_count() or 1
    prepared = {
        name: prepare_texts(list(frame["text"]), analyzer, workers)
        for name, frame in splits.items()
    }
    # What training cuts anew each epoch; with morphemes, what took longest to find.
    write_text(folder / PREPARED, "".join(f"{line}\n" for line in prepared["train"]))
    tokenizer = learn_tokenizer(
        text.pieces,
        prepared["train"],
        vocabulary_size=text.vocabulary_size,
        min_frequency=text.min_frequency,
        morphemes=morphemes,
        prepared=True,
    )
    tokenizer.save(folder)
    labels = sorted(set(splits["train"]["label"]))
    number = {label: i for i, label in enumerate(labels)}
    notes = {"pieces": len(tokenizer.vocabulary), "labels": labels}
    for name, frame in splits.items():
        rows = tokenizer.encode_prepared(prepared[name])
        notes[f"{name}_truncated"] = int((rows.lengths > text.max_length).sum())
        rows = rows.truncated(text.max_length)
        rows.save(folder / f"{name}.npz")
        known = np.array([number.get(label, -1) for label in frame["label"]], dtype=np.int32)
        np.save(folder / f"{name}.labels.npy", known, allow_pickle=False)
        notes[f"{name}_tokens"] = int(rows.row_splits[-1])
    write_json(folder / "labels.json", labels)
    per_review = notes["train_tokens"] / max(len(splits["train"]), 1)
    notes["summary"] = (
        f"{notes['pieces']:,} pieces, {per_review:.1f} a review, {len(labels)} labels"
    )
    truncated = {f"texts of {name}": notes[f"{name}_truncated"] for name in splits}
    return {**notes, "warnings": truncation_warnings(truncated, text.max_length)}


# ---- ids -> model -> weights


def plan(settings: Settings, prepared_folder: Path) -> TrainingPlan:
    import keras

    from pipeline.batches.length_buckets import LengthBuckets
    from pipeline.models.classifier import predict_logits
    from pipeline.text.ragged import Ragged
    from pipeline.training.fit import TrainingPlan
    from pipeline.training.losses import SmoothedCrossEntropy

    training = settings.training
    train_labels = np.load(prepared_folder / "train.labels.npy", allow_pickle=False)
    dev_rows = Ragged.load(prepared_folder / "dev.npz")
    dev_labels = np.load(prepared_folder / "dev.labels.npy", allow_pickle=False)
    multiple = 8 if keras.backend.backend() == "jax" else 1
    draw = _segmentations(settings, prepared_folder)

    def batches(epoch: int) -> LengthBuckets:
        return LengthBuckets(
            draw(epoch),
            train_labels,
            training.batch_size,
            seed=training.seed,
            epoch=epoch,
            multiple=multiple,
        )

    def evaluate(model: keras.Model) -> dict[str, float]:
        logits = predict_logits(model, dev_rows)
        log_probabilities = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        right = np.arange(len(dev_labels)), np.maximum(dev_labels, 0)
        return {
            "accuracy": float(np.mean(logits.argmax(axis=1) == dev_labels)),
            "loss": float(-np.mean(log_probabilities[right])),
        }

    return TrainingPlan(
        model=build_model(settings, prepared_folder),
        loss=SmoothedCrossEntropy(training.label_smoothing),
        batches=batches,
        evaluate=evaluate,
        monitor="accuracy",
    )


def _segmentations(settings: Settings, prepared_folder: Path):
    """epoch -> the training rows, cut anew each epoch where subword dropout is on."""
    from pipeline.text.ragged import Ragged
    from pipeline.text.sampling import SegmentationSampler
    from pipeline.text.tokenizer import load_tokenizer

    strength = settings.subwords.subword_dropout
    if not strength or settings.text.pieces == "syllable":
        rows = Ragged.load(prepared_folder / "train.npz")
        return lambda epoch: rows
    sampler = SegmentationSampler(
        load_tokenizer(prepared_folder),
        (prepared_folder / PREPARED).read_text(encoding="utf-8").split("\n")[:-1],
        strength=strength,
        seed=settings.training.seed,
        prepared=True,
    )
    return lambda epoch: sampler.draw(epoch).truncated(settings.text.max_length)


_JAMO_LENGTHS = {"syllable": (), "jamo": (3,)}


def build_model(settings: Settings, prepared_folder: Path):
    """The untrained model for what lies in `prepared_folder`."""
    from pipeline.models.classifier import recurrent_classifier
    from pipeline.text.ngrams import ngram_table
    from pipeline.text.vocabulary import Vocabulary

    vocabulary = Vocabulary.load(prepared_folder / "vocab.txt")
    table, names = None, []
    if settings.model.ngrams != "none":
        table, names = ngram_table(
            vocabulary,
            jamo_lengths=_JAMO_LENGTHS[settings.model.ngrams],
            most=settings.model.max_ngrams,
        )
    return recurrent_classifier(
        settings.model,
        vocabulary_size=len(vocabulary),
        classes=len(read_json(prepared_folder / "labels.json")),
        ngram_table=table,
        ngrams=len(names),
    )


def _trained_model(settings: Settings, trained: Trained):
    model = build_model(settings, trained.prepared_folder)
    model.load_weights(trained.run / "best.weights.h5")
    return model


# ---- evaluation


def evaluate(settings: Settings, trained: Trained) -> tuple[dict, ReportContent]:
    from pipeline.evaluation.classification import evaluate as measure
    from pipeline.models.classifier import predict_logits
    from pipeline.normalize import normalize
    from pipeline.tasks.sentiment.report import classification_content
    from pipeline.text.ragged import Ragged

    tokens = trained.prepared_folder
    names = read_json(tokens / "labels.json")
    rows = Ragged.load(tokens / "test.npz")
    labels = np.load(tokens / "test.labels.npy", allow_pickle=False)
    texts = [normalize(t) for t in read_split(trained.corpus_folder / "test.tsv")["text"]]
    train_texts = {normalize(t) for t in read_split(trained.corpus_folder / "train.tsv")["text"]}
    warnings = list(trained.warnings)
    if (labels < 0).any():
        # A label that training never showed cannot be given; each of its rows counts as wrong,
        # under a name of its own.
        unknown = int((labels < 0).sum())
        warnings.append(f"{unknown:,} test rows carry labels that no training row has.")
        labels = np.where(labels < 0, len(names), labels)
        names = [*names, "(not in training)"]
    model = _trained_model(settings, trained)
    logits = predict_logits(model, rows).astype(np.float64)
    probabilities = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    missing = len(names) - probabilities.shape[1]
    probabilities = np.pad(probabilities, ((0, 0), (0, missing)))
    metrics = measure(labels, probabilities, names, rows.lengths, texts, train_texts)
    _log_to_tensorboard(settings, trained, model, metrics)
    content = classification_content(
        metrics,
        pd.read_csv(trained.run / "history.csv"),
        run_info(TASK, settings, trained, describe(settings.model)),
        warnings,
        pd.read_csv(trained.run / "steps.csv"),
    )
    return metrics.to_json(), content


def _log_to_tensorboard(settings: Settings, trained: Trained, model, metrics) -> None:
    """The test split's numbers, its mistakes, and the embeddings with their pieces."""
    from pipeline.report import figures
    from pipeline.text.ragged import Ragged
    from pipeline.text.vocabulary import SPECIALS, Vocabulary
    from pipeline.training.tensorboard import TensorBoardLog, write_projector

    step = trained.training["best_step"]
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
            {k: v for k, v in as_json(settings).items() if k != "run"},
            {"test_accuracy": metrics.accuracy, "dev_accuracy": trained.training["best"]},
        )
    pieces = Vocabulary.load(trained.prepared_folder / "vocab.txt").pieces
    counts = np.bincount(
        Ragged.load(trained.prepared_folder / "train.npz").ids, minlength=len(pieces)
    )
    common = [i for i in np.argsort(-counts, kind="stable") if i >= len(SPECIALS)]
    write_projector(
        folder,
        model.get_layer("embedding").folded()[common],
        [pieces[i] for i in common],
        {"times in training": counts[common]},
    )


# ---- export and serving


def export(settings: Settings, trained: Trained, folder: Path) -> dict:
    from pipeline.export.classifier import export_classifier
    from pipeline.models.classifier import folded
    from pipeline.text.tokenizer import load_tokenizer

    return export_classifier(
        folded(_trained_model(settings, trained), settings.model),
        load_tokenizer(trained.prepared_folder),
        read_json(trained.prepared_folder / "labels.json"),
        folder,
        max_length=settings.text.max_length,
    )


def load_predictor(folder: Path):
    from pipeline.export.classifier import load_classifier

    classify = load_classifier(folder)

    def lines(texts: list[str]) -> list[str]:
        labels, scores = classify(texts)
        return [
            f"{label}\t{score:.3f}\t{' '.join(text.split())}"
            for label, score, text in zip(labels, scores, texts, strict=True)
        ]

    return lines


def _served_accuracy(outputs: dict, test: pd.DataFrame) -> dict[str, float]:
    labels = np.array([label.decode("utf-8") for label in outputs["label"]])
    return {"accuracy": float(np.mean(labels == test["label"].to_numpy(str)))}


TASK = Task(
    name="sentiment",
    summary="a review in, positive or negative out (NSMC; or your own labels)",
    settings=Settings,
    corpus_settings=("corpus",),
    prepare_settings=("text",),
    read_corpus=read_corpus,
    prepare=prepare,
    plan=plan,
    evaluate=evaluate,
    export=export,
    signature=Signature(
        name="serving_default",
        inputs={"text": ("string", "[n]", "reviews as they were written, UTF-8")},
        outputs={
            "label": ("string", "[n]", "the most probable label"),
            "score": ("float32", "[n]", "probability of that label"),
            "probabilities": ("float32", "[n, labels]", "of all labels, in the order above"),
        },
        ask=lambda test: {"text": list(test["text"])},
        score=_served_accuracy,
    ),
    load_predictor=load_predictor,
    example="아 더빙.. 진짜 짜증나네요 목소리",
    tiny=Settings(
        corpus=CorpusSettings(corpus="sample"),
        model=ClassifierSettings(units=16, embedding_size=32, embedding_dropout=0.2),
        training=TrainingSettings(
            epochs=3, min_steps=1, batch_size=32, learning_rate=0.01, evaluations=3
        ),
    ),
)
