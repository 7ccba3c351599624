"""Reads and splits corpora of texts with entities, for a tagger."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.corpora import catalogue
from pipeline.corpora.annotated.annotated_file import SUFFIXES, read_annotated
from pipeline.corpora.annotated.annotated_texts import AnnotatedTexts
from pipeline.corpora.annotated.entities import read_entities
from pipeline.corpora.annotated.named_entities import read_klp, read_klue, read_kmou
from pipeline.corpora.fetch import CorpusUnavailable, fetch, fetch_all
from pipeline.corpora.files_beside import corpus_name, files_beside, watched_paths
from pipeline.corpora.html_entities import entity_warnings
from pipeline.corpora.origins import (
    catalogue_origin,
    own_origin,
    sample_origin,
    stand_in_warning,
)
from pipeline.corpora.settings import EntityCorpusSettings
from pipeline.corpora.splits import FEWEST_ROWS, SPLITS, CorpusSplits, by_share, text_id
from pipeline.corpora.text_keys import TextKeys
from pipeline.corpora.text_splits import (
    SplitRows,
    label_warnings,
    split_own_texts,
    without_overlap,
)
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.facts import Origin


def read_annotated_corpus(chosen: EntityCorpusSettings, raw: Path, sample: Path) -> CorpusSplits:
    """Reads and splits texts with entities: of the catalogue, bundled, or a user's own file.

    KMOU has no split of its own: whole files go to test, dev or train (`kmou_split`), since the
    sentences of a file are of one article; a sentence that stands in a split twice with the
    same entities is kept once. KLP is split as published. Of KLUE, whose test set is not
    published, the development set is the test split, and a tenth of the training set becomes dev.
    Files beside a user's own file (`files_beside`) are dev and test; a split without a file of its
    own gets a tenth of the sentences, chosen by a hash of the text.

    No text is in two splits: texts of test are removed from dev, and those of dev and test from
    train, without regard to white space.

    Args:
        chosen: which corpus.
        raw: where downloaded files are kept.
        sample: the bundled corpus, also used if one of the catalogue is not available.

    Returns:
        Splits with columns id, text, label (`entities.write_entities`). With the details labels
        (of train), entities (split -> label -> how many), repeated and dropped (split ->
        sentences left out for standing there twice, or in another split), and those of the
        readers.

    Raises:
        UserError: there is no such corpus, or it cannot be trained on.
    """
    if chosen.corpus == "sample":
        return _sample(sample)
    if (path := _own_file(chosen.corpus)) is not None:
        return _own(path)
    corpus = catalogue.find_corpus(chosen.corpus, "annotated")
    try:
        paths = _fetch(corpus, raw, SPLITS)
    except CorpusUnavailable as error:
        splits = _sample(sample)
        warning = stand_in_warning(corpus, error, "sentences")
        return dataclasses.replace(splits, stand_in=True, warnings=[warning, *splits.warnings])
    read = {split: _read(corpus, split, files) for split, files in paths.items()}
    if "dev" not in read:
        texts = read["train"]
        ids = [text_id(text) for text in texts.frame["text"]]
        read |= dict(zip(("train", "dev"), _parted(texts, by_share(ids, 0.1)), strict=True))
    files = [path for of in paths.values() for path in of]
    found = without_overlap({split: TextKeys.of(texts.frame) for split, texts in read.items()})
    return _splits(corpus.name, read, found, catalogue_origin(corpus), files)


@dataclasses.dataclass(frozen=True)
class EvaluationTexts:
    """Texts with entities on which a finished model is evaluated.

    Attributes:
        frame: columns id, text, label, as of `AnnotatedTexts`.
        origin: title, source and licence.
        labels: the labels in it, ascending.
        details: how it was read, for people; JSON-able.
        warnings: sentences that a user must not miss.
    """

    frame: pd.DataFrame
    origin: Origin
    labels: Sequence[str]
    details: Mapping[str, Any]
    warnings: Sequence[str] = ()


def read_evaluation_corpus(name: str, raw: Path, sample: Path) -> EvaluationTexts:
    """Reads the texts on which a finished model is evaluated.

    Args:
        name: of the catalogue, for its test split (of KLUE the published development set);
            `sample`, or the path of a file, for the whole of it.
        raw: where downloaded files are kept.
        sample: the bundled sentences.

    Raises:
        CorpusUnavailable: nowhere to get it from.
        UserError: there is no such corpus.
    """
    if name == "sample":
        texts, origin = read_annotated(sample), sample_origin(sample)
    elif (path := _own_file(name)) is not None:
        texts, origin = read_annotated(path), own_origin([path])
    else:
        corpus = catalogue.find_corpus(name, "annotated")
        texts = _read(corpus, "test", _fetch(corpus, raw, ["test"])["test"])
        origin = catalogue_origin(corpus)
    labels, warnings = sorted(texts.details["entities"]), list(texts.warnings)
    if unusable := [reject for reject in texts.rejects if not reject.kept]:
        warnings.append(
            f"Of {origin.title}, {counted(len(unusable), 'sentence')} could not be used; line "
            f"{unusable[0].line}: {unusable[0].reason}."
        )
    return EvaluationTexts(texts.frame, origin, labels, texts.details, warnings)


def kmou_split(name: str) -> str:
    """Which split a file of KMOU belongs to: "train", "dev" or "test".

    Args:
        name: of the file, without folder.
    """
    lot = int(hashlib.sha1(name.encode("utf-8")).hexdigest(), 16) % 10
    return {0: "test", 1: "dev"}.get(lot, "train")


def _own_file(name: str) -> Path | None:
    path = Path(name)
    if name in catalogue.CATALOGUE:  # a folder may happen to be called the same
        return None
    return path if path.suffix.lower() in SUFFIXES or path.exists() else None


def _fetch(corpus: catalogue.Corpus, raw: Path, splits: Iterable[str]) -> dict[str, list[Path]]:
    """split -> the files it is read from, of those splits that have files of their own."""
    if corpus.name == "kmou":
        named = collections.defaultdict(list)
        for name, file in sorted(corpus.files.items()):
            named[kmou_split(name)].append(file)
        wanted = [file for split in splits for file in named[split]]
        fetch_all(wanted, raw, corpus.name)
        return {split: [raw / file.relative for file in named[split]] for split in splits}
    files = {**corpus.unpinned, **corpus.files}
    if corpus.name == "klue":
        files = {"train": files["train"], "test": files["dev"]}
    return {split: [fetch(files[split], raw)] for split in splits if split in files}


def _read(corpus: catalogue.Corpus, split: str, paths: list[Path]) -> AnnotatedTexts:
    """One split as published; the number of its sentences is checked."""
    if corpus.name == "kmou":
        texts = read_kmou(paths)
        distinct = texts.frame.drop_duplicates(["text", "label"]).reset_index(drop=True)
        details = {**texts.details, "rows": len(distinct), "entities": _count(distinct)}
        details["repeated"] = len(texts.frame) - len(distinct)
        texts = dataclasses.replace(texts, frame=distinct, details=details)
    else:
        texts = {"klp": read_klp, "klue": read_klue}[corpus.name](paths[0])
    part = "dev" if (corpus.name, split) == ("klue", "test") else split
    if len(texts.frame) != (expected := corpus.sentences[part]):
        raise UserError(
            f"{counted(len(texts.frame), 'sentence')} found, {expected:,} expected",
            where=paths[0] if len(paths) == 1 else paths[0].parent,
            remedy="delete it and run again; it will be fetched anew",
        )
    return texts


def _sample(sample: Path) -> CorpusSplits:
    read = {"train": read_annotated(sample)}
    return _own_splits("sample", read, {"train": sample}, sample_origin(sample), [sample])


def _own(path: Path) -> CorpusSplits:
    files = files_beside(path)
    train = read_annotated(files["train"])
    known = train.details["entities"]
    read = {
        split: train if split == "train" else read_annotated(file, known)
        for split, file in files.items()
    }
    origin = own_origin([files["train"]])
    return _own_splits(corpus_name(path), read, files, origin, watched_paths(path))


def _own_splits(
    name: str,
    read: Mapping[str, AnnotatedTexts],
    files: Mapping[str, Path],
    origin: Origin,
    watched_paths: Sequence[Path],
) -> CorpusSplits:
    """The splits of a training file and the files beside it."""
    train, where = read["train"], origin.source
    if len(train.frame) < FEWEST_ROWS:
        raise UserError(
            f"has {counted(len(train.frame), 'usable sentence')}; at least {FEWEST_ROWS} are "
            "needed",
            where=where,
            remedy=_more_sentences(train),
        )
    for split, texts in read.items():
        if not any(texts.frame["label"]):
            raise UserError(
                f"no sentence has an entity (it was read as {texts.details['read_as']})",
                where=files[split],
                remedy="mark them up, <증권거래소:OG>에 …, or give a token and a BIO tag per line",
            )
    if len(read) > 1:
        read = {split: texts.of_file(files[split].name) for split, texts in read.items()}
    keys = {split: TextKeys.of(texts.frame) for split, texts in read.items()}
    found = split_own_texts(keys, where)
    frames = found.of({split: texts.frame for split, texts in read.items()})
    if not any(frames["train"]["label"]):
        raise UserError(
            f"no entity is left to learn from: all are in the {len(frames['dev'])} and "
            f"{counted(len(frames['test']), 'sentence')} held out",
            where=where,
            remedy="give more sentences with entities",
        )
    warnings = [
        warning
        for split, texts in read.items()
        for warning in entity_warnings(texts.frame["text"], files[split].name)
    ]
    found = dataclasses.replace(found, warnings=[*found.warnings, *warnings])
    return _splits(name, read, found, origin, watched_paths)


def _parted(texts: AnnotatedTexts, chosen) -> tuple[AnnotatedTexts, AnnotatedTexts]:
    """The rows that are not chosen, with rejects and warnings, and the chosen rows."""
    rest, part = (texts.frame[rows].reset_index(drop=True) for rows in (~chosen, chosen))
    return dataclasses.replace(texts, frame=rest), AnnotatedTexts(part, [], {})


def _more_sentences(texts: AnnotatedTexts) -> str:
    if len(texts.frame) == 1 and texts.details["format"] == "columns":
        return "put a blank line behind each, or give a column that numbers them"
    return "give more sentences"


def _splits(
    name: str,
    read: Mapping[str, AnnotatedTexts],
    found: SplitRows,
    origin: Origin,
    files: Sequence[Path],
) -> CorpusSplits:
    """Joins what was read of the files with the rows of each split."""
    frames = found.of({split: texts.frame for split, texts in read.items()})
    entities = {split: _count(frames[split]) for split in SPLITS}
    details: dict[str, Any] = {
        "labels": list(entities["train"]),
        "entities": entities,
        "dropped": found.dropped,
    }
    for split, texts in read.items():
        for note, value in texts.details.items():
            if note == "repeated":
                details.setdefault("repeated", {})[split] = value
            elif note in ("tags_differ", "text_differs", "repaired"):
                details[note] = details.get(note, 0) + value
            elif note in ("encoding", "format", "spacing"):
                details.setdefault(note, value)
    read_as = [t.details["read_as"] for t in read.values() if "read_as" in t.details]
    if read_as:
        details["read_as"] = "; ".join([*read_as, *found.in_words("sentence")])
    said = [warning for texts in read.values() for warning in texts.warnings]
    return CorpusSplits(
        name,
        frames,
        origin,
        files=files,
        rejects=[reject for texts in read.values() for reject in texts.rejects],
        warnings=[*said, *found.warnings, *label_warnings(entities)],
        details=details,
    )


def _count(frame: pd.DataFrame) -> dict[str, int]:
    counts = collections.Counter(
        entity.label for cell in frame["label"] for entity in read_entities(cell)
    )
    return dict(sorted(counts.items()))
