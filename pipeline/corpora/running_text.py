"""Text for a language model: where it comes from, and what is held out of it."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pipeline.corpora import catalogue
from pipeline.corpora.documents import Division, Document, cut_in_order, read_documents, to_frame
from pipeline.corpora.fetch import CorpusUnavailable, fetch
from pipeline.corpora.splits import CorpusSplits
from pipeline.errors import UserError
from pipeline.ranges import Between

CONSTITUTION = "constitution"
"""The corpus that needs no network."""
# In the package konlpy, as installed.
_CONSTITUTION_FILE = ("data", "corpus", "kolaw", "constitution.txt")
_LONGEST_NAME = 60
TEST_SHARE = 0.1
"""How much of a text is the test where nobody says otherwise."""


@dataclasses.dataclass(frozen=True)
class TextCorpusSettings:
    """Which text."""

    corpus: str = CONSTITUTION
    """`constitution` (that of the Republic of Korea, which comes with KoNLPy and needs no
    network), a name of the catalogue (shakespeare), or a text file; or several files, with commas
    between. In the order of the text, the last 10 % are for choosing (dev), what stands before
    them is the test, and all before that is learnt from."""
    documents: Division = "file"
    """What stands by itself: a whole file, a paragraph (between blank lines) or a line. At the
    beginning of a document the model has forgotten what was before."""
    test_share: Annotated[float, Between(0, 0.5)] | None = None
    """How much of the text is the test. 0: there is none; all before dev is learnt from, and what
    is reported is dev. Left out: what is usual, which is 0 for shakespeare and 0.1 elsewhere."""


def read_running_text(chosen: TextCorpusSettings, raw: Path) -> CorpusSplits:
    """Running text, split: of the catalogue, from KoNLPy, or a user's own files.

    The parts follow each other as `documents.cut_in_order` cuts them. The last is dev, as is
    usual with tiny Shakespeare, whose published losses are on its last 10 % after training on all
    the rest; test is what stands right before dev. Where nothing is set aside for a test, dev
    stands in its place, too, and the notes have `reported`: "dev", not "test".

    Args:
        chosen: which.
        raw: where downloaded files are kept.

    Returns:
        Rows are documents: columns id (file and line), text (on one line,
        `documents.as_written` gives it back) and label (whether the document ends here). With the
        notes title, source, licence, documents (how it was divided), encoding (file -> which),
        characters (split -> how many, the end of a document counted as one) and reported (the
        split whose figures are those of the corpus).

    Raises:
        CorpusUnavailable: a corpus of the catalogue cannot be had. Nothing stands in for it.
        UserError: there is no such corpus, or too little of it; or a share that leaves too little.
    """
    name, paths, notes, test_share = _source(chosen.corpus, raw)
    if chosen.test_share is not None:
        test_share = chosen.test_share
    documents: list[Document] = []
    notes["documents"], notes["encoding"] = chosen.documents, {}
    for path in paths:
        found, notes["encoding"][path.name] = read_documents(path, chosen.documents)
        documents += found
    parts = cut_in_order(documents, test_share)
    notes["reported"] = "test" if "test" in parts else "dev"
    parts = {"train": parts["train"], "dev": parts["dev"], "test": parts[notes["reported"]]}
    notes["characters"] = {split: sum(map(len, part)) for split, part in parts.items()}
    splits = {split: to_frame(part) for split, part in parts.items()}
    return CorpusSplits(name, splits, [], notes, [])


def _source(setting: str, raw: Path) -> tuple[str, Sequence[Path], dict, float]:
    """(name, files, notes, usual share of the test) of what --corpus names."""
    if setting == CONSTITUTION:
        notes = {
            "title": "Constitution of the Republic of Korea",
            "source": "KoNLPy, konlpy.corpus.kolaw",
            "licence": "a statute, in no copyright",
        }
        return CONSTITUTION, [constitution_file()], notes, TEST_SHARE
    if setting in catalogue.CATALOGUE or not _looks_like_files(setting):
        try:
            corpus = catalogue.find(setting, "running")
        except UserError as error:
            remedy = f"{error.remedy}; {CONSTITUTION} needs no network"
            raise UserError(error.what, where=error.where, remedy=remedy) from None
        try:
            paths = [fetch(file, raw) for file in corpus.files.values()]
        except CorpusUnavailable as error:
            remedy = f"{error.remedy}; or use --corpus {CONSTITUTION}, which needs none"
            raise CorpusUnavailable(error.what, where=error.where, remedy=remedy) from error
        notes = {"title": corpus.title, "source": corpus.homepage, "licence": corpus.licence}
        return corpus.name, paths, notes, TEST_SHARE if corpus.has_test else 0.0
    paths = list(dict.fromkeys(_own_files(setting)))
    names = [path.name for path in paths]
    notes = {
        "title": ", ".join(names),
        "source": ", ".join(map(str, paths)),
        "licence": "the user's own",
    }
    stems = "-".join(re.sub(r"[^\w-]+", "-", path.stem).strip("-") for path in paths)
    return stems[:_LONGEST_NAME].strip("-") or "text", paths, notes, TEST_SHARE


def constitution_file() -> Path:
    """Where the installed KoNLPy has it; KoNLPy itself is not imported.

    Raises:
        UserError: it is not installed, or not there.
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
    """One file, commas in its name or not, or several."""
    if os.path.isfile(setting):
        return [Path(setting)]
    return [Path(name.strip()) for name in setting.split(",") if name.strip()]
