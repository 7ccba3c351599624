"""Reads and splits corpora of labelled texts, for a classifier."""

from __future__ import annotations

import collections
import dataclasses
import glob
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.corpora import catalogue
from pipeline.corpora.fetch import CorpusUnavailable, fetch
from pipeline.corpora.files_beside import corpus_name, files_beside, watched_paths
from pipeline.corpora.labelled.labelled_file import LabelledFile
from pipeline.corpora.labelled.labelled_files import LabelledFiles, check_beside, files_named
from pipeline.corpora.labelled.reviews import check_trainable, read_nsmc, read_sample
from pipeline.corpora.labelled.rows import InMemory, LabelledRows, read_rows, with_rows
from pipeline.corpora.origins import (
    catalogue_origin,
    own_origin,
    sample_origin,
    stand_in_warning,
)
from pipeline.corpora.settings import CorpusSettings
from pipeline.corpora.splits import CorpusSplits, held_out
from pipeline.corpora.text_splits import label_warnings, split_own_texts
from pipeline.errors import DiskError, UserError
from pipeline.facts import Origin


def read_labelled_corpus(chosen: CorpusSettings, raw: Path, sample: Path) -> CorpusSplits:
    """Reads and splits labelled texts: of the catalogue, bundled, or a user's own file.

    Files beside a user's own file (`files_beside`) are dev and test; a split without a file of its
    own gets a tenth of the texts. No text is in two splits.

    Args:
        chosen: which corpus.
        raw: where downloaded files are kept; the rows of a large file are put on the same disk.
        sample: the bundled corpus, also used if one of the catalogue is not available.

    Raises:
        UserError: there is no such corpus, or it cannot be trained on.
    """
    if chosen.corpus == "sample":
        return _sample(sample)
    path = Path(chosen.corpus)
    named = chosen.corpus in catalogue.CATALOGUE  # a folder may happen to be called the same
    is_path = path.suffix or len(path.parts) > 1 or glob.has_magic(chosen.corpus)
    if not named and (is_path or os.path.exists(path)):
        paths, patterns = files_named(chosen.corpus)
        own = _several(paths, chosen, raw) if len(paths) > 1 else _own(paths[0], chosen, raw)
        return dataclasses.replace(own, files=[*own.files, *patterns])
    corpus = catalogue.find_corpus(chosen.corpus, "labelled")
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
        warnings=_check_labels(
            {split: collections.Counter(part["label"]) for split, part in splits.items()},
            (),
            corpus.name,
        ),
    )


def _sample(sample: Path) -> CorpusSplits:
    read = {"train": InMemory(read_sample(sample))}
    return _splits("sample", read, sample_origin(sample), [sample])


def _own(path: Path, chosen: CorpusSettings, raw: Path) -> CorpusSplits:
    files = files_beside(path)
    train = read_rows(LabelledFile(files["train"], chosen.text_column, chosen.label_column), raw)
    read = {
        split: train if split == "train" else _held_out_file(file, train, chosen, raw)
        for split, file in files.items()
    }
    if len(read) > 1:
        read = {split: read[split].of_file(file.name) for split, file in files.items()}
    return _splits(corpus_name(path), read, own_origin([files["train"]]), watched_paths(path))


def _several(paths: Sequence[Path], chosen: CorpusSettings, raw: Path) -> CorpusSplits:
    ignored = check_beside(paths)
    files = LabelledFiles(paths, chosen.text_column, chosen.label_column)
    name = f"{corpus_name(paths[0])}-and-{len(paths) - 1}-more"
    splits = _splits(name, {"train": read_rows(files, raw)}, own_origin(paths), paths)
    return dataclasses.replace(splits, warnings=[*ignored, *splits.warnings])


def _held_out_file(
    path: Path, train: LabelledRows, chosen: CorpusSettings, raw: Path
) -> LabelledRows:
    """Reads a file of dev or test, by the columns of train if it has them, else by its own; its
    labels take the spelling of train. (A name that is a number would be read as a position.)"""
    known = {*train.counts(), *train.named}
    has_header = train.read.details["header"]
    columns = [train.read.details["text_column"], train.read.details["label_column"]]
    if not (has_header and any(name and name.isdecimal() for name in columns)):
        try:
            rows = read_rows(LabelledFile(path, *columns, known), raw)
        except DiskError:
            raise
        except UserError:
            pass  # it has columns of its own
        else:
            if rows.read.details["header"] == has_header:
                return rows
    file = LabelledFile(path, chosen.text_column, chosen.label_column, known)
    return read_rows(file, raw)


def _splits(
    name: str, files: Mapping[str, LabelledRows], origin: Origin, watched_paths: Sequence[Path]
) -> CorpusSplits:
    """The splits of a training file and the files beside it."""
    train = files["train"]
    check_trainable(train.counts(), train.empty, origin.source)
    found = split_own_texts({split: rows.keys for split, rows in files.items()}, origin.source)
    details = dict(train.read.details)
    if len(files) > 1:
        read_as = [rows.read.details["read_as"] for rows in files.values()]
        details["read_as"] = "; ".join([*read_as, *found.in_words("row")])
        details["dropped"] = found.dropped
        beside = {split: rows.read.details for split, rows in files.items() if split != "train"}
        details["beside"] = beside
    counts = {split: files[part].counts(rows) for split, (part, rows) in found.rows.items()}
    said = [warning for rows in files.values() for warning in rows.read.warnings]
    splits = CorpusSplits(
        name,
        {},
        origin,
        files=watched_paths,
        rejects=[reject for rows in files.values() for reject in rows.read.rejects],
        warnings=[*said, *found.warnings, *_check_labels(counts, train.named, origin.source)],
        details=details,
    )
    return with_rows(splits, found, files)


def _check_labels(
    counts: Mapping[str, collections.Counter[str]], named: Sequence[str], where: str
) -> list[str]:
    """Refuses splits that no classifier can be trained on; returns their `label_warnings`.

    Args:
        counts: split -> label -> rows.
        named: labels with a column of probabilities, which are learnt even if no row has them
            as the most probable one.

    Raises:
        UserError: all rows of train have the same label.
    """
    counts = {**counts, "train": counts["train"] + collections.Counter(named)}
    if len(counts["train"]) == 1:
        raise UserError(
            f"every row of train has the same label, {next(iter(counts['train']))}: "
            "all rows of others are in dev and test",
            where=where,
            remedy="give more rows of the other labels",
        )
    return label_warnings(counts)
