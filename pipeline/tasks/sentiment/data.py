"""Reviews to splits, to ids and label numbers."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.corpora.labelled.corpus import read_labelled_corpus
from pipeline.corpora.labelled.probabilities import probabilities_of
from pipeline.corpora.settings import check_teachers
from pipeline.corpora.splits import CorpusSplits
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.facts import Prepared
from pipeline.pretrained import ENCODER, check_decided_by_encoder, check_fits
from pipeline.quiet import start_keras
from pipeline.stages.encoders import find_pretrained
from pipeline.tasks.sentiment.probabilities import write_probabilities
from pipeline.tasks.sentiment.settings import Settings
from pipeline.text.morphemes import MorphemeAnalyzer
from pipeline.text.tokenizer import normalize_texts
from pipeline.text.tokenizers import learn_tokenizer, load_tokenizer
from pipeline.text.truncation import truncation_warnings
from pipeline.workspace import SAMPLES, Workspace, read_json, write_json, write_text

SAMPLE = SAMPLES / "sentiment.tsv"
TRAIN_TEXTS = "train.prepared.txt"
"""What training cuts anew each epoch; with morphemes, what took longest to find."""
LABELS = "labels.json"
BUNDLED_ENCODER = "reviews-wordpiece"


def read(settings: Settings, workspace: Workspace) -> CorpusSplits:
    check_teachers(settings.teachers)
    corpus = read_labelled_corpus(settings.corpus, workspace.raw, SAMPLE)
    if settings.teachers.teachers is None:
        return corpus
    start_keras()
    # Only who has teachers waits for models.
    teaching = importlib.import_module("pipeline.tasks.sentiment.teaching")
    taught: CorpusSplits = teaching.taught(settings, corpus, workspace)
    return taught


def encoder(settings: Settings, workspace: Workspace) -> Path | None:
    folder = find_pretrained(settings.start.encoder, BUNDLED_ENCODER, workspace)
    if folder is not None:
        text, model = settings.text, settings.model
        for option, value, only in (
            ("morphemes", text.morphemes, "none"),
            ("cell", model.cell, "lstm"),
            ("direction", model.direction, "both"),
        ):
            if value != only:
                raise UserError(
                    f"--{option} {value} does not go with a pretrained encoder",
                    where="command line",
                    remedy=f"use --{option} {only}, or --encoder none",
                )
        check_decided_by_encoder(text, ("vocabulary_size", "min_frequency"))
        check_fits(
            folder,
            {
                "pieces": text.pieces,
                "units": model.units,
                "embedding_size": model.embedding_size,
                "ngrams": model.ngrams,
                "max_ngrams": model.max_ngrams,
            },
        )
    return folder


def prepare(
    settings: Settings, splits: Mapping[str, pd.DataFrame], corpus_folder: Path, folder: Path
) -> Prepared:
    text = settings.text
    morphemes = None if text.morphemes == "none" else text.morphemes
    analyzer = MorphemeAnalyzer(morphemes) if morphemes else None
    workers = os.cpu_count() or 1
    normalized = {
        name: normalize_texts(list(frame["text"]), analyzer, workers)
        for name, frame in splits.items()
    }
    write_text(folder / TRAIN_TEXTS, "".join(f"{line}\n" for line in normalized["train"]))
    if (folder / ENCODER).exists():
        tokenizer = load_tokenizer(folder / ENCODER)
    else:
        tokenizer = learn_tokenizer(
            text.pieces,
            normalized["train"],
            vocabulary_size=text.vocabulary_size,
            min_frequency=text.min_frequency,
            morphemes=morphemes,
            normalized=True,
        )
    tokenizer.save(folder)
    labels = sorted({*splits["train"]["label"], *probabilities_of(splits["train"])[0]})
    write_json(folder / LABELS, labels)
    write_probabilities(folder, splits["train"], labels)
    number = {label: i for i, label in enumerate(labels)}
    tokens, truncated = {}, {}
    for name, frame in splits.items():
        rows = tokenizer.encode_normalized(normalized[name])
        truncated[name] = int((rows.lengths > text.max_length).sum())
        rows = rows.truncated(text.max_length)
        rows.save(folder / f"{name}.npz")
        known = np.array([number.get(label, -1) for label in frame["label"]], dtype=np.int32)
        np.save(folder / f"{name}.labels.npy", known, allow_pickle=False)
        tokens[name] = int(rows.row_splits[-1])
    pieces, per_review = len(tokenizer.vocabulary), tokens["train"] / max(len(splits["train"]), 1)
    cut = {("text", name): count for name, count in truncated.items()}
    return Prepared(
        summary=f"{pieces:,} pieces, {per_review:.1f} a review, {counted(len(labels), 'label')}",
        warnings=tuple(truncation_warnings(cut, text.max_length)),
        vocabulary_size=pieces,
        details={"labels": labels, "tokens": tokens, "truncated": truncated},
    )


def label_names(prepared_folder: Path) -> list[str]:
    """The labels in the order of their numbers."""
    names: list[str] = read_json(prepared_folder / LABELS)
    return names
