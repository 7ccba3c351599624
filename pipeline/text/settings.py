"""Settings of how text is cut into pieces."""

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
    """How text is cut into pieces."""

    pieces: Literal["wordpiece", "syllable", "sentencepiece"] = "wordpiece"
    """Kind of pieces: learnt `##` pieces, single syllables, or a unigram model."""
    morphemes: Literal["none", "okt", "komoran", "hannanum", "kkma", "mecab", "kiwi"] = "none"
    """Morpheme analyser that runs before the tokenizer; the exported model then takes ids, not
    text."""
    vocabulary_size: Annotated[int, ROOM_FOR_SOME_PIECES] = 16000
    """Maximum number of pieces to learn, the four special ones included."""
    min_frequency: Annotated[int, AtLeast(1)] = 2
    """A piece must occur at least this often in the training split."""
    max_length: Annotated[int, ROOM_FOR_A_PIECE] = 256
    """Maximum number of pieces of a text; longer texts are cut, in training and when served."""


@dataclasses.dataclass(frozen=True)
class SubwordSettings:
    """Subword regularisation."""

    subword_dropout: Annotated[float, Share] = 0.15
    """Probability, in training, that a longest match is refused, so that words are cut in several
    ways (MaxMatch-Dropout, Hiraoka 2022); with sentencepiece the smoothing alpha of sampled
    segmentations (Kudo 2018). 0 always cuts the same way."""


@dataclasses.dataclass(frozen=True)
class SyllableSettings:
    """How text is cut into syllables, and which n-grams of them have embeddings."""

    vocabulary_size: Annotated[int, ROOM_FOR_SOME_PIECES] = 8000
    """Maximum number of pieces, the four special ones included; `##권` and `권` are two pieces."""
    min_frequency: Annotated[int, AtLeast(1)] = 2
    """A piece must occur at least this often in the training split."""
    max_length: Annotated[int, ROOM_FOR_A_PIECE] = 256
    """A longer sentence is read in parts of this many pieces, in training and when served."""
    max_ngram_length: Annotated[int, AtLeast(1)] = 3
    """N-grams of up to this many pieces have embeddings of their own; 1: no n-grams."""
    min_ngram_frequency: Annotated[int, AtLeast(1)] = 2
    """An n-gram must occur at least this often in the training split."""


@dataclasses.dataclass(frozen=True)
class EncoderTextSettings:
    """How raw text is cut into passages and pieces."""

    pieces: Literal["wordpiece", "syllable"] = "wordpiece"
    """Kind of pieces: learnt `##` pieces, or single syllables."""
    vocabulary_size: Annotated[int, ROOM_FOR_SOME_PIECES] = 16000
    """Maximum number of pieces to learn, the four special ones included."""
    min_frequency: Annotated[int, AtLeast(1)] = 2
    """A piece must occur at least this often in the training split."""
    passage_length: Annotated[int, AtLeast(8)] = 160
    """Maximum number of characters of a passage. A longer text is cut into several passages, if
    possible at the end of a sentence; each is one training example."""
    max_length: Annotated[int, ROOM_FOR_A_PIECE] = 256
    """Maximum number of pieces of a text; the exported model cuts longer texts."""


@dataclasses.dataclass(frozen=True)
class PairTextSettings:
    """How both sides of a sentence pair are cut into pieces."""

    pieces: Literal["sentencepiece", "wordpiece", "syllable"] = "sentencepiece"
    """Kind of pieces: a unigram model, learnt `##` pieces, or single syllables (letters)."""
    morphemes: Literal["none", "okt", "komoran", "hannanum", "kkma", "mecab", "kiwi"] = "none"
    """Morpheme analyser that runs before the tokenizer, if Korean is the source; the exported model
    then takes ids, not text."""
    joint: bool = False
    """Both sides share one vocabulary, learnt from both, and one embedding; otherwise each side has
    its own."""
    vocabulary_size: Annotated[int, ROOM_FOR_SOME_PIECES] = 4000
    """Maximum number of pieces of a vocabulary, the four special ones included."""
    min_frequency: Annotated[int, AtLeast(1)] = 2
    """A piece must occur at least this often in the training split (wordpiece, syllable)."""
    max_length: Annotated[int, ROOM_FOR_A_PIECE] = 128
    """Maximum number of pieces of a sentence; longer ones are cut, in training and when served."""


@dataclasses.dataclass(frozen=True)
class CaptionTextSettings:
    """How captions are cut into pieces."""

    pieces: Literal["sentencepiece", "wordpiece", "syllable"] = "sentencepiece"
    """Kind of pieces: a unigram model, learnt `##` pieces, or single syllables (letters)."""
    vocabulary_size: Annotated[int, ROOM_FOR_SOME_PIECES] = 3000
    """Maximum number of pieces to learn, the four special ones included, for all languages
    together."""
    min_frequency: Annotated[int, AtLeast(1)] = 2
    """A piece must occur at least this often in the training split (wordpiece, syllable)."""
    max_length: Annotated[int, ROOM_FOR_A_PIECE] = 48
    """Maximum number of pieces of a caption; longer ones are cut."""
    lower_case: bool = True
    """Captions are learnt and written in lower case, as caption metrics compare them."""


@dataclasses.dataclass(frozen=True)
class CharacterSettings:
    """How text is cut into characters."""

    alphabet: Literal["syllable", "jamo"] = "syllable"
    """"syllable": each character is one unit. "jamo": a Hangul syllable is two or three units, one
    for each jamo."""
    min_frequency: Annotated[int, AtLeast(1)] = 2
    """A unit must occur at least this often in the training split."""


def check_pair_morphemes(text: PairTextSettings, direction: str) -> None:
    """Refuses a morpheme analyser if the target is Korean, or if both sides share one tokenizer.

    Args:
        text: the settings of the pieces.
        direction: "ko-en" or "en-ko".

    Raises:
        UserError: there is an analyser all the same.
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
            remedy="leave it out: translations would be morphemes with spaces between them, from "
            "which no analyser makes sentences again",
        )
