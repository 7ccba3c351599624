"""Finds and reads the parallel corpora that --corpus names."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.corpora import catalogue
from pipeline.corpora.fetch import fetch, git_blob
from pipeline.corpora.files_beside import corpus_name, files_beside, watched_paths
from pipeline.corpora.origins import catalogue_origin, own_origin, sample_origin
from pipeline.corpora.parallel.aligned_files import AlignedFiles, aligned_by_content, aligned_files
from pipeline.corpora.parallel.own_pairs import SUFFIXES, read_pairs
from pipeline.corpora.parallel.pair_entities import without_entities
from pipeline.corpora.parallel.pair_files import read_news, read_tatoeba
from pipeline.corpora.parallel.pairs import PairTexts
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.facts import Origin

# The known beginning of the blob id of the training archive of news.
NEWS_TRAIN_BLOB = "447afba6"
# Largest number of characters of a corpus's name in file names; a Hangul one takes three bytes.
_MAX_NAME_LENGTH = 60


@dataclasses.dataclass(frozen=True)
class PairSource:
    """One parallel corpus, read but not filtered.

    Attributes:
        name: letters, digits, `_` and `-`.
        origin: title, source and licence.
        parts: "train", and "dev" and "test" if it has them.
        files: from which it was read, or in which dev and test may be.
        is_own: whether it is a user's, so that there are no published figures on its test.
    """

    name: str
    origin: Origin
    parts: dict[str, PairTexts]
    files: Sequence[Path]
    is_own: bool = False


def names_in(setting: str) -> list[str]:
    """The corpora that a setting names: one, or several separated by commas.

    A file with a comma in its name is one corpus. A name given twice counts once. A file that is
    the development or test part of another named file, or the other side of one
    (train.ko,train.en), is no corpus of its own. Two files in two languages that follow each
    other are one corpus, whatever their names, and stay together: "a.txt,b.txt".

    Raises:
        UserError: no corpus is named.
    """
    names = [setting]
    if not os.path.isfile(setting):  # unlike Path.is_file, for any length of name
        names = list(dict.fromkeys(name.strip() for name in setting.split(",") if name.strip()))
    if not names or not names[0]:
        raise UserError("no corpus is named", remedy="give a name, or the path of a file")
    names = _two_by_two(names)
    parts = [pair_files_beside(own) if (own := own_file(name)) else {} for name in names]
    held_out = {file for found in parts for part, file in found.items() if part != "train"}
    kept: dict[object, str] = {}
    for name, found in zip(names, parts, strict=True):
        file = found.get("train", name)
        if file not in held_out:
            kept.setdefault(file, name)
    return list(kept.values())


def _two_by_two(names: list[str]) -> list[str]:
    """Joins by a comma any two files in two languages that follow each other."""
    joined: list[str] = []
    for name in names:
        if joined and isinstance(_own_path(joined[-1]), Path) and isinstance(_own_path(name), Path):
            both = f"{joined[-1]},{name}"
            if aligned_by_content(Path(joined[-1]), Path(name)) is not None:
                joined[-1] = both
                continue
        joined.append(name)
    return joined


def own_file(name: str) -> Path | AlignedFiles | None:
    """The user's file, or two aligned files, with the path `name`; None if it is a corpus of the
    catalogue."""
    parts = [part.strip() for part in name.split(",")]
    if len(parts) == 2 and not os.path.isfile(name) and all(map(os.path.isfile, parts)):
        one, other = map(Path, parts)
        both = aligned_files(one)
        if both is not None and aligned_files(other) == both:
            return both
        return aligned_by_content(one, other)
    return _own_path(name)


def _own_path(name: str) -> Path | AlignedFiles | None:
    """As `own_file`, for one path."""
    if name == "sample" or name in catalogue.CATALOGUE:  # a folder may be called the same
        return None
    path = Path(name)
    if (files := aligned_files(path)) is not None:
        return files
    return path if path.suffix.lower() in SUFFIXES or os.path.exists(name) else None


def pair_files_beside(own: Path | AlignedFiles) -> dict[str, Path | AlignedFiles]:
    """The files of a user's corpus (`files_beside`); of two aligned files, both sides."""
    if isinstance(own, Path):
        return {**files_beside(own)}
    parts = {part: aligned_files(place) for part, place in files_beside(own.ko).items()}
    return {**{part: files for part, files in parts.items() if files is not None}, "train": own}


def own_source(own: Path | AlignedFiles, *, alone: bool = False) -> PairSource:
    """Reads a user's file, or two aligned files, and the files beside it.

    Args:
        alone: whether files beside it are ignored, and all of it is `test`.
    """
    files = {"test": own} if alone else pair_files_beside(own)
    parts = {part: read_pairs(file) for part, file in files.items()}
    path = own.ko if isinstance(own, AlignedFiles) else own
    origin = own_origin(_paths(own))
    found = [each for part in files.values() for each in _paths(part)]
    return PairSource(
        _file_safe(corpus_name(path)),
        origin,
        without_entities(parts, origin.title),
        list(dict.fromkeys([*_paths(own), *found, *watched_paths(path)])),
        is_own=True,
    )


def _paths(own: Path | AlignedFiles) -> list[Path]:
    return [own.ko, own.en] if isinstance(own, AlignedFiles) else [own]


def sample_source(sample: Path) -> PairSource:
    """Reads the bundled pairs."""
    return PairSource("sample", sample_origin(sample), {"train": read_pairs(sample)}, [sample])


def catalogue_source(corpus: catalogue.Corpus, raw: Path, parts: Iterable[str]) -> PairSource:
    """Reads a corpus of the catalogue.

    Args:
        raw: where downloaded files are kept.
        parts: which of train, dev and test. A corpus without published splits is all train.

    Raises:
        CorpusUnavailable: nowhere to get a file from.
        UserError: a file is not what the catalogue describes.
    """
    files = {**corpus.unpinned, **corpus.files}
    if "pairs" in files:
        path = fetch(files["pairs"], raw)
        paths = {"pairs": path}
        read = {"train": _counted(read_tatoeba(path), corpus.sentences["pairs"], path)}
    else:
        # The others first: where the training archive cannot be had, that is soon known.
        paths = {part: fetch(files[part], raw) for part in reversed(list(parts))}
        if "train" in paths and not git_blob(paths["train"]).startswith(NEWS_TRAIN_BLOB):
            raise UserError(
                f"is not the published archive, whose git blob id begins with {NEWS_TRAIN_BLOB}",
                where=paths["train"],
                remedy="delete it and run again; it will be fetched anew",
            )
        read = {
            part: _counted(read_news(path), corpus.sentences[part], path)
            for part, path in paths.items()
        }
    return PairSource(corpus.name, catalogue_origin(corpus), read, list(paths.values()))


def different_names(sources: list[PairSource]) -> list[PairSource]:
    """Renames sources whose names differ at most by case, so that each has files of its own."""
    taken: set[str] = set()
    renamed = []
    for source in sources:
        name, number = source.name, 1
        while name.casefold() in taken:
            number += 1
            name = f"{source.name}-{number}"
        taken.add(name.casefold())
        renamed.append(dataclasses.replace(source, name=name))
    return renamed


def _counted(texts: PairTexts, expected: int, path: Path) -> PairTexts:
    if len(texts.pairs) != expected:
        raise UserError(
            f"{counted(len(texts.pairs), 'pair')} found, {expected:,} expected",
            where=path,
            remedy="delete it and run again; it will be fetched anew",
        )
    return texts


def _file_safe(stem: str) -> str:
    return re.sub(r"[^\w-]+", "-", stem).strip("-")[:_MAX_NAME_LENGTH] or "corpus"
