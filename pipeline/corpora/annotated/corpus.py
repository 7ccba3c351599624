"""Texts with entities for a tagger: where they come from, and what is held out of them."""

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
from pipeline.corpora.html_entities import entity_warnings
from pipeline.corpora.origins import (
    catalogue_origin,
    own_origin,
    sample_origin,
    stand_in_warning,
)
from pipeline.corpora.settings import EntityCorpusSettings
from pipeline.corpora.splits import FEWEST_ROWS, CorpusSplits, by_share, text_id
from pipeline.corpora.text_splits import label_warnings, split_texts
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.facts import Origin
from pipeline.normalize import normalize

SPLITS = ("train", "dev", "test")


def read_annotated_corpus(chosen: EntityCorpusSettings, raw: Path, sample: Path) -> CorpusSplits:
    """A corpus of texts with entities, split: from the catalogue, bundled, or a user's own file.

    KMOU has no split of its own: whole files go to test, dev or train (`kmou_split`), since the
    sentences of a file are of one article; of sentences that stand in a split twice with the
    same entities one stays. KLP is split as published. Of KLUE, whose test set is not published,
    the development set is the test split, and a tenth of the training set becomes dev. A user's
    own file gives a tenth of its sentences each to dev and test, by a hash of the text.

    No text stands in two splits: dev leaves out what stands in test, and train what stands in
    dev or test, whatever white space is in it.

    Args:
        chosen: which.
        raw: where downloaded files are kept.
        sample: the bundled corpus, which also stands in where the catalogue's cannot be had.

    Returns:
        Splits with columns id, text, label (`entities.write_entities`). With the details labels
        (of train), entities (split -> label -> how many), repeated and dropped (split ->
        sentences left out for standing there twice, or in another split), and those of the
        readers.

    Raises:
        UserError: there is no such corpus, or it cannot be trained on.
    """
    if chosen.corpus == "sample":
        return _one_file("sample", sample, sample_origin(sample))
    if (path := _own_file(chosen.corpus)) is not None:
        return _one_file(path.stem, path, own_origin([path]))
    corpus = catalogue.find(chosen.corpus, "annotated")
    try:
        paths = _fetch(corpus, raw, SPLITS)
    except CorpusUnavailable as error:
        splits = _one_file("sample", sample, sample_origin(sample))
        warning = stand_in_warning(corpus, error, "sentences")
        return dataclasses.replace(splits, stand_in=True, warnings=[warning, *splits.warnings])
    read = {split: _read(corpus, split, files) for split, files in paths.items()}
    if "dev" not in read:
        texts = read["train"]
        ids = [text_id(text) for text in texts.frame["text"]]
        read |= dict(zip(("train", "dev"), _parted(texts, by_share(ids, 0.1)), strict=True))
    files = [path for of in paths.values() for path in of]
    return _splits(corpus.name, read, catalogue_origin(corpus), files)


@dataclasses.dataclass(frozen=True)
class EvaluationTexts:
    """Texts with entities that a finished model is judged on.

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
    """What a finished model is judged on.

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
        corpus = catalogue.find(name, "annotated")
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


def _one_file(name: str, path: Path, origin: Origin) -> CorpusSplits:
    """A corpus that comes as one file gives a tenth of its texts each to dev and test."""
    texts = read_annotated(path)
    where, frame = origin.source, texts.frame
    if len(frame) < FEWEST_ROWS:
        raise UserError(
            f"has {counted(len(frame), 'usable sentence')}; at least {FEWEST_ROWS} are needed",
            where=where,
            remedy=_more_sentences(texts),
        )
    if not any(frame["label"]):
        raise UserError(
            f"no sentence has an entity (it was read as {texts.details['read_as']})",
            where=where,
            remedy="mark them up, <증권거래소:OG>에 …, or give a token and its BIO tag a line",
        )
    frames, warnings = split_texts(frame, where)
    if not any(frames["train"]["label"]):
        raise UserError(
            f"no entity is left to learn from: all are in the {len(frames['dev'])} and "
            f"{counted(len(frames['test']), 'sentence')} held out",
            where=where,
            remedy="give more sentences with entities",
        )
    read = {split: AnnotatedTexts(part, [], {}) for split, part in frames.items()}
    read["train"] = dataclasses.replace(texts, frame=frames["train"])
    warnings = [*warnings, *entity_warnings(frame["text"], path.name)]
    return _splits(name, read, origin, [path], warnings)


def _parted(texts: AnnotatedTexts, chosen) -> tuple[AnnotatedTexts, AnnotatedTexts]:
    """The rows that are not chosen, with all that was said of them, and those that are."""
    rest, part = (texts.frame[rows].reset_index(drop=True) for rows in (~chosen, chosen))
    return dataclasses.replace(texts, frame=rest), AnnotatedTexts(part, [], {})


def _more_sentences(texts: AnnotatedTexts) -> str:
    if len(texts.frame) == 1 and texts.details["format"] == "columns":
        return "put a blank line behind each, or give a column that numbers them"
    return "give more sentences"


def _splits(
    name: str,
    read: dict[str, AnnotatedTexts],
    origin: Origin,
    files: Sequence[Path],
    warnings: Sequence[str] = (),
) -> CorpusSplits:
    """Leaves out of every split what stands in a later one, and puts the details together."""
    seen: set[str] = set()
    frames, dropped = {}, {}
    for split in reversed(SPLITS):
        frame = read[split].frame
        texts = list(map(normalize, frame["text"]))
        new = [text not in seen for text in texts]
        frames[split] = frame[new].reset_index(drop=True)
        dropped[split] = len(frame) - sum(new)
        seen.update(texts)
    entities = {split: _count(frames[split]) for split in SPLITS}
    found: dict[str, Any] = {
        "labels": list(entities["train"]),
        "entities": entities,
        "dropped": {split: dropped[split] for split in SPLITS if dropped[split]},
    }
    for split in SPLITS:
        for note, value in read[split].details.items():
            if note == "repeated":
                found.setdefault("repeated", {})[split] = value
            elif note in ("tags_differ", "text_differs", "repaired"):
                found[note] = found.get(note, 0) + value
            elif note in ("encoding", "format", "spacing", "read_as"):
                found[note] = value
    said = [warning for split in SPLITS for warning in read[split].warnings]
    rejects = [reject for split in SPLITS for reject in read[split].rejects]
    splits = {split: frames[split] for split in SPLITS}
    return CorpusSplits(
        name,
        splits,
        origin,
        files=files,
        rejects=rejects,
        warnings=[*said, *warnings, *label_warnings(entities)],
        details=found,
    )


def _count(frame: pd.DataFrame) -> dict[str, int]:
    counts = collections.Counter(
        entity.label for cell in frame["label"] for entity in read_entities(cell)
    )
    return dict(sorted(counts.items()))
