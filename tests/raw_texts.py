"""Small raw texts, and how they are read."""

from __future__ import annotations

from pathlib import Path

from pipeline.corpora.settings import (
    UnlabelledCorpusSettings,
)
from pipeline.corpora.splits import CorpusSplits
from pipeline.corpora.unlabelled.corpus import read_unlabelled_texts
from pipeline.corpora.unlabelled.text_files import read_text_file

LINES = [f"{number} 번째 줄입니다." for number in range(30)]


def write(path: Path, text: str, encoding: str = "utf-8") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return str(path)


def read(
    tmp_path: Path, corpus: str, leave_out: str | None = None, dev_size: int = 2000
) -> CorpusSplits:
    return read_unlabelled_texts(
        UnlabelledCorpusSettings(corpus, leave_out, dev_size), tmp_path / "raw"
    )


def texts(splits: CorpusSplits) -> list[str]:
    return [text for frame in splits.splits.values() for text in frame["text"]]


def documents(path: str) -> list[list[str]]:
    return read_text_file(Path(path)).documents
