"""What a name in --corpus stands for among parallel corpora: its files, and what is in them."""

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

# What is known of the blob id of the news's training archive, which nobody here has seen.
NEWS_TRAIN_BLOB = "447afba6"
# Characters of a corpus's name in names of files; one of Hangul takes three bytes.
_LONGEST_NAME = 60


@dataclasses.dataclass(frozen=True)
class PairSource:
    """One parallel corpus, read but not filtered.

    Attributes:
        name: letters, digits, `_` and `-`.
        origin: title, source and licence.
        parts: "train", and "dev" and "test" where it has them.
        files: what it was read from, and where dev and test were looked for.
        is_own: it is a user's, so no figures of others are compared with its test.
    """

    name: str
    origin: Origin
    parts: dict[str, PairTexts]
    files: Sequence[Path]
    is_own: bool = False


def names_in(setting: str) -> list[str]:
    """The corpora that a setting names: one, or several with commas between.

    A file with a comma in its name is one. What is named twice counts once, and so does a file
    that is the development or test part of another that is named (as all files of a folder do),
    or the other side of one (train.ko,train.en). Two files in two languages that follow each
    other are one corpus, whatever they are called, and stay together: "a.txt,b.txt".

    Raises:
        UserError: none is named.
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
    """`names`, with two files in two languages that follow each other joined by a comma."""
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
    """What a user's file or two files `name` is the path of, None if it is a corpus of the
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
    """As `own_file`, of one path."""
    if name == "sample" or name in catalogue.CATALOGUE:  # a folder may be called the same
        return None
    path = Path(name)
    if (files := aligned_files(path)) is not None:
        return files
    return path if path.suffix.lower() in SUFFIXES or os.path.exists(name) else None


def pair_files_beside(own: Path | AlignedFiles) -> dict[str, Path | AlignedFiles]:
    """The files of a user's corpus (`files_beside`); of two files line by line, both sides."""
    if isinstance(own, Path):
        return {**files_beside(own)}
    parts = {part: aligned_files(place) for part, place in files_beside(own.ko).items()}
    return {**{part: files for part, files in parts.items() if files is not None}, "train": own}


def own_source(own: Path | AlignedFiles, *, alone: bool = False) -> PairSource:
    """A user's file or two files, and what stands beside it.

    Args:
        alone: nothing beside it counts; all of it is `test`.
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
    """The bundled pairs."""
    return PairSource("sample", sample_origin(sample), {"train": read_pairs(sample)}, [sample])


def catalogue_source(corpus: catalogue.Corpus, raw: Path, parts: Iterable[str]) -> PairSource:
    """A corpus of the catalogue.

    Args:
        raw: where downloaded files are kept.
        parts: which of train, dev and test. A corpus that comes unsplit is all train.

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
    """The same, renamed where two would name the same file on any computer."""
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
    return re.sub(r"[^\w-]+", "-", stem).strip("-")[:_LONGEST_NAME] or "corpus"
