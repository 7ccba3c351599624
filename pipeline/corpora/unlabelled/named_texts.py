"""What a name stands for among raw texts: of a corpus with splits the texts of some of them."""

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
    """Texts that have a name.

    Attributes:
        train: that may be learnt from.
        held_out: of dev and test, that must not be.
        origin: title, source and licence.
        files: what they were read from.
        warnings: sentences that a user must not miss.
    """

    train: list[str]
    held_out: list[str]
    origin: Origin
    files: Sequence[Path]
    warnings: Sequence[str] = ()


def sample_texts(raw: Path) -> NamedTexts:
    """The bundled reviews and sentences, as the tasks that have labels for them split them, and
    the constitution, of which nothing is held out."""
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
    """The texts of a corpus of the catalogue, as the task that has labels for it splits them; of
    sentence pairs the Korean sides.

    Raises:
        CorpusUnavailable: it cannot be had. Nothing stands in for it.
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
    """A corpus as the task splits it that has labels for it."""
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
    """`catalogue_texts` for the sake of what is held out.

    Where the training file of a corpus cannot be had, its published test does, and a warning says
    so: the test of KLUE, whose dev is a tenth of a training file that only the network has.
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
    """The texts that published figures of a corpus are those of: its test, of KLUE its
    development set.

    Raises:
        CorpusUnavailable: they cannot be had.
    """
    if catalogue.find_corpus(name).kind != "annotated":
        return _texts(_splits_of(name, raw), ["test"])
    return list(read_evaluation_corpus(name, raw, SAMPLES / "ner.txt").frame["text"])


def is_named(name: str) -> bool:
    """Whether a name is one of the catalogue, or `sample`; a folder may be called the same."""
    return name in (SAMPLE, CONSTITUTION) or name in catalogue.CATALOGUE


def names_in(setting: str) -> list[str]:
    """What a setting names: one, or several with commas between, each once. A file with a comma
    in its name is one.

    Raises:
        UserError: nothing is named; or something that is neither a file nor in the catalogue.
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
