"""Reads and splits raw texts, for an encoder."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.compressed import without_compression
from pipeline.corpora import catalogue
from pipeline.corpora.fetch import CorpusUnavailable
from pipeline.corpora.fetch_changing import fetch_changing
from pipeline.corpora.html_entities import entity_warnings
from pipeline.corpora.origins import catalogue_origin, own_origin, stand_in_warning
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.settings import UnlabelledCorpusSettings
from pipeline.corpora.splits import COLUMNS, FEWEST_ROWS, CorpusSplits, held_out, text_id
from pipeline.corpora.unlabelled.left_out import TextsToAvoid, lines_to_leave_out, texts_to_avoid
from pipeline.corpora.unlabelled.named_texts import (
    SAMPLE,
    catalogue_texts,
    is_named,
    names_in,
    sample_texts,
)
from pipeline.corpora.unlabelled.text_files import read_text_file
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.facts import Origin
from pipeline.normalize import normalize
from pipeline.progress import track

_MAX_NAME_LENGTH = 60
_HELD_OUT_SHARE = 0.1


def read_unlabelled_texts(chosen: UnlabelledCorpusSettings, raw: Path) -> CorpusSplits:
    """Reads and splits texts without labels, by lines: of the catalogue, bundled, or a user's own.

    Lines stay as they are written. Left out, and counted in the details, are lines equal to an
    earlier one under the text policy, lines in dev or test of a corpus of the catalogue whose
    training texts are read, and those that `chosen.leave_out` names (`overlap.TextIndex`).

    Whole documents are held out, by a hash of their content.

    Args:
        chosen: which corpora.
        raw: where downloaded files are kept.

    Returns:
        Splits with columns id (of the text), text, label (of the document: `splits.text_id` of
        all its lines), in the order of the files. With the details lines (read), documents,
        repeated, held_out (in dev or test of what was read), left_out (name -> lines), encoding
        (file -> which) and read_as.

    Raises:
        CorpusUnavailable: one of several corpora is not available. A single one is replaced by
            the bundled sample.
        UserError: there is no such corpus or file, or too little in it.
    """
    names = names_in(chosen.corpus)
    stand_in, warnings = False, []
    try:
        sources = [_source(name, raw) for name in names]
    except CorpusUnavailable as error:
        if len(names) > 1 or names[0] not in catalogue.CATALOGUE:
            raise
        corpus = catalogue.find_corpus(names[0])
        sources, stand_in = [_source(SAMPLE, raw)], True
        warnings = [stand_in_warning(corpus, error, "texts")]
    names_to_avoid = names_in(chosen.leave_out) if chosen.leave_out else []
    avoided = [texts_to_avoid(name, raw) for name in names_to_avoid]
    origin = _joined([source.origin for source in sources])
    rows, counts = _rows(sources, avoided)
    if len(rows) < FEWEST_ROWS:
        raise UserError(
            f"has {counted(len(rows), 'different line')} with text"
            f"{' that may stay' if counts.left_out else ''}; at least {FEWEST_ROWS} are needed",
            where=origin.source,
            remedy="give more text, a line for each paragraph",
        )
    splits = _split(rows, chosen.dev_size)
    files = [path for each in (*sources, *avoided) for path in each.files]
    return CorpusSplits(
        "-".join(dict.fromkeys(source.name for source in sources))[:_MAX_NAME_LENGTH].strip("-"),
        splits,
        origin,
        files=list(dict.fromkeys(files)),
        rejects=_rejects(sources),
        warnings=[
            *warnings,
            *(warning for each in avoided for warning in each.warnings),
            *entity_warnings(list(rows["text"]), origin.title),
        ],
        stand_in=stand_in,
        details={
            **dataclasses.asdict(counts),
            "documents": rows["label"].nunique(),
            "encoding": {n: e for source in sources for n, e in source.encodings.items()},
            "read_as": "; ".join([*(source.read_as for source in sources), *counts.in_words()]),
        },
    )


@dataclasses.dataclass(frozen=True)
class _TextSource:
    """The texts that one name of --corpus stands for.

    Attributes:
        name: for folders.
        origin: title, source and licence.
        documents: lines of each document.
        held_out: lines of dev and test of a corpus, if these are its training texts.
        files: from which it was read.
        read_as: how it was read, for people.
        encodings: file -> its encoding.
        rejects: file -> lines that could not be used.
    """

    name: str
    origin: Origin
    documents: list[list[str]]
    held_out: list[str] = dataclasses.field(default_factory=list)
    files: Sequence[Path] = ()
    read_as: str = ""
    encodings: dict[str, str] = dataclasses.field(default_factory=dict)
    rejects: dict[str, list[Rejected]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class _Counts:
    """Numbers of lines that were read and left out. A line counts for its first reason only, but
    for every name of `left_out` that fits."""

    lines: int = 0
    repeated: int = 0
    held_out: int = 0
    left_out: dict[str, int] = dataclasses.field(default_factory=dict)

    def in_words(self) -> list[str]:
        found = []
        if self.repeated:
            found.append(f"{counted(self.repeated, 'line')} equal to an earlier one")
        if self.held_out:
            found.append(f"{counted(self.held_out, 'line')} of dev or test")
        if self.left_out:
            listed = ", ".join(f"{name} {count:,}" for name, count in self.left_out.items())
            found.append(f"lines left out for {listed}")
        return found


def _source(name: str, raw: Path) -> _TextSource:
    if name in catalogue.CATALOGUE and (corpus := catalogue.find_corpus(name)).changing:
        return _dump(corpus, raw)
    if is_named(name):
        texts = sample_texts(raw) if name == SAMPLE else catalogue_texts(name, raw)
        documents = [[text] for text in texts.train if normalize(text)]
        said = f"{name}: {counted(len(documents), 'text')} of its training split"
        return _TextSource(name, texts.origin, documents, texts.held_out, list(texts.files), said)
    path = Path(name)
    if not path.name.strip("."):  # for `.` and `..` the name of the folder
        path = path.resolve()
    paths = _files_in(path) if path.is_dir() else [path]
    read = {str(each.relative_to(path.parent)): read_text_file(each) for each in paths}
    stem = re.sub(r"[^\w-]+", "-", Path(without_compression(path.name)).stem).strip("-")
    return _TextSource(
        stem or "text",
        own_origin([path]),
        [document for file in read.values() for document in file.documents],
        files=paths,
        read_as="; ".join(file.read_as for file in read.values()),
        encodings={name: file.encoding for name, file in read.items()},
        rejects={name: file.rejects for name, file in read.items()},
    )


def _dump(corpus: catalogue.Corpus, raw: Path) -> _TextSource:
    (file,) = corpus.changing.values()
    fetched = fetch_changing(file, raw)
    read = read_text_file(fetched.path)
    version = fetched.version or f"{file.name}, not verified"
    return _TextSource(
        corpus.name,
        catalogue_origin(corpus),
        read.documents,
        files=[fetched.path],
        read_as=f"{read.read_as} ({version})",
    )


def _files_in(folder: Path) -> list[Path]:
    """All files in a folder and its subfolders, sorted, without hidden and empty ones."""
    paths = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.stat().st_size
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not paths:
        raise UserError("has no files in it", where=folder, remedy="give a folder of texts")
    return paths


def _rows(
    sources: Sequence[_TextSource], avoided: Sequence[TextsToAvoid]
) -> tuple[pd.DataFrame, _Counts]:
    """The lines that are not left out, as rows."""
    counts = _Counts()
    never = {normalize(text) for source in sources for text in source.held_out}
    seen: set[str] = set()
    rows: list[tuple[str, str, str]] = []
    for source in sources:
        for document in track(source.documents, source.name, unit="documents"):
            label = text_id("\n".join(document))
            for line in document:
                counts.lines += 1
                policy = normalize(line)
                if policy in never:
                    counts.held_out += 1
                elif policy in seen:
                    counts.repeated += 1
                else:
                    seen.add(policy)
                    rows.append((label if len(document) == 1 else text_id(line), line, label))
    del seen
    out: set[int] = set()
    texts = [text for _, text, _ in rows]
    for name, lines in (lines_to_leave_out(texts, avoided) if avoided else {}).items():
        counts.left_out[name] = len(lines)
        out |= lines
    kept = [row for number, row in enumerate(rows) if number not in out]
    return pd.DataFrame(kept, columns=COLUMNS, dtype="str"), counts


def _split(rows: pd.DataFrame, size: int) -> dict[str, pd.DataFrame]:
    """Train, dev and test: whole documents, about `size` rows each for dev and test."""
    size = min(size, max(int(_HELD_OUT_SHARE * len(rows)), 1))
    labels = rows["label"].to_numpy()
    test = held_out(labels, size, leave=2)
    rest = np.flatnonzero(~test)
    dev = held_out(labels[rest], size)
    chosen = {"train": rest[~dev], "dev": rest[dev], "test": np.flatnonzero(test)}
    return {name: rows.iloc[numbers].reset_index(drop=True) for name, numbers in chosen.items()}


def _joined(origins: Sequence[Origin]) -> Origin:
    titles, places, licences = (
        dict.fromkeys(getattr(origin, field) for origin in origins)
        for field in ("title", "source", "licence")
    )
    return Origin(", ".join(titles), ", ".join(places), ", ".join(licences))


def _rejects(sources: Sequence[_TextSource]) -> list[Rejected]:
    return [
        dataclasses.replace(row, reason=f"{name}: {row.reason}")
        for source in sources
        for name, rows in source.rejects.items()
        for row in rows
    ]
