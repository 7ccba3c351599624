"""Raw texts: their lines and documents, what is left out, and what is held out."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path

import pytest

from pipeline.corpora.settings import UnlabelledCorpusSettings
from pipeline.corpora.unlabelled.corpus import read_unlabelled_texts
from pipeline.errors import UserError

LINES = [f"{number} 번째 줄입니다." for number in range(30)]


def write(path: Path, text: str, encoding: str = "utf-8") -> str:
    path.write_bytes(text.encode(encoding))
    return str(path)


def read(tmp_path: Path, corpus: str, leave_out: str | None = None, dev_size: int = 2000):
    return read_unlabelled_texts(
        UnlabelledCorpusSettings(corpus, leave_out, dev_size), tmp_path / "raw"
    )


def texts(splits) -> list[str]:
    return [text for frame in splits.splits.values() for text in frame["text"]]


@pytest.mark.parametrize("opened", [open, gzip.open, bz2.open, lzma.open])
def test_a_text_a_line_whatever_it_is_compressed_with(opened, tmp_path):
    path = tmp_path / "texts"
    with opened(path, "wb") as file:
        file.write("\n".join(LINES).encode())
    splits = read(tmp_path, str(path))
    assert sorted(texts(splits)) == sorted(LINES)
    assert {name: len(frame) for name, frame in splits.splits.items()} == {
        "train": 24,
        "dev": 3,
        "test": 3,
    }
    assert all((frame["id"] == frame["label"]).all() for frame in splits.splits.values())


def test_damaged_compressed_data_is_one_line(tmp_path):
    path = tmp_path / "texts.gz"
    path.write_bytes(gzip.compress("\n".join(LINES).encode())[:-20])
    with pytest.raises(UserError, match="damaged"):
        read(tmp_path, str(path))
