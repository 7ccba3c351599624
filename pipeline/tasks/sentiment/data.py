"""Reads reviews, and prepares ids and label numbers."""

from __future__ import annotations

import importlib
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.array_file import array_writer
from pipeline.corpora.labelled.corpus import read_labelled_corpus
from pipeline.corpora.labelled.probabilities import label_of_column
from pipeline.corpora.settings import check_teachers
from pipeline.corpora.split_file import SplitFile
from pipeline.corpora.splits import CorpusSplits
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.facts import Prepared
from pipeline.normalize import normalize
from pipeline.pretrained import ENCODER, check_decided_by_encoder, check_encoder_fits
from pipeline.quiet import start_keras
from pipeline.stages.encoders import find_pretrained
from pipeline.tasks.sentiment.probabilities import write_probabilities
from pipeline.tasks.sentiment.settings import Settings
from pipeline.text.line_file import line_blocks, line_writer, spread_lines
from pipeline.text.morphemes import MorphemeAnalyzer
from pipeline.text.ragged import ragged_writer
from pipeline.text.settings import TextSettings
from pipeline.text.tokenizer import Tokenizer, normalized_lines
from pipeline.text.tokenizers import learn_tokenizer, load_tokenizer
from pipeline.text.truncation import truncation_warnings
from pipeline.workspace import SAMPLES, Workspace, read_json, write_json

SAMPLE = SAMPLES / "sentiment.tsv"
TRAIN_TEXTS = "train.prepared.txt"
"""Texts that training cuts into pieces anew in each epoch; with morphemes, which take long to
find."""
LABELS = "labels.json"
MAX_REVIEWS_TO_LEARN_FROM = 1_000_000
"""Pieces are learnt from at most so many reviews of train, evenly chosen, since the memory needed
grows with them."""
_LINES_AT_ONCE = 1 << 13
BUNDLED_ENCODER = "reviews-wordpiece"


def read(settings: Settings, workspace: Workspace) -> CorpusSplits:
    check_teachers(settings.teachers)
    corpus = read_labelled_corpus(settings.corpus, workspace.raw, SAMPLE)
    if settings.teachers.teachers is None:
        return corpus
    start_keras()
    # Imported only with teachers, since it loads models.
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
        check_encoder_fits(
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
    settings: Settings, splits: Mapping[str, SplitFile], corpus_folder: Path, folder: Path
) -> Prepared:
    text = settings.text
    analyzer = None if text.morphemes == "none" else MorphemeAnalyzer(text.morphemes)
    labels, reviews = _write_texts(splits["train"], analyzer, folder / TRAIN_TEXTS)
    write_json(folder / LABELS, labels)
    write_probabilities(folder, splits["train"], labels)
    tokenizer, learnt_from = _tokenizer(text, reviews, folder)
    tokenizer.save(folder)
    tokens, truncated = {}, {}
    for name, split in splits.items():
        lines = (
            line_blocks(folder / TRAIN_TEXTS, _LINES_AT_ONCE)
            if name == "train"
            else _normalized(split.blocks(), analyzer)
        )
        tokens[name], truncated[name] = _write_ids(tokenizer, lines, text.max_length, folder / name)
        _write_labels(split, labels, folder / f"{name}.labels.npy")
    pieces, per_review = len(tokenizer.vocabulary), tokens["train"] / max(reviews, 1)
    sample = f" (learnt from {learnt_from:,} reviews)" if learnt_from < reviews else ""
    cut = {("text", name): count for name, count in truncated.items()}
    return Prepared(
        summary=f"{pieces:,} pieces{sample}, {per_review:.1f} a review, "
        f"{counted(len(labels), 'label')}",
        warnings=tuple(truncation_warnings(cut, text.max_length)),
        vocabulary_size=pieces,
        details={"labels": labels, "tokens": tokens, "truncated": truncated},
    )


def _normalized(
    frames: Iterable[pd.DataFrame], analyzer: MorphemeAnalyzer | None
) -> Iterator[list[str]]:
    """The normalised texts (or their morphemes) of which pieces are made, some lines at a time."""
    plain = (normalize(text) for frame in frames for text in frame["text"].tolist())
    lines = normalized_lines(plain, analyzer, os.cpu_count() or 1)
    while block := list(itertools.islice(lines, _LINES_AT_ONCE)):
        yield block


def _write_texts(
    train: SplitFile, analyzer: MorphemeAnalyzer | None, path: Path
) -> tuple[list[str], int]:
    """Writes the texts of which pieces are made; returns all labels and the number of rows."""
    labels, rows = {*filter(None, map(label_of_column, train.columns))}, 0

    def frames() -> Iterator[pd.DataFrame]:
        nonlocal rows
        for frame in train.blocks():
            labels.update(frame["label"].tolist())
            rows += len(frame)
            yield frame

    with line_writer(path) as append:
        for lines in _normalized(frames(), analyzer):
            append(lines)
    return sorted(labels), rows


def _tokenizer(text: TextSettings, reviews: int, folder: Path) -> tuple[Tokenizer, int]:
    """The tokenizer of the encoder, or one learnt from train; and the number of reviews used."""
    if (folder / ENCODER).exists():
        return load_tokenizer(folder / ENCODER), reviews
    lines = spread_lines(folder / TRAIN_TEXTS, reviews, MAX_REVIEWS_TO_LEARN_FROM)
    tokenizer = learn_tokenizer(
        text.pieces,
        lines,
        vocabulary_size=text.vocabulary_size,
        min_frequency=text.min_frequency,
        morphemes=None if text.morphemes == "none" else text.morphemes,
        normalized=True,
    )
    return tokenizer, len(lines)


def _write_ids(
    tokenizer: Tokenizer, blocks: Iterable[list[str]], max_length: int, path: Path
) -> tuple[int, int]:
    """Writes the ids of normalised texts; returns the numbers of ids and of truncated texts."""
    tokens = truncated = 0
    with ragged_writer(path) as append:
        for lines in blocks:
            rows = tokenizer.encode_normalized(lines)
            truncated += int((rows.lengths > max_length).sum())
            rows = rows.truncated(max_length)
            append(rows)
            tokens += len(rows.ids)
    return tokens, truncated


def _write_labels(split: SplitFile, labels: Sequence[str], path: Path) -> None:
    """Writes the label numbers of a split; -1 for labels that train does not have."""
    number = {label: i for i, label in enumerate(labels)}
    with array_writer(path, np.int32) as append:
        for frame in split.blocks():
            append([number.get(label, -1) for label in frame["label"].tolist()])


def label_names(prepared_folder: Path) -> list[str]:
    """The labels in the order of their numbers."""
    names: list[str] = read_json(prepared_folder / LABELS)
    return names
