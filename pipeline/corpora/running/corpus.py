"""Reads and splits running text, for a language model."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import re
from collections.abc import Sequence
from pathlib import Path

from pipeline.corpora import catalogue
from pipeline.corpora.fetch import CorpusUnavailable, fetch
from pipeline.corpora.html_entities import entity_warnings
from pipeline.corpora.origins import catalogue_origin, own_origin
from pipeline.corpora.rejects import of_file
from pipeline.corpora.running.documents import cut_in_order, read_documents, to_frame
from pipeline.corpora.settings import CONSTITUTION, TextCorpusSettings
from pipeline.corpora.splits import CorpusSplits
from pipeline.errors import UserError
from pipeline.facts import Origin

# In the package konlpy, as installed.
_CONSTITUTION_FILE = ("data", "corpus", "kolaw", "constitution.txt")
_CONSTITUTION_ORIGIN = Origin(
    "Constitution of the Republic of Korea",
    "KoNLPy, konlpy.corpus.kolaw",
    "a statute, in no copyright",
)
_MAX_NAME_LENGTH = 60
TEST_SHARE = 0.1
"""Default share of a text that is the test split."""


def read_running_text(chosen: TextCorpusSettings, raw: Path) -> CorpusSplits:
    """Reads and splits running text: of the catalogue, from KoNLPy, or a user's own files.

    The splits follow each other in the text (`documents.cut_in_order`). The last is dev, as usual
    for tiny Shakespeare, whose published losses are on its last 10 % after training on the rest;
    test stands right before dev. Without a test split, dev takes its place, too, and its scores
    are reported (`reported`).

    Args:
        chosen: which corpus.
        raw: where downloaded files are kept.

    Returns:
        Rows are documents: columns id (file and line), text (on one line;
        `one_line.as_written` restores its lines) and label (whether the document ends here). With
        the details documents (how it was divided), encoding (file -> encoding) and read_as.

    Raises:
        CorpusUnavailable: a corpus of the catalogue is not available; no sample replaces it.
        UserError: there is no such corpus, or too little of it; or a share that leaves too little.
    """
    source = _source(chosen.corpus, raw)
    test_share = source.test_share if chosen.test_share is None else chosen.test_share
    read = {path: read_documents(path, chosen.documents) for path in source.files}
    documents = [document for file in read.values() for document in file.documents]
    parts = cut_in_order(documents, test_share)
    reported = "test" if "test" in parts else "dev"
    parts = {"train": parts["train"], "dev": parts["dev"], "test": parts[reported]}
    return CorpusSplits(
        source.name,
        {split: to_frame(part) for split, part in parts.items()},
        source.origin,
        files=source.files,
        reported=reported,
        characters={split: sum(map(len, part)) for split, part in parts.items()},
        rejects=[of_file(row, path.name) for path, file in read.items() for row in file.rejects],
        warnings=entity_warnings([document.text for document in documents], source.name),
        details={
            "documents": chosen.documents,
            "encoding": {path.name: file.encoding for path, file in read.items()},
            "read_as": "; ".join(filter(None, (file.read_as for file in read.values()))),
        },
    )


@dataclasses.dataclass(frozen=True)
class _DocumentSource:
    """The files that --corpus names.

    Attributes:
        name: for folders.
        origin: title, source and licence.
        files: to be read in this order.
        test_share: default share of the test split.
    """

    name: str
    origin: Origin
    files: Sequence[Path]
    test_share: float = TEST_SHARE


def _source(setting: str, raw: Path) -> _DocumentSource:
    if setting == CONSTITUTION:
        return _DocumentSource(CONSTITUTION, _CONSTITUTION_ORIGIN, [constitution_file()])
    if setting in catalogue.CATALOGUE or not _looks_like_files(setting):
        try:
            corpus = catalogue.find_corpus(setting, "running")
        except UserError as error:
            remedy = f"{error.remedy}; {CONSTITUTION} needs no network"
            raise UserError(error.what, where=error.where, remedy=remedy) from None
        try:
            paths = [fetch(file, raw) for file in corpus.files.values()]
        except CorpusUnavailable as error:
            remedy = f"{error.remedy}; or use --corpus {CONSTITUTION}, which needs none"
            raise CorpusUnavailable(error.what, where=error.where, remedy=remedy) from error
        share = TEST_SHARE if corpus.has_test else 0.0
        return _DocumentSource(corpus.name, catalogue_origin(corpus), paths, share)
    paths = list(dict.fromkeys(_own_files(setting)))
    stems = "-".join(re.sub(r"[^\w-]+", "-", path.stem).strip("-") for path in paths)
    return _DocumentSource(stems[:_MAX_NAME_LENGTH].strip("-") or "text", own_origin(paths), paths)


def constitution_file() -> Path:
    """The file of the constitution in the installed KoNLPy, which is not imported.

    Raises:
        UserError: KoNLPy is not installed, or has no such file.
    """
    found = importlib.util.find_spec("konlpy")
    folders = [] if found is None else found.submodule_search_locations or []
    for folder in folders:
        path = Path(folder).joinpath(*_CONSTITUTION_FILE)
        if path.is_file():
            return path
    raise UserError(
        "the constitution comes with KoNLPy, which is not installed",
        remedy="pip install konlpy, or give a text file of your own with --corpus",
    )


def _looks_like_files(setting: str) -> bool:
    # os.path takes a name of any length.
    return any(
        os.path.exists(path) or path.suffix or len(path.parts) > 1 for path in _own_files(setting)
    )


def _own_files(setting: str) -> list[Path]:
    """One file, which may have commas in its name, or several."""
    if os.path.isfile(setting):
        return [Path(setting)]
    return [Path(name.strip()) for name in setting.split(",") if name.strip()]
