"""Labelled texts for a classifier: where they come from, and what is held out of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

from pipeline.corpora import catalogue
from pipeline.corpora.fetch import CorpusUnavailable, fetch
from pipeline.corpora.reviews import (
    LabelledTexts,
    check_trainable,
    read_labelled,
    read_nsmc,
    read_sample,
)
from pipeline.corpora.splits import CorpusSplits, by_share, held_out
from pipeline.ranges import AtLeast


@dataclasses.dataclass(frozen=True)
class CorpusSettings:
    """Which reviews."""

    corpus: str = "nsmc"
    """A name of the catalogue (nsmc), `sample` for the bundled reviews, or a TSV/CSV file."""
    text_column: str | None = None
    """Column of a user's file that holds the text: its name, or its number from 1."""
    label_column: str | None = None
    """Column of a user's file that holds the label: its name, or its number from 1."""
    dev_size: Annotated[int, AtLeast(1)] = 5000
    """Rows of NSMC's training file kept for choosing (by a hash of the id). A user's own file
    gives a tenth of its rows to dev and a tenth to test."""


def read_labelled_corpus(chosen: CorpusSettings, raw: Path, sample: Path) -> CorpusSplits:
    """A corpus of labelled texts, split: from the catalogue, bundled, or a user's own file.

    Args:
        chosen: which.
        raw: where downloaded files are kept.
        sample: the bundled corpus, which also stands in where the catalogue's cannot be had.

    Raises:
        UserError: there is no such corpus, or it cannot be trained on.
    """
    if chosen.corpus == "sample":
        return _one_file("sample", read_sample(sample), _sample_notes(sample))
    path = Path(chosen.corpus)
    named = chosen.corpus in catalogue.CATALOGUE  # a folder may happen to be called the same
    if not named and (path.suffix.lower() in (".tsv", ".csv", ".txt") or path.exists()):
        texts = read_labelled(path, chosen.text_column, chosen.label_column)
        notes = {"title": path.name, "source": str(path), "licence": "the user's own"}
        return _one_file(path.stem, texts, {**notes, **texts.notes})
    corpus = catalogue.find(chosen.corpus, "labelled")
    try:
        paths = {name: fetch(file, raw) for name, file in corpus.files.items()}
    except CorpusUnavailable as error:
        warning = (
            f"{corpus.title} could not be had ({error.what}). The bundled sample of "
            "hand-written reviews stands in for it: good for trying things out, far too small "
            "for a model worth serving. Set CORPUS_MIRROR or connect, then run the same again."
        )
        notes = {**_sample_notes(sample), "stand_in": True}
        return _one_file("sample", read_sample(sample), notes, [warning])
    return _nsmc(corpus, paths, chosen.dev_size)


def _sample_notes(sample: Path) -> dict:
    return {
        "title": "bundled sample",
        "source": f"data/samples/{sample.name}, written for this project",
        "licence": "Apache-2.0",
    }


def _nsmc(corpus: catalogue.Corpus, paths: dict[str, Path], dev_size: int) -> CorpusSplits:
    train, test = (read_nsmc(paths[name], corpus.counts.get(name)) for name in ("train", "test"))
    dev = held_out(list(train.frame["id"]), dev_size)
    splits = {
        "train": train.frame[~dev].reset_index(drop=True),
        "dev": train.frame[dev].reset_index(drop=True),
        "test": test.frame,
    }
    notes = {"title": corpus.title, "source": corpus.homepage, "licence": corpus.licence}
    return CorpusSplits(corpus.name, splits, train.rejects + test.rejects, notes, [])


def _one_file(
    name: str, texts: LabelledTexts, notes: dict, warnings: list[str] | None = None
) -> CorpusSplits:
    """A corpus that comes as one file gives a tenth of its texts each to dev and test."""
    frame = texts.frame
    check_trainable(frame)
    test = by_share(list(frame["id"]), 0.1)
    rest = frame[~test].reset_index(drop=True)
    dev = by_share(list(rest["id"]), 1 / 9)
    splits = {
        "train": rest[~dev].reset_index(drop=True),
        "dev": rest[dev].reset_index(drop=True),
        "test": frame[test].reset_index(drop=True),
    }
    return CorpusSplits(name, splits, texts.rejects, notes, warnings or [])
