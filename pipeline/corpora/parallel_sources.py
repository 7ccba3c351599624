"""What a name in --corpus stands for among parallel corpora: its files, and what is in them."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.corpora import catalogue
from pipeline.corpora.fetch import fetch, git_blob
from pipeline.corpora.origins import catalogue_origin, own_origin, sample_origin
from pipeline.corpora.pair_files import read_news, read_pairs, read_tatoeba
from pipeline.corpora.pairs import PairTexts
from pipeline.errors import UserError
from pipeline.facts import Origin

SUFFIXES = (".tsv", ".csv", ".tab", ".txt")
# What is known of the blob id of the news's training archive, which nobody here has seen.
NEWS_TRAIN_BLOB = "447afba6"
# Characters of a corpus's name in names of files; one of Hangul takes three bytes.
_LONGEST_NAME = 60


@dataclasses.dataclass(frozen=True)
class Source:
    """One parallel corpus, read but not filtered.

    Attributes:
        name: letters, digits, `_` and `-`.
        origin: title, source and licence.
        parts: "train", and "dev" and "test" where it has them.
        files: what it was read from, and where dev and test were looked for.
    """

    name: str
    origin: Origin
    parts: dict[str, PairTexts]
    files: Sequence[Path]


def names_in(setting: str) -> list[str]:
    """The corpora that a setting names: one, or several with commas between.

    A file with a comma in its name is one. What is named twice counts once, and so does a file
    that is the development or test part of another that is named (as all files of a folder do).

    Raises:
        UserError: none is named.
    """
    names = [setting]
    if not os.path.isfile(setting):  # unlike Path.is_file, for any length of name
        names = list(dict.fromkeys(name.strip() for name in setting.split(",") if name.strip()))
    if not names or not names[0]:
        raise UserError("no corpus is named", remedy="give a name, or the path of a file")
    parts = [beside(path) if (path := own_file(name)) else {} for name in names]
    held_out = {file for found in parts for part, file in found.items() if part != "train"}
    kept: dict[object, str] = {}
    for name, found in zip(names, parts, strict=True):
        file = found.get("train", name)
        if file not in held_out:
            kept.setdefault(file, name)
    return list(kept.values())


def own_file(name: str) -> Path | None:
    """The user's file that `name` is the path of, None if it is a corpus of the catalogue."""
    path = Path(name)
    if name == "sample" or name in catalogue.CATALOGUE:  # a folder may be called the same
        return None
    return path if path.suffix.lower() in SUFFIXES or os.path.exists(name) else None


def beside(path: Path) -> dict[str, Path]:
    """The files of a user's corpus: `train`, and those of `dev` and `test` that stand beside it.

    Beside `a.train.tsv` or `a.tsv` they are `a.dev.tsv` and `a.test.tsv`; where there is no
    `a.tsv`, `a.train.tsv` is meant by it.
    """
    files = places_beside(path)
    train = files["train"] if files["train"].is_file() and not path.exists() else path
    held_out = {part: file for part, file in files.items() if part != "train" and file.is_file()}
    return {"train": train, **held_out}


def places_beside(path: Path) -> dict[str, Path]:
    """Where `train`, `dev` and `test` of a user's corpus are looked for beside `path`."""
    stem = path.stem.removesuffix(".train")
    parts = ("train", "dev", "test")
    return {part: path.with_name(f"{stem}.{part}{path.suffix}") for part in parts}


def own_source(path: Path) -> Source:
    """A user's file, and what stands beside it."""
    parts = {part: read_pairs(file) for part, file in beside(path).items()}
    stem = path.stem.removesuffix(".train")
    files = [path, *places_beside(path).values()]
    return Source(_file_safe(stem), own_origin([path]), parts, files)


def sample_source(sample: Path) -> Source:
    """The bundled pairs."""
    return Source("sample", sample_origin(sample), {"train": read_pairs(sample)}, [sample])


def catalogue_source(corpus: catalogue.Corpus, raw: Path, parts: Iterable[str]) -> Source:
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
    return Source(corpus.name, catalogue_origin(corpus), read, list(paths.values()))


def different_names(sources: list[Source]) -> list[Source]:
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
            f"{len(texts.pairs):,} pairs found, {expected:,} expected",
            where=path,
            remedy="delete it and run again; it will be fetched anew",
        )
    return texts


def _file_safe(stem: str) -> str:
    return re.sub(r"[^\w-]+", "-", stem).strip("-")[:_LONGEST_NAME] or "corpus"
