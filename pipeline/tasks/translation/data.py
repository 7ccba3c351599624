"""Reads sentence pairs, and prepares ids of both sides."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.corpora.parallel.corpus import read_parallel_corpus
from pipeline.corpora.split_file import SplitFile
from pipeline.corpora.splits import CorpusSplits
from pipeline.facts import Prepared
from pipeline.tasks.translation.settings import Settings
from pipeline.text.pair_pieces import write_pair_pieces
from pipeline.text.settings import check_pair_morphemes
from pipeline.text.truncation import truncation_warnings
from pipeline.workspace import SAMPLES, Workspace

SAMPLE = SAMPLES / "translation.tsv"
SIDES = {"source": "text", "target": "label"}
"""Side of a pair -> its column in a split."""


def read(settings: Settings, workspace: Workspace) -> CorpusSplits:
    return read_parallel_corpus(settings.corpus, workspace.raw, SAMPLE)


def prepare(
    settings: Settings, splits: Mapping[str, SplitFile], corpus_folder: Path, folder: Path
) -> Prepared:
    check_pair_morphemes(settings.text, settings.corpus.direction)
    frames = {name: split.frame() for name, split in splits.items()}
    texts = {
        side: {name: list(frame[column]) for name, frame in frames.items()}
        for side, column in SIDES.items()
    }
    pieces = write_pair_pieces(settings.text, texts, folder)
    cut = {(side, name): pieces.truncated[side][name] for name in splits for side in SIDES}
    return Prepared(
        summary=pieces.summary,
        warnings=tuple(truncation_warnings(cut, settings.text.max_length)),
        vocabulary_size=pieces.sizes["source"],
        details={"pieces": pieces.sizes, "tokens": pieces.tokens, "truncated": pieces.truncated},
    )
