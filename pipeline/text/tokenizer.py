"""The interface of all tokenizers."""

from __future__ import annotations

import abc
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from pipeline.normalize import aligned, normalize
from pipeline.text.morphemes import MorphemeAnalyzer
from pipeline.text.piece import Piece
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS, Vocabulary
from pipeline.workspace import write_json

SETTINGS_FILE = "tokenizer.json"
VOCABULARY_FILE = "vocab.txt"

Branch = tuple[int, int, float]
"""One way on from a character of a word: piece id, characters covered, probability."""


class Tokenizer(abc.ABC):
    """A tokenizer: raw text -> pieces -> ids.

    The way is the same for all kinds: the text policy, then (if asked for) morphemes in the place
    of words, then words, and each word by itself into pieces. A kind says what a word is and how
    it falls into pieces.

    Attributes:
        kind: what it is called in settings and in tokenizer.json.
        vocabulary: pieces and ids.
        morphemes: name of the KoNLPy analyzer that cuts the text first, or None.
        parameters: what it was learnt with, for the record; JSON-able.
        word_pattern: matches each stretch of a normalized text that `segment` takes.
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
        """Whether the tokenizer can run in a TensorFlow graph (an analyser in Java cannot)."""
        return self.morphemes is None

    @classmethod
    @abc.abstractmethod
    def learn(
        cls,
        normalized: Sequence[str],
        vocabulary_size: int,
        min_frequency: int,
        morphemes: str | None,
    ) -> Tokenizer:
        """Learns from texts of `normalize_texts`; `pipeline.text.tokenizers.learn_tokenizer`
        describes the arguments."""

    @abc.abstractmethod
    def segment(self, word: str) -> list[tuple[str, int, int]]:
        """The pieces of one match of `word_pattern`: piece, first character, character after it."""

    @abc.abstractmethod
    def branches(self, word: str, strength: float) -> list[list[Branch]]:
        """For each character of one of `words`, the pieces that may start there.

        Following branches from character to character, each drawn with its probability, until
        the word ends gives a random segmentation; the probabilities of a character add up to 1.
        """

    @abc.abstractmethod
    def ids_of_normalized(self, normalized: Sequence[str]) -> Ragged:
        """The ids of texts of `normalize_texts`, without [BOS] and [EOS]."""

    @abc.abstractmethod
    def decode(self, ids: Sequence[int]) -> str:
        """Decodes ids to text; special pieces but [UNK] are left out.

        Exact up to what the pieces do not tell: characters outside the vocabulary and, where a
        kind cuts without leaving a mark (punctuation, morphemes), that there was no space.
        """

    def words(self, normalized: str) -> list[str]:
        """The arguments for `branches`, in the order of the text."""
        return self.word_pattern.findall(normalized)

    def normalize(self, texts: Sequence[str], workers: int = 1) -> list[str]:
        """`normalize_texts` with this tokenizer's analyzer."""
        return normalize_texts(texts, self.analyzer, workers)

    def encode_normalized(self, normalized: Sequence[str]) -> Ragged:
        """The ids of normalised texts, each row framed: [BOS] ... [EOS]."""
        return self.ids_of_normalized(normalized).framed(BOS, EOS)

    def encode(self, texts: Sequence[str]) -> Ragged:
        """The ids of texts as given, each row framed [BOS] ... [EOS]; an empty text has length
        2."""
        return self.encode_normalized(self.normalize(texts))

    def pieces(self, text: str) -> list[Piece]:
        """The pieces of one text with their offsets, without [BOS] and [EOS].

        A character outside the vocabulary is the piece `[UNK]`; a piece of a morpheme that does
        not stand in the text as such (했 = 하 + 았) covers all that the morpheme came from; a
        mark that stands for no character (a lone ▁) has an empty span.
        """
        plain, starts, ends = aligned(text)
        normalized, spans = self._laid_out(plain)
        found = []
        for match in self.word_pattern.finditer(normalized):
            for piece, first, last in self.segment(match.group()):
                first, last = first + match.start(), last + match.start()
                # An empty span stands where the next character does.
                begin = spans[min(first, len(spans) - 1)][0]
                start = starts[begin]
                end = ends[spans[last - 1][1] - 1] if last > first else start
                found.append(Piece(piece, start, end))
        return found

    def _laid_out(self, plain: str) -> tuple[str, list[tuple[int, int]]]:
        """A text that is under the text policy, with its morphemes apart if it is cut into these;
        and for each character of that, its span of `plain`."""
        if self.analyzer is None:
            return plain, [(i, i + 1) for i in range(len(plain))]
        normalized: list[str] = []
        spans: list[tuple[int, int]] = []
        for morph, start, end in self.analyzer.spans(plain):
            if normalized:
                normalized.append(" ")
                spans.append((start, start + 1))
            normalized.append(morph)
            if plain[start:end] == morph:
                spans += [(i, i + 1) for i in range(start, end)]
            else:
                spans += [(start, end)] * len(morph)
        return "".join(normalized), spans

    def save(self, folder: Path) -> None:
        """Writes everything that `pipeline.text.tokenizers.load_tokenizer` needs: plain text and
        JSON, nothing executable."""
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


def normalize_texts(
    texts: Sequence[str], analyzer: MorphemeAnalyzer | None = None, workers: int = 1
) -> list[str]:
    """Texts under the text policy; with an analyser, as morphemes separated by spaces.

    With morphemes this is the slow part: keep the result, and learn, encode and sample from it.
    """
    return list(normalized_lines([normalize(text) for text in texts], analyzer, workers))


def normalized_lines(
    plain: Iterable[str], analyzer: MorphemeAnalyzer | None, workers: int = 1
) -> Iterator[str]:
    """`normalize_texts` of any number of texts, one after the other.

    Args:
        plain: texts that are under the text policy.
    """
    if analyzer is None:
        return iter(plain)
    return map(" ".join, analyzer.analyze_many(plain, workers))
