"""Shows the cost of each character for a language model, in bits, as colours."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pipeline.report.passage import Passage
from pipeline.text.characters import Characters, normalize_lines
from pipeline.text.ragged import Ragged

MUCH = 10.0
"""Number of bits at which a character has the strongest colour."""
LENGTH = 700
"""Number of characters that are shown."""


def bits_by_character(
    nats: np.ndarray, rows: Ragged, texts: Sequence[str], characters: Characters
) -> list[np.ndarray]:
    """The cost of each character of some documents, in bits.

    Args:
        nats: float [ids], loss of each id of `rows` (`pipeline.models.unit_losses.unit_losses`).
        rows: the documents, as `Characters.encode_documents` gives them.
        texts: the documents as given.
        characters: their alphabet.

    Returns:
        For each document, bits of each character of its normalised text, float64 [characters];
        for a syllable in jamo the sum over them. The end of a document is left out.
    """
    found = []
    for number, text in enumerate(texts):
        # Behind [BOS], which is not predicted.
        first = rows.row_splits[number] + 1
        counts = [len(characters.encode(character)) or 1 for character in normalize_lines(text)]
        ends = np.cumsum(counts, dtype=np.int64)
        total = np.concatenate(
            [[0.0], np.cumsum(nats[first : first + sum(counts)], dtype=np.float64)]
        )
        found.append(np.diff(total[np.concatenate([[0], ends]).astype(np.int64)]) / math.log(2))
    return found


def surprise_passage(texts: Sequence[str], bits: Sequence[np.ndarray]) -> Passage | None:
    """Some lines from the middle of the longest document; None if there is no text.

    Args:
        texts: as given.
        bits: as `bits_by_character` gives them.
    """
    normalized = [normalize_lines(text) for text in texts]
    number = max(range(len(texts)), key=lambda i: len(normalized[i]), default=None)
    if number is None or not normalized[number]:
        return None
    text = normalized[number]
    middle = max((len(text) - LENGTH) // 2, 0)
    start = text.rfind("\n", 0, middle) + 1
    shown = slice(start, start + LENGTH)
    return Passage(
        text[shown],
        [1 - 2 * min(cost / MUCH, 1.0) for cost in bits[number][shown]],
        low=f"surprised: {MUCH:g} bits or more",
        high="expected: 0 bits",
    )
