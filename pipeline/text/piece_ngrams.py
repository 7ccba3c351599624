"""Learns the n-grams of pieces that are frequent enough for an embedding of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.errors import UserError
from pipeline.text.ragged import Ragged
from pipeline.workspace import atomic_file


def learn_piece_ngrams(
    rows: Ragged, vocabulary_size: int, longest: int, min_frequency: int
) -> list[np.ndarray]:
    """The n-grams of 2 to `longest` pieces that occur at least `min_frequency` times.

    They are written as a trie. An n-gram's key is the number of its first n - 1 pieces (their id
    for one piece; for more, their place among the known (n-1)-grams, counted from 1) times the
    size of the vocabulary, plus the id of its last piece. What is frequent begins with something
    frequent, so every known n-gram has a key. The frame [BOS] … [EOS] counts as pieces.

    Args:
        rows: framed ids of the training split.

    Returns:
        For each length the keys, ascending: int32 [known].

    Raises:
        UserError: there are too many for 32 bits.
    """
    keys_of_lengths = []
    prefix = rows.ids.astype(np.int64)
    starts = rows.row_splits[:-1][rows.lengths > 0]
    for n in range(2, longest + 1):
        prefix = np.concatenate([[0], prefix[:-1]])[: len(prefix)]
        prefix[starts] = 0
        keys = prefix * vocabulary_size + rows.ids
        found, counts = np.unique(keys[prefix > 0], return_counts=True)
        known = found[counts >= min_frequency]
        if len(known) and known[-1] >= 2**31:
            raise UserError(
                f"there are too many runs of {n} pieces",
                remedy="set a higher --min-ngram-frequency or a lower --max-ngram-length",
            )
        keys_of_lengths.append(known.astype(np.int32))
        place = np.searchsorted(known, keys)
        hit = np.zeros(len(keys), bool)
        if len(known):
            hit = (prefix > 0) & (known[np.minimum(place, len(known) - 1)] == keys)
        prefix = np.where(hit, place + 1, 0)
    return keys_of_lengths


def save_piece_ngrams(path: Path, keys: Sequence[np.ndarray]) -> None:
    """Writes what `learn_piece_ngrams` found as a compressed .npz, whole or not at all."""
    with atomic_file(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **{str(n): known for n, known in enumerate(keys, 2)})


def load_piece_ngrams(path: Path) -> list[np.ndarray]:
    """Reads what `save_piece_ngrams` wrote.

    Raises:
        UserError: the file is absent or is no such file.
    """
    try:
        # Opened here: np.load leaves a file open that turns out to be no archive.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            return [stored[str(n)] for n in range(2, 2 + len(stored.files))]
    except FileNotFoundError:
        raise UserError("not found", where=path, remedy="run the prepare stage") from None
    except Exception as error:  # zipfile and zlib each have errors of their own
        raise UserError(
            f"does not hold runs of pieces ({error})",
            where=path,
            remedy="delete it and run the prepare stage again",
        ) from error
