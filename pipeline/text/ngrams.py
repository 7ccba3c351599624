"""What pieces are made of: syllables, pairs of syllables and runs of jamo."""

from __future__ import annotations

import collections
import unicodedata
from collections.abc import Sequence

import numpy as np

from pipeline.text.vocabulary import CONTINUES, SPECIALS, Vocabulary

WORD_START = "<"
_SENTENCEPIECE_START = "▁"


def ngrams_of(piece: str, jamo_lengths: Sequence[int]) -> list[str]:
    """The n-grams of one piece, marked by kind, in a fixed order.

    `재밌` gives its syllables, its pairs of syllables and the runs of jamo in its decomposition
    (ㅈㅐㅁㅣㅆ), so that 재밌, 재미, 잼있 and 재밋 share most of what they are. A piece that
    starts a word carries `<` in front, which is part of its n-grams.
    """
    start = not piece.startswith(CONTINUES) or piece == CONTINUES
    body = piece.lstrip(_SENTENCEPIECE_START) if start else piece[len(CONTINUES) :]
    body = WORD_START + body if start else body
    jamo = unicodedata.normalize("NFD", body)
    found = [f"syllable {c}" for c in body if c != WORD_START]
    found += [f"pair {body[i : i + 2]}" for i in range(len(body) - 1)]
    for n in jamo_lengths:
        found += [f"jamo {jamo[i : i + n]}" for i in range(len(jamo) - n + 1)]
    return list(dict.fromkeys(found))


def ngram_table(
    vocabulary: Vocabulary, *, jamo_lengths: Sequence[int], max_ngrams: int
) -> tuple[np.ndarray, list[str]]:
    """Which n-grams each piece is made of.

    Only n-grams shared by two pieces or more are kept: one that stands in a single piece says
    nothing that the piece's own embedding does not. Of more than `max_ngrams` n-grams of a piece
    those that the most pieces share are kept.

    Args:
        vocabulary: the pieces.
        jamo_lengths: lengths of the runs of jamo.
        max_ngrams: maximum number of n-grams of a piece.

    Returns:
        A table int32 [pieces, most], 0 where there is none, and the names of the n-grams in the
        order of their numbers, number 0 being `none`.
    """
    pieces = vocabulary.pieces
    made_of = [
        [] if i < len(SPECIALS) else ngrams_of(piece, jamo_lengths)
        for i, piece in enumerate(pieces)
    ]
    counts = collections.Counter(ngram for ngrams in made_of for ngram in ngrams)
    shared = sorted((n for n, c in counts.items() if c > 1), key=lambda n: (-counts[n], n))
    number = {ngram: i + 1 for i, ngram in enumerate(shared)}
    table = np.zeros((len(pieces), max_ngrams), dtype=np.int32)
    for row, ngrams in enumerate(made_of):
        kept = sorted(number[ngram] for ngram in ngrams if ngram in number)[:max_ngrams]
        table[row, : len(kept)] = kept
    return table, ["none", *shared]


def vocabulary_ngrams(
    vocabulary: Vocabulary, kind: str, max_ngrams: int
) -> tuple[np.ndarray | None, int]:
    """`ngram_table` by the name of a setting.

    Args:
        kind: "none", "syllable" (syllables and pairs of them) or "jamo" (runs of 3 jamo, too).
        max_ngrams: maximum number of n-grams of a piece.

    Returns:
        The table and how many n-grams there are, the one called none included; None and 0 for
        plain embeddings.
    """
    if kind == "none":
        return None, 0
    table, names = ngram_table(vocabulary, jamo_lengths=_JAMO_LENGTHS[kind], max_ngrams=max_ngrams)
    return table, len(names)


_JAMO_LENGTHS = {"syllable": (), "jamo": (3,)}
