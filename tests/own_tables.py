"""Tables of labelled texts, small ones, as files of a user's own."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

import pytest

from pipeline.corpora.labelled.labelled_file import LabelledTexts, read_labelled
from pipeline.errors import UserError

ABOUT = ("영화", "배우", "음악", "배송", "가격", "포장", "이야기", "연출", "대사", "화면")
ROWS = [
    (f"{subject} {said}", label)
    for subject in ABOUT
    for label, words in (("1", ("정말 좋다", "최고다")), ("0", ("지루하다", "별로다")))
    for said in words
]
random.Random(1).shuffle(ROWS)


def table(rows, delimiter="\t", header=None, **writing) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n", **writing)
    writer.writerows([*([header] if header else []), *rows])
    return out.getvalue()


def read(folder: Path, content: str | bytes, *settings, name: str = "my.tsv") -> LabelledTexts:
    """What is read from a file with this content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_labelled(path, *settings)


def refused(folder: Path, content: str | bytes, *settings, name: str = "my.tsv") -> str:
    """The one line that says why such a file is refused."""
    with pytest.raises(UserError) as caught:
        read(folder, content, *settings, name=name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def pairs(texts: LabelledTexts) -> list[tuple[str, str]]:
    return list(zip(texts.frame["text"], texts.frame["label"], strict=True))


def numbered(rows=ROWS):
    return ((n, *row) for n, row in enumerate(rows))


def label_first(rows=ROWS):
    return [(label, text) for text, label in rows]
