"""Small tables of texts with probabilities of their labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.corpora.labelled.labelled_file import LabelledTexts
from pipeline.corpora.labelled.probabilities import (
    probabilities_of,
)

TEXTS = [f"{number}번째 영화는 정말 {'좋다' if number % 2 else '지루하다'}" for number in range(12)]
SHARES = [round(0.07 * number + 0.05, 3) for number in range(12)]
"""Of the label 긍정."""


def table(path: Path, header: list[str], rows: list[list[object]], delimiter: str = "\t") -> Path:
    lines = [delimiter.join(map(str, row)) for row in [header, *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def alone(texts=TEXTS, shares=SHARES) -> list[list[object]]:
    return [[text, p, round(1 - p, 3)] for text, p in zip(texts, shares, strict=True)]


def read_shares(read: LabelledTexts) -> dict[str, np.ndarray]:
    labels, array = probabilities_of(read.frame)
    np.testing.assert_allclose(np.nansum(array, axis=1) % 1, 0, atol=1e-6)
    return dict(zip(labels, array.T, strict=True))


def has_none(read: LabelledTexts) -> bool:
    return list(read.frame.columns) == ["id", "text", "label"]
