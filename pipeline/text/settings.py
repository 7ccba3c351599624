"""Settings of how text becomes pieces."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from pipeline.errors import UserError
from pipeline.ranges import AtLeast, Between, Share
from pipeline.text.limits import MAX_PIECES, MAX_TEXT_LENGTH

ROOM_FOR_A_PIECE = Between(3, MAX_TEXT_LENGTH, remedy="two of them are [BOS] and [EOS]")
ROOM_FOR_SOME_PIECES = Between(32, MAX_PIECES)


@dataclasses.dataclass(frozen=True)
class TextSettings:
    """How text becomes pieces."""

    pieces: Literal["wordpiece", "syllable", "sentencepiece"] = "wordpiece"
    """How words are cut: learnt `##` pieces, single syllables, or a unigram model."""
    morphemes: Literal["none", "okt", "komoran", "hannanum", "kkma", "mecab", "kiwi"] = "none"
    """A morpheme analyser in front; the exported model then takes ids, not text."""
    vocabulary_size: Annotated[int, ROOM_FOR_SOME_PIECES] = 16000
    """Pieces to learn, at most, the four special ones included."""
    min_frequency: Annotated[int, AtLeast(1)] = 2
    """A piece must occur this often in the training split."""
    max_length: Annotated[int, ROOM_FOR_A_PIECE] = 256
    """A longer text is read up to here, in training and when served."""


@dataclasses.dataclass(frozen=True)
class SubwordSettings:
    """Subword regularisation."""

    subword_dropout: Annotated[float, Share] = 0.15
    """In training, a longest match is refused this often, so that words are seen cut in several
    ways (MaxMatch-Dropout, Hiraoka 2022); with sentencepiece the smoothing alpha of sampled
    segmentations (Kudo 2018). 0 always cuts the same way."""


@dataclasses.dataclass(frozen=True)
class SyllableSettings:
    """How text becomes syllables and runs of syllables."""

    vocabulary_size: Annotated[int, ROOM_FOR_SOME_PIECES] = 8000
    """Pieces to know, at most, the four special ones included; `##권` and `권` are two."""
    min_frequency: Annotated[int, AtLeast(1)] = 2
    """A piece must occur this often in the training split."""
    max_length: Annotated[int, ROOM_FOR_A_PIECE] = 256
    """A longer sentence is read in parts of so many pieces, in training and when served."""
    max_ngram_length: Annotated[int, AtLeast(1)] = 3
    """Runs of up to so many pieces have vectors of their own; 1 for none."""
    min_ngram_frequency: Annotated[int, AtLeast(1)] = 2
    """A run of pieces must occur this often in the training split."""


@dataclasses.dataclass(frozen=True)
class EncoderTextSettings:
    """How raw text becomes pieces, and how much of it is read at once."""

    pieces: Literal["wordpiece", "syllable"] = "wordpiece"
    """How words are cut: learnt `##` pieces, or single syllables."""
    vocabulary_size: Annotated[int, ROOM_FOR_SOME_PIECES] = 16000
    """Pieces to learn, at most, the four special ones included."""
    min_frequency: Annotated[int, AtLeast(1)] = 2
    """A piece must occur this often in the training split."""
    passage_length: Annotated[int, AtLeast(8)] = 160
    """A longer text is cut into passages of at most so many characters, behind a sentence where
    one ends; each is learnt from by itself."""
    max_length: Annotated[int, ROOM_FOR_A_PIECE] = 256
    """A longer text is read up to here when served."""


@dataclasses.dataclass(frozen=True)
class PairTextSettings:
    """How both sides of a sentence pair become pieces."""

    pieces: Literal["sentencepiece", "wordpiece", "syllable"] = "sentencepiece"
    """How words are cut: a unigram model, learnt `##` pieces, or single syllables (letters)."""
    morphemes: Literal["none", "okt", "komoran", "hannanum", "kkma", "mecab", "kiwi"] = "none"
    """A morpheme analyser in front, for Korean as the source; the exported model then takes ids,
    not text."""
    joint: bool = False
    """Both sides share one vocabulary, learnt from both, and one embedding; otherwise each has
    its own."""
    vocabulary_size: Annotated[int, ROOM_FOR_SOME_PIECES] = 4000
    """Pieces of a vocabulary, at most, the four special ones included."""
    min_frequency: Annotated[int, AtLeast(1)] = 2
    """A piece must occur this often in the training split (wordpiece, syllable)."""
    max_length: Annotated[int, ROOM_FOR_A_PIECE] = 128
    """A longer sentence is read up to here, in training and when served."""


@dataclasses.dataclass(frozen=True)
class CaptionTextSettings:
    """How captions become pieces."""

    pieces: Literal["sentencepiece", "wordpiece", "syllable"] = "sentencepiece"
    """How words are cut: a unigram model, learnt `##` pieces, or single syllables (letters)."""
    vocabulary_size: Annotated[int, ROOM_FOR_SOME_PIECES] = 3000
    """Pieces to learn, at most, the four special ones included; of all languages together."""
    min_frequency: Annotated[int, AtLeast(1)] = 2
    """A piece must occur this often in the training split (wordpiece, syllable)."""
    max_length: Annotated[int, ROOM_FOR_A_PIECE] = 48
    """A longer caption is learnt up to here."""
    lower_case: bool = True
    """Captions are learnt and written in lower case, as the field scores them."""


@dataclasses.dataclass(frozen=True)
class CharacterSettings:
    """How text becomes characters."""

    alphabet: Literal["syllable", "jamo"] = "syllable"
    """A Hangul syllable is one unit, or as many as it has jamo; any other character is one."""
    min_frequency: Annotated[int, AtLeast(1)] = 2
    """A unit must occur this often in the training split."""


def check_pair_morphemes(text: PairTextSettings, direction: str) -> None:
    """Refuses a morpheme analyser where the target is Korean, or both sides are cut alike.

    Args:
        text: which pieces.
        direction: "ko-en" or "en-ko".

    Raises:
        UserError: it is asked for there.
    """
    if text.morphemes == "none":
        return
    if text.joint:
        raise UserError(
            f"--morphemes {text.morphemes} and --joint do not go together",
            where="command line",
            remedy="leave one away: one vocabulary for both sides cuts both alike, and English has "
            "no morpheme analyser",
        )
    if not direction.startswith("ko-"):
        raise UserError(
            f"--morphemes {text.morphemes} wants Korean as the source, not {direction}",
            where="command line",
            remedy="leave it away: translations would be morphemes with spaces between them, from "
            "which no analyser makes sentences again",
        )
