"""Reads raw texts, and prepares ids of passages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.corpora.split_file import SplitFile
from pipeline.corpora.splits import CorpusSplits
from pipeline.corpora.unlabelled.corpus import read_unlabelled_texts
from pipeline.facts import Prepared
from pipeline.tasks.encoder.settings import Settings
from pipeline.text.passages import passages
from pipeline.text.tokenizer import normalize_texts
from pipeline.text.tokenizers import learn_tokenizer
from pipeline.workspace import Workspace, write_text

TRAIN_TEXTS = "train.normalized.txt"
"""Passages of train, one per line; training cuts them into pieces anew in each epoch."""


def read(settings: Settings, workspace: Workspace) -> CorpusSplits:
    return read_unlabelled_texts(settings.corpus, workspace.raw)


def prepare(
    settings: Settings, splits: Mapping[str, SplitFile], corpus_folder: Path, folder: Path
) -> Prepared:
    text = settings.text
    found = {
        name: [
            passage
            for line in normalize_texts(list(split.frame()["text"]))
            for passage in passages(line, text.passage_length)
        ]
        for name, split in splits.items()
    }
    write_text(folder / TRAIN_TEXTS, "".join(f"{line}\n" for line in found["train"]))
    tokenizer = learn_tokenizer(
        text.pieces,
        found["train"],
        vocabulary_size=text.vocabulary_size,
        min_frequency=text.min_frequency,
        normalized=True,
    )
    tokenizer.save(folder)
    tokens = {}
    for name, lines in found.items():
        rows = tokenizer.encode_normalized(lines)
        rows.save(folder / name)
        tokens[name] = len(rows.ids) - 2 * len(rows)
    pieces = len(tokenizer.vocabulary)
    return Prepared(
        summary=f"{pieces:,} pieces, {len(found['train']):,} passages of "
        f"{tokens['train'] / max(len(found['train']), 1):.1f} in train",
        vocabulary_size=pieces,
        details={
            "tokens": tokens,
            "passages": {name: len(lines) for name, lines in found.items()},
            "characters": {name: sum(map(len, lines)) for name, lines in found.items()},
        },
    )
