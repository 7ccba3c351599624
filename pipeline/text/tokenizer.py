"""What every tokenizer does, however it finds its pieces."""

from __future__ import annotations

import abc
import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from pipeline.errors import UserError
from pipeline.normalize import aligned, normalize
from pipeline.text.morphemes import MorphemeAnalyzer
from pipeline.text.piece import Piece
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS, SPECIALS, Vocabulary
from pipeline.workspace import read_json, write_json

KINDS = ("syllable", "wordpiece", "sentencepiece")
SETTINGS_FILE = "tokenizer.json"
VOCABULARY_FILE = "vocab.txt"

Branch = tuple[int, int, float]
"""One way on from a character of a word: piece id, characters covered, probability."""


class Tokenizer(abc.ABC):
    """Raw text -> pieces -> ids.

    The way is the same for all kinds: the text policy, then (if asked for) morphemes in the place
    of words, then words, and each word by itself into pieces. A kind says what a word is and how
    it falls into pieces.

    Attributes:
        kind: one of `KINDS`.
        vocabulary: pieces and ids.
        morphemes: name of the KoNLPy analyzer that cuts the text first, or None.
        parameters: what it was learnt with, for the record; JSON-able.
        word_pattern: matches each stretch of a prepared text that `segment` takes.
    """

    kind: ClassVar[str]
    word_pattern: re.Pattern = re.compile("[^ ]+")

    def __init__(
        self, vocabulary: Vocabulary, morphemes: str | None = None, parameters: dict | None = None
    ):
        self.vocabulary = vocabulary
        self.morphemes = morphemes
        self.parameters = dict(parameters or {})
        self.analyzer = MorphemeAnalyzer(morphemes) if morphemes else None

    @property
    def runs_in_graph(self) -> bool:
        """Whether a TensorFlow graph can do the same (there is no Java in a graph)."""
        return self.morphemes is None

    @classmethod
    @abc.abstractmethod
    def learn(
        cls,
        prepared: Sequence[str],
        vocabulary_size: int,
        min_frequency: int,
        morphemes: str | None,
    ) -> Tokenizer:
        """Learns from texts that `prepare` made; see `learn_tokenizer` for the arguments."""

    @abc.abstractmethod
    def segment(self, word: str) -> list[tuple[str, int, int]]:
        """Pieces of one match of `word_pattern`: piece, first character, character after it."""

    @abc.abstractmethod
    def branches(self, word: str, strength: float) -> list[list[Branch]]:
        """For each character of one of `words`, the pieces that may start there.

        Following branches from character to character, each drawn with its probability, until
        the word ends gives a random segmentation; the probabilities of a character add up to 1.
        """

    @abc.abstractmethod
    def ids_of_prepared(self, prepared: Sequence[str]) -> Ragged:
        """Ids of texts that `prepare` made, without [BOS] and [EOS]."""

    @abc.abstractmethod
    def decode(self, ids: Sequence[int]) -> str:
        """Text from ids; special pieces but [UNK] vanish.

        Exact up to what the pieces do not tell: characters outside the vocabulary and, where a
        kind cuts without leaving a mark (punctuation, morphemes), that there was no space.
        """

    def words(self, prepared: str) -> list[str]:
        """What `branches` is asked about, in order of appearance."""
        return self.word_pattern.findall(prepared)

    def prepare(self, texts: Sequence[str], workers: int = 1) -> list[str]:
        """`prepare` with this tokenizer's analyzer."""
        return prepare(texts, self.analyzer, workers)

    def encode_prepared(self, prepared: Sequence[str]) -> Ragged:
        """Ids of what `prepare` gave, each row framed: [BOS] ... [EOS]."""
        return self.ids_of_prepared(prepared).framed(BOS, EOS)

    def encode(self, texts: Sequence[str]) -> Ragged:
        """Ids of texts as given, each row framed [BOS] ... [EOS]: an empty text has length 2."""
        return self.encode_prepared(self.prepare(texts))

    def sample(self, texts: Sequence[str], seed: int, strength: float) -> Ragged:
        """Like `encode`, with each word cut at random: subword regularisation.

        For many draws over the same texts build a `SegmentationSampler` once; the meaning of
        `strength` is told there.
        """
        from pipeline.text.sampling import SegmentationSampler

        return SegmentationSampler(self, texts, strength=strength, seed=seed).draw(0)

    def pieces(self, text: str) -> list[Piece]:
        """The pieces of one text with their place in it, without [BOS] and [EOS].

        A character outside the vocabulary is the piece `[UNK]`; a piece of a morpheme that does
        not stand in the text as such (했 = 하 + 았) covers all that the morpheme came from; a
        mark that stands for no character (a lone ▁) has an empty span.
        """
        normalized, starts, ends = aligned(text)
        prepared, spans = self._laid_out(normalized)
        found = []
        for match in self.word_pattern.finditer(prepared):
            for piece, first, last in self.segment(match.group()):
                first, last = first + match.start(), last + match.start()
                # An empty span stands where the next character does.
                begin = spans[min(first, len(spans) - 1)][0]
                start = starts[begin]
                end = ends[spans[last - 1][1] - 1] if last > first else start
                found.append(Piece(piece, start, end))
        return found

    def _laid_out(self, normalized: str) -> tuple[str, list[tuple[int, int]]]:
        """The prepared text and, for each of its characters, its span of `normalized`."""
        if self.analyzer is None:
            return normalized, [(i, i + 1) for i in range(len(normalized))]
        prepared: list[str] = []
        spans: list[tuple[int, int]] = []
        for morph, start, end in self.analyzer.spans(normalized):
            if prepared:
                prepared.append(" ")
                spans.append((start, start + 1))
            prepared.append(morph)
            if normalized[start:end] == morph:
                spans += [(i, i + 1) for i in range(start, end)]
            else:
                spans += [(start, end)] * len(morph)
        return "".join(prepared), spans

    def save(self, folder: Path) -> None:
        """Writes all that `load_tokenizer` needs: plain text and JSON, nothing that runs."""
        folder = Path(folder)
        self.vocabulary.save(folder / VOCABULARY_FILE)
        write_json(
            folder / SETTINGS_FILE,
            {"kind": self.kind, "morphemes": self.morphemes, "parameters": self.parameters},
        )

    @classmethod
    def read(cls, folder: Path, morphemes: str | None, parameters: dict) -> Tokenizer:
        """The tokenizer of this kind that lies in `folder`."""
        return cls(Vocabulary.load(folder / VOCABULARY_FILE), morphemes, parameters)


def prepare(
    texts: Sequence[str], analyzer: MorphemeAnalyzer | None = None, workers: int = 1
) -> list[str]:
    """Texts under the text policy; with an analyzer, as morphemes with a space between them.

    With morphemes this is the slow part: keep the result, and learn, encode and sample from it.
    """
    texts = [normalize(text) for text in texts]
    if analyzer is None:
        return texts
    return [" ".join(morphs) for morphs in analyzer.analyze_many(texts, workers)]


def learn_tokenizer(
    kind: str,
    texts: Sequence[str],
    vocabulary_size: int,
    *,
    min_frequency: int = 2,
    morphemes: str | None = None,
    workers: int = 1,
    prepared: bool = False,
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
        prepared: whether `texts` already went through `prepare` with that analyzer.

    Raises:
        UserError: an unknown kind or analyzer, no text at all, or nothing frequent enough.
    """
    cls = _class_of(kind)
    if not prepared:
        texts = prepare(texts, MorphemeAnalyzer(morphemes) if morphemes else None, workers)
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
    # Imported on use: the three kinds import this module, and each brings its own library.
    if kind == "syllable":
        from pipeline.text.syllables import SyllableTokenizer as Found
    elif kind == "wordpiece":
        from pipeline.text.wordpiece import WordPieceTokenizer as Found
    elif kind == "sentencepiece":
        from pipeline.text.unigram import SentencePieceTokenizer as Found
    else:
        raise UserError(f"{kind!r} is no kind of tokenizer", remedy=f"use {', '.join(KINDS)}")
    return Found
