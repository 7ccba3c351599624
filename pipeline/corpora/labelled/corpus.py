"""Labelled texts for a classifier: where they come from, and what is held out of them."""

from __future__ import annotations

import collections
import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from pipeline.corpora import catalogue
from pipeline.corpora.fetch import CorpusUnavailable, fetch
from pipeline.corpora.labelled.probabilities import probabilities_of
from pipeline.corpora.labelled.reviews import (
    LabelledTexts,
    check_trainable,
    read_labelled,
    read_nsmc,
    read_sample,
)
from pipeline.corpora.origins import (
    catalogue_origin,
    own_origin,
    sample_origin,
    stand_in_warning,
)
from pipeline.corpora.settings import CorpusSettings
from pipeline.corpora.splits import CorpusSplits, held_out
from pipeline.corpora.text_splits import label_warnings, split_texts
from pipeline.errors import UserError
from pipeline.facts import Origin


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
        return _one_file("sample", read_sample(sample), sample_origin(sample), [sample])
    path = Path(chosen.corpus)
    named = chosen.corpus in catalogue.CATALOGUE  # a folder may happen to be called the same
    if not named and (path.suffix or len(path.parts) > 1 or os.path.exists(path)):
        texts = read_labelled(path, chosen.text_column, chosen.label_column)
        return _one_file(path.stem, texts, own_origin([path]), [path])
    corpus = catalogue.find(chosen.corpus, "labelled")
    try:
        paths = {name: fetch(file, raw) for name, file in corpus.files.items()}
    except CorpusUnavailable as error:
        splits = _one_file("sample", read_sample(sample), sample_origin(sample), [sample])
        warning = stand_in_warning(corpus, error, "reviews")
        return dataclasses.replace(splits, stand_in=True, warnings=[warning, *splits.warnings])
    return _nsmc(corpus, paths, chosen.dev_size)


def _nsmc(corpus: catalogue.Corpus, paths: dict[str, Path], dev_size: int) -> CorpusSplits:
    train, test = (read_nsmc(paths[name], corpus.counts.get(name)) for name in ("train", "test"))
    dev = held_out(list(train.frame["id"]), dev_size)
    splits = {
        "train": train.frame[~dev].reset_index(drop=True),
        "dev": train.frame[dev].reset_index(drop=True),
        "test": test.frame,
    }
    return CorpusSplits(
        corpus.name,
        splits,
        catalogue_origin(corpus),
        files=list(paths.values()),
        rejects=train.rejects + test.rejects,
        warnings=_check_labels(splits, corpus.name),
    )


def _one_file(
    name: str, texts: LabelledTexts, origin: Origin, files: Sequence[Path]
) -> CorpusSplits:
    """A corpus that comes as one file gives a tenth of its texts each to dev and test."""
    check_trainable(texts.frame, origin.source)
    splits, warnings = split_texts(texts.frame, origin.source)
    warnings = [*texts.warnings, *warnings, *_check_labels(splits, origin.source)]
    return CorpusSplits(
        name,
        splits,
        origin,
        files=files,
        rejects=texts.rejects,
        warnings=warnings,
        details=texts.details,
    )


def _check_labels(splits: Mapping[str, pd.DataFrame], where: str) -> list[str]:
    """`label_warnings` of splits from whose train a classifier can be learnt.

    Raises:
        UserError: it cannot.
    """
    counts = {split: collections.Counter(part["label"]) for split, part in splits.items()}
    # A label with a column of probabilities is learnt, too, where it is nowhere the most probable.
    counts["train"].update(probabilities_of(splits["train"])[0])
    if len(counts["train"]) == 1:
        raise UserError(
            f"every row of train has the same label, {next(iter(counts['train']))}: "
            "all rows of others are in dev and test",
            where=where,
            remedy="give more rows of the other labels",
        )
    return label_warnings(counts)
