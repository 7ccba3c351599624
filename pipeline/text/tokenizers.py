"""Learns tokenizers from texts, and loads them from folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import UserError
from pipeline.text.morphemes import MorphemeAnalyzer
from pipeline.text.syllables import SyllableTokenizer
from pipeline.text.tokenizer import SETTINGS_FILE, Tokenizer, normalize_texts
from pipeline.text.unigram import SentencePieceTokenizer
from pipeline.text.vocabulary import SPECIALS
from pipeline.text.wordpiece import WordPieceTokenizer
from pipeline.workspace import read_json

_CLASSES: dict[str, type[Tokenizer]] = {
    cls.kind: cls for cls in (SyllableTokenizer, WordPieceTokenizer, SentencePieceTokenizer)
}
KINDS = tuple(_CLASSES)


def learn_tokenizer(
    kind: str,
    texts: Sequence[str],
    vocabulary_size: int,
    *,
    min_frequency: int = 2,
    morphemes: str | None = None,
    workers: int = 1,
    normalized: bool = False,
) -> Tokenizer:
    """Learns a tokenizer from texts, which should be the training split alone.

    The same texts and settings give the same tokenizer, piece for piece.

    Args:
        kind: one of `KINDS`.
        texts: as given; the text policy is applied here.
        vocabulary_size: at most so many pieces, the four special ones among them; a small corpus
            gives fewer.
        min_frequency: how often a character must occur to be known (syllable, wordpiece), and a
            pair of pieces to become one (wordpiece).
        morphemes: an analyzer of `pipeline.text.morphemes`, or None.
        workers: processes for the morpheme analysis.
        normalized: whether `texts` already went through `normalize_texts` with that analyzer.

    Raises:
        UserError: an unknown kind or analyzer, no text at all, or nothing frequent enough.
    """
    cls = _class_of(kind)
    if not normalized:
        analyzer = MorphemeAnalyzer(morphemes) if morphemes else None
        texts = normalize_texts(texts, analyzer, workers)
    if not any(texts):
        raise UserError("there is no text to learn pieces from", remedy="use another corpus")
    tokenizer = cls.learn(texts, vocabulary_size, min_frequency, morphemes)
    if len(tokenizer.vocabulary) <= len(SPECIALS):
        raise UserError(
            f"nothing occurs {min_frequency:,} times in the training split",
            remedy="lower --min-frequency",
        )
    return tokenizer


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer that `Tokenizer.save` wrote into `folder`.

    Raises:
        UserError: a file is absent or damaged.
    """
    path = Path(folder) / SETTINGS_FILE
    settings = read_json(path)
    try:
        kind, morphemes = settings["kind"], settings["morphemes"]
        cls = _class_of(kind)
        parameters = dict(settings["parameters"])
    except (KeyError, TypeError, ValueError, UserError) as error:
        raise UserError(
            f"does not describe a tokenizer ({error})",
            where=path,
            remedy="run the prepare stage again",
        ) from error
    return cls.read(Path(folder), morphemes, parameters)


def _class_of(kind: str) -> type[Tokenizer]:
    if kind not in _CLASSES:
        raise UserError(f"{kind!r} is no kind of tokenizer", remedy=f"use {', '.join(KINDS)}")
    return _CLASSES[kind]
