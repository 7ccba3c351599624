"""How long pieces may be, and words that are looked at in one go."""

from __future__ import annotations

MAX_PIECE_BYTES = 256
"""In UTF-8, of a piece in the graph of an exported model (tensorflow-text's wordpieces, which do
not count `##`)."""

MAX_PIECE_LENGTH = (MAX_PIECE_BYTES - 2) // 4
"""Characters of a learnt piece, 63: in UTF-8 a character has up to 4 bytes (a Hangul syllable 3,
an emoji 4), and `##` in front takes 2."""

MAX_PIECES = 2**22
"""Pieces of a vocabulary in the graph of an exported model (tensorflow-text's wordpieces)."""

MAX_TEXT_LENGTH = 2**20
"""Pieces of a text that a model can be made to read."""

MAX_WORD_LENGTH = 256
"""Characters of a word that is learnt from or sampled as a whole, or handed to a library whose
time grows with the square of it. What is longer (a run of one letter, text without spaces) is
taken in parts of so many, so that time grows with the text alone."""


def word_parts(word: str) -> list[str]:
    """A word in parts of at most `MAX_WORD_LENGTH` characters: nearly always itself."""
    if len(word) <= MAX_WORD_LENGTH:
        return [word]
    return [word[at : at + MAX_WORD_LENGTH] for at in range(0, len(word), MAX_WORD_LENGTH)]
