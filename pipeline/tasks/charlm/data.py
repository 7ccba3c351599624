"""Reads running text, and prepares ids of characters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pipeline.corpora.running.corpus import read_running_text
from pipeline.corpora.running.documents import from_frame
from pipeline.corpora.split_file import SplitFile
from pipeline.corpora.splits import CorpusSplits, read_split
from pipeline.facts import Prepared, Trained
from pipeline.tasks.charlm.settings import Settings
from pipeline.text.characters import Characters
from pipeline.text.vocabulary import UNK
from pipeline.workspace import Workspace, write_json

DEV = "dev.json"
"""The texts of dev as they were written, since characters are scored, not units."""


def read(settings: Settings, workspace: Workspace) -> CorpusSplits:
    return read_running_text(settings.corpus, workspace.raw)


def prepare(
    settings: Settings, splits: Mapping[str, SplitFile], corpus_folder: Path, folder: Path
) -> Prepared:
    documents = {name: from_frame(split.frame()) for name, split in splits.items()}
    alphabet = settings.text.alphabet
    characters = Characters.learn(documents["train"][0], alphabet, settings.text.min_frequency)
    characters.save(folder)
    units, unknown = {}, {}
    for name, (texts, ends) in documents.items():
        rows = characters.encode_documents(texts, ends)
        rows.save(folder / name)
        units[name] = len(rows.ids) - len(rows)
        unknown[name] = int(np.count_nonzero(rows.ids == UNK))
    texts, ends = documents["dev"]
    write_json(folder / DEV, {"texts": texts, "ends": ends})
    size = len(characters.vocabulary)
    return Prepared(
        summary=f"{size:,} units ({alphabet}), {units['train']:,} in train, "
        f"{unknown['dev'] / max(units['dev'], 1):.2%} of dev unknown",
        vocabulary_size=size,
        details={"units": units, "unknown": unknown},
    )


def held_out_splits(trained: Trained) -> list[str]:
    """The splits that the model was not trained on, each once: first the one whose scores are
    reported (dev if there is no test)."""
    return list(dict.fromkeys([trained.corpus.reported, "dev"]))


def held_out_documents(trained: Trained, split: str) -> tuple[list[str], list[bool]]:
    """The documents of a split as they were written, and whether each ends there."""
    return from_frame(read_split(trained.corpus_folder / f"{split}.tsv"))
