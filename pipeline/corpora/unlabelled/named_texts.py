"""Raw texts by name: the texts of some splits of a corpus."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.corpora import catalogue
from pipeline.corpora.annotated.corpus import read_annotated_corpus, read_evaluation_corpus
from pipeline.corpora.fetch import CorpusUnavailable
from pipeline.corpora.labelled.corpus import read_labelled_corpus
from pipeline.corpora.origins import catalogue_origin
from pipeline.corpora.parallel.corpus import read_parallel_corpus
from pipeline.corpora.running.corpus import constitution_file, read_running_text
from pipeline.corpora.settings import (
    CONSTITUTION,
    CorpusSettings,
    EntityCorpusSettings,
    PairCorpusSettings,
    TextCorpusSettings,
)
from pipeline.corpora.splits import CorpusSplits
from pipeline.errors import UserError
from pipeline.facts import Origin
from pipeline.one_line import as_written
from pipeline.text_file import split_lines
from pipeline.workspace import SAMPLES

HELD_OUT = ("dev", "test")
SAMPLE = "sample"
_SAMPLE_ORIGIN = Origin(
    "bundled sample",
    "data/samples, written for this project, and the constitution in KoNLPy",
    "Apache-2.0; a statute, in no copyright",
)


@dataclasses.dataclass(frozen=True)
class NamedTexts:
    """The texts of a corpus, without their labels.

    Attributes:
        train: texts that may be learnt from.
        held_out: texts of dev and test, which must not be learnt from.
        origin: title, source and licence.
        files: from which they were read.
        warnings: sentences that a user must not miss.
    """

    train: list[str]
    held_out: list[str]
    origin: Origin
    files: Sequence[Path]
    warnings: Sequence[str] = ()


def sample_texts(raw: Path) -> NamedTexts:
    """The bundled reviews and sentences, with the splits of their tasks, and the constitution, of
    which nothing is held out."""
    reviews = read_labelled_corpus(CorpusSettings(SAMPLE), raw, SAMPLES / "sentiment.tsv")
    sentences = read_annotated_corpus(EntityCorpusSettings(SAMPLE), raw, SAMPLES / "ner.txt")
    both, constitution = (reviews, sentences), constitution_file()
    statute = split_lines(constitution.read_text(encoding="utf-8"))
    return NamedTexts(
        [text for splits in both for text in _texts(splits, ["train"])] + statute,
        [text for splits in both for text in _texts(splits, HELD_OUT)],
        _SAMPLE_ORIGIN,
        [*reviews.files, *sentences.files, constitution],
    )


def catalogue_texts(name: str, raw: Path) -> NamedTexts:
    """The texts of a corpus of the catalogue, with the splits of its task; of sentence pairs the
    Korean sides.

    Raises:
        CorpusUnavailable: it is not available; no sample replaces it.
        UserError: it is not what the catalogue describes.
    """
    splits = _splits_of(name, raw)
    is_running = name == CONSTITUTION or catalogue.find_corpus(name).kind == "running"
    return NamedTexts(
        _texts(splits, ["train"], is_running),
        _texts(splits, HELD_OUT, is_running),
        splits.origin,
        splits.files,
    )


def _splits_of(name: str, raw: Path) -> CorpusSplits:
    """Reads a corpus with the splits of its task."""
    kind = "running" if name == CONSTITUTION else catalogue.find_corpus(name).kind
    if kind == "unlabelled":
        raise UserError(f"{name} has no dev and test", remedy="name files, or another corpus")
    if kind == "labelled":
        splits = read_labelled_corpus(CorpusSettings(name), raw, SAMPLES / "sentiment.tsv")
    elif kind == "annotated":
        splits = read_annotated_corpus(EntityCorpusSettings(name), raw, SAMPLES / "ner.txt")
    elif kind == "parallel":
        sample = SAMPLES / "translation.tsv"
        splits = read_parallel_corpus(PairCorpusSettings(name, "ko-en"), raw, sample)
    else:
        splits = read_running_text(TextCorpusSettings(name), raw)
    if splits.stand_in:
        raise CorpusUnavailable(
            f"{name} could not be had", remedy="connect, or set CORPUS_MIRROR; or leave it out"
        )
    return splits


def held_out_texts(name: str, raw: Path) -> NamedTexts:
    """As `catalogue_texts`, for the held-out texts.

    If the training file of a corpus is not available, the held-out texts are those of its published
    test, and a warning says so: KLUE's dev is a tenth of a training file that only the network has.
    """
    if name == SAMPLE:
        return sample_texts(raw)
    try:
        return catalogue_texts(name, raw)
    except CorpusUnavailable:
        if name not in catalogue.CATALOGUE or catalogue.find_corpus(name).kind != "annotated":
            raise
        warning = (
            f"Of {name} the texts of test are left out, not those of dev, which are in a training "
            "file that could not be had."
        )
        origin = catalogue_origin(catalogue.find_corpus(name))
        return NamedTexts([], test_texts(name, raw), origin, (), [warning])


def test_texts(name: str, raw: Path) -> list[str]:
    """The texts on which published figures of a corpus are measured: its test set, of KLUE its
    development set.

    Raises:
        CorpusUnavailable: they are not available.
    """
    if catalogue.find_corpus(name).kind != "annotated":
        return _texts(_splits_of(name, raw), ["test"])
    return list(read_evaluation_corpus(name, raw, SAMPLES / "ner.txt").frame["text"])


def is_named(name: str) -> bool:
    """Whether a name is one of the catalogue, or `sample`, even if a folder has the same name."""
    return name in (SAMPLE, CONSTITUTION) or name in catalogue.CATALOGUE


def names_in(setting: str) -> list[str]:
    """The corpora that a setting names: one, or several separated by commas, each once. A file with
    a comma in its name is one.

    Raises:
        UserError: nothing is named, or a name is neither a file nor in the catalogue.
    """
    names = [setting]
    if not os.path.isfile(setting):  # unlike Path.is_file, for any length of name
        names = list(dict.fromkeys(name.strip() for name in setting.split(",") if name.strip()))
    if not names or not names[0]:
        raise UserError("no corpus is named", remedy="give a name, or the path of a file")
    for name in names:
        path = Path(name)
        if not (is_named(name) or path.suffix or len(path.parts) > 1 or os.path.exists(name)):
            catalogue.find_corpus(name)
    return names


def _texts(splits: CorpusSplits, names: Iterable[str], is_running: bool = False) -> list[str]:
    texts = [text for name in names for text in splits.splits[name]["text"]]
    if not is_running:
        return texts
    return [line for text in texts for line in as_written(text).split("\n")]
