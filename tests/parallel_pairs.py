"""Pairs to read in the tests of parallel corpora, and what must hold of what was read."""

from __future__ import annotations

from pathlib import Path

from pipeline.corpora.parallel.corpus import (
    PairCorpusSettings,
    read_evaluation_pairs,
    read_parallel_corpus,
)
from pipeline.corpora.splits import CorpusSplits
from pipeline.normalize import normalize

SPLITS = ("train", "dev", "test")


def made(count: int, name: str = "가") -> list[str]:
    """Pairs, `ko<TAB>en`; each English side stands in two of them."""
    return [f"{name}는 {n}번이다.\t{ord(name)} is number {n // 2}." for n in range(count)]


def read(corpus: object, tmp_path: Path, **settings) -> CorpusSplits:
    chosen = PairCorpusSettings(str(corpus), **settings)
    return read_parallel_corpus(chosen, tmp_path / "raw", tmp_path / "sample.tsv")


def judge(name: object, tmp_path: Path, **settings):
    chosen = PairCorpusSettings(**settings)
    sample = tmp_path / "sample.tsv"
    return read_evaluation_pairs(str(name), chosen, tmp_path / "raw", sample)


def sizes(found: CorpusSplits) -> dict[str, int]:
    return {name: len(frame) for name, frame in found.splits.items()}


def shares_no_side(found: CorpusSplits) -> bool:
    for column in ("text", "label"):
        sides = [set(map(str.casefold, map(normalize, found.splits[n][column]))) for n in SPLITS]
        if len(set.union(*sides)) != sum(map(len, sides)):
            return False
    return True
