"""Labelled texts for a classifier: where they come from, and what is held out of them."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from pipeline.corpora import catalogue
from pipeline.corpora.fetch import CorpusUnavailable, fetch
from pipeline.corpora.files_beside import corpus_name, files_beside, looked_for
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
from pipeline.corpora.splits import COLUMNS, CorpusSplits, held_out
from pipeline.corpora.text_splits import label_warnings, split_own_texts
from pipeline.errors import UserError
from pipeline.facts import Origin


def read_labelled_corpus(chosen: CorpusSettings, raw: Path, sample: Path) -> CorpusSplits:
    """A corpus of labelled texts, split: from the catalogue, bundled, or a user's own file.

    What stands beside a user's own file (`files_beside`) is dev and test; what has none of its own
    gives a tenth of its texts to each. No text stands in two splits.

    Args:
        chosen: which.
        raw: where downloaded files are kept.
        sample: the bundled corpus, which also stands in where the catalogue's cannot be had.

    Raises:
        UserError: there is no such corpus, or it cannot be trained on.
    """
    if chosen.corpus == "sample":
        return _sample(sample)
    path = Path(chosen.corpus)
    named = chosen.corpus in catalogue.CATALOGUE  # a folder may happen to be called the same
    if not named and (path.suffix or len(path.parts) > 1 or os.path.exists(path)):
        return _own(path, chosen)
    corpus = catalogue.find(chosen.corpus, "labelled")
    try:
        paths = {name: fetch(file, raw) for name, file in corpus.files.items()}
    except CorpusUnavailable as error:
        splits = _sample(sample)
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


def _sample(sample: Path) -> CorpusSplits:
    return _splits("sample", {"train": read_sample(sample)}, sample_origin(sample), [sample])


def _own(path: Path, chosen: CorpusSettings) -> CorpusSplits:
    files = files_beside(path)
    train = read_labelled(files["train"], chosen.text_column, chosen.label_column)
    read = {
        split: train if split == "train" else _held_out_file(file, train, chosen)
        for split, file in files.items()
    }
    if len(read) > 1:
        read = {split: read[split].of_file(file.name) for split, file in files.items()}
    return _splits(corpus_name(path), read, own_origin([files["train"]]), looked_for(path))


def _held_out_file(path: Path, train: LabelledTexts, chosen: CorpusSettings) -> LabelledTexts:
    """A file of dev or test, by the columns of train if it has them, else by its own; its labels
    are spelt as those of train. A name that is a number would be taken for a position."""
    known = {*train.frame["label"], *probabilities_of(train.frame)[0]}
    has_header = train.details["header"]
    columns = [train.details["text_column"], train.details["label_column"]]
    if not (has_header and any(name and name.isdecimal() for name in columns)):
        with contextlib.suppress(UserError):
            texts = read_labelled(path, *columns, known)
            if texts.details["header"] == has_header:
                return texts
    return read_labelled(path, chosen.text_column, chosen.label_column, known)


def _splits(
    name: str, read: Mapping[str, LabelledTexts], origin: Origin, files: Sequence[Path]
) -> CorpusSplits:
    """Of a file of train, and of what stands beside it."""
    check_trainable(read["train"].frame, origin.source)
    # Probabilities are there to be learnt from.
    parts = {s: t.frame if s == "train" else t.frame[COLUMNS] for s, t in read.items()}
    found = split_own_texts(parts, origin.source)
    details = dict(read["train"].details)
    if len(read) > 1:
        read_as = [texts.details["read_as"] for texts in read.values()]
        details["read_as"] = "; ".join([*read_as, *found.in_words("row")])
        details["dropped"] = found.dropped
        details["beside"] = {split: read[split].details for split in read if split != "train"}
    said = [warning for texts in read.values() for warning in texts.warnings]
    return CorpusSplits(
        name,
        found.frames,
        origin,
        files=files,
        rejects=[reject for texts in read.values() for reject in texts.rejects],
        warnings=[*said, *found.warnings, *_check_labels(found.frames, origin.source)],
        details=details,
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
