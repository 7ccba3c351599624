"""The unigram language model of SentencePiece; its pieces carry ▁ where a word begins.

Equally likely segmentations are common (`.....` is `...` `..` or `..` `...`), and which of them
wins is up to the version of the library: 0.2.1 decides as the one inside tensorflow-text does,
0.2.3 does not. A test holds Python and graph equal on such text.
"""

from __future__ import annotations

import functools
import io
import math
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipeline.errors import UserError
from pipeline.normalize import class_body, ranges_of
from pipeline.text.limits import word_parts
from pipeline.text.ragged import Ragged
from pipeline.text.tokenizer import VOCABULARY_FILE, Branch, Tokenizer
from pipeline.text.vocabulary import BOS, EOS, PAD, SPECIALS, UNK, Vocabulary
from pipeline.workspace import atomic_file

with warnings.catch_warnings():
    # Its bindings (SWIG) trip over a deprecation of Python's, and crash later if that is an error.
    warnings.simplefilter("ignore", DeprecationWarning)
    import sentencepiece

MODEL_FILE = "sentencepiece.model"
WORD_MARK = "\u2581"
STAND_IN = "_"
"""Takes the place of a ▁ in a text, which SentencePiece could not tell from its own mark."""

_RESERVED = "\u2585"
"""A text with this in it the library leaves out of learning without a word (kUNKChar)."""

_LINE_BYTES = 4192
"""A longer text is learnt from in several lines (this is what the library takes by itself): its
time grows with the square of a line that repeats itself."""

_MAX_RANGES = 4096
"""Ranges in a pattern: RE2, the library of regular expressions in a graph, has memory for about
twice as many."""

_UNKNOWN_PENALTY = 10.0
"""What an unknown character scores below the worst piece (kUnkPenalty in unigram_model.cc)."""

_THREADS = 2
"""Fixed, as sums over threads depend on their number: the same model on every machine."""


class SentencePieceTokenizer(Tokenizer):
    """The translator's; its own sampling is the reason to use it (Kudo 2018)."""

    kind = "sentencepiece"
    word_pattern = re.compile(".+", re.DOTALL)  # the library wants the whole text at once

    def __init__(self, model: bytes, morphemes: str | None = None, parameters: dict | None = None):
        self.model = model
        self._library = sentencepiece.SentencePieceProcessor(model_proto=model)
        size = self._library.get_piece_size()
        pieces = [self._library.id_to_piece(i) for i in range(size)]
        super().__init__(Vocabulary(pieces), morphemes, parameters)
        self.unknown_run = unknown_run(pieces[len(SPECIALS) :])
        self._unknown_run = re.compile(self.unknown_run)

    @classmethod
    def learn(
        cls,
        normalized: Sequence[str],
        vocabulary_size: int,
        min_frequency: int,
        morphemes: str | None = None,
    ) -> SentencePieceTokenizer:
        """Trains the library's unigram model on text that only our policy normalized."""
        model = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=(line for text in normalized for line in _learnable_lines(text)),
                model_writer=model,
                model_type="unigram",
                vocab_size=vocabulary_size,
                hard_vocab_limit=False,
                normalization_rule_name="identity",
                character_coverage=0.9998,
                max_sentence_length=1 << 20,
                num_threads=_THREADS,
                minloglevel=2,
                **{
                    f"{name}_{key}": value
                    for name, id_ in (("pad", PAD), ("unk", UNK), ("bos", BOS), ("eos", EOS))
                    for key, value in (("id", id_), ("piece", SPECIALS[id_]))
                },
            )
        except (RuntimeError, OSError) as error:
            raise UserError(
                f"SentencePiece cannot learn {vocabulary_size} pieces from this text ({error})",
                remedy="use another vocabulary size or kind of tokenizer",
            ) from error
        return cls(model.getvalue(), morphemes, {"vocabulary_size": vocabulary_size})

    def segment(self, word: str) -> list[tuple[str, int, int]]:
        """Pieces of a whole normalized text; a piece's span leaves out the space before it."""
        word = without_marks(word)
        places: list[int] = []  # in `word`, of each character that the library is given
        done = 0
        for run in self._unknown_run.finditer(word):
            places += range(done, run.start() + 1)
            done = run.end()
        places += range(done, len(word) + 1)
        found = []
        for piece in self._library.encode(self._short(word), out_type="immutable_proto").pieces:
            first, last = places[piece.begin], places[piece.end]
            if last > first and word[first] == " ":
                first += 1
            known = SPECIALS[UNK] if piece.id == UNK else piece.piece
            found.append((known, first, last))
        return found

    def words(self, normalized: str) -> list[str]:
        """Words with their mark. No piece crosses a space, so each can be cut by itself; a word
        longer than `MAX_WORD_LENGTH` is in parts, of which the first alone has the mark."""
        words = without_marks(normalized).split()
        return [part for word in words for part in word_parts(WORD_MARK + word)]

    def branches(self, word: str, strength: float) -> list[list[Branch]]:
        """The library's sampling, exactly: P(segmentation) ~ product of P(piece) ** strength.

        Computed once for each word instead of drawn from the library, whose generator cannot be
        set anew in a thread that has used it. Backward sums in the log domain; then a piece from
        i to j has probability exp(strength * score + beta[j] - beta[i]).
        """
        scores, longest, worst = self._scores
        size = len(word)
        beta = [0.0] * (size + 1)
        found: list[list[Branch]] = [[] for _ in range(size)]
        for first in range(size - 1, -1, -1):
            ways = []
            for last in range(first + 1, min(size, first + longest) + 1):
                known = scores.get(word[first:last])
                if known is None and last == first + 1:
                    known = (UNK, worst - _UNKNOWN_PENALTY)
                if known is not None:
                    ways.append((known[0], last - first, strength * known[1] + beta[last]))
            most = max(way[2] for way in ways)
            beta[first] = most + math.log(sum(math.exp(way[2] - most) for way in ways))
            found[first] = [(id_, n, math.exp(log - beta[first])) for id_, n, log in ways]
        return found

    def ids_of_normalized(self, normalized: Sequence[str]) -> Ragged:
        """Ids of normalized texts, without [BOS] and [EOS]."""
        return Ragged.from_lists(self._library.encode([self._short(text) for text in normalized]))

    def _short(self, text: str) -> str:
        """What the library is given for a text: without marks, one character for each run of
        unknown ones. It would make one [UNK] of them, in time that grows with the square."""
        return self._unknown_run.sub(r"\1", without_marks(text))

    def decode(self, ids: Sequence[int]) -> str:
        """The text, exact but for unknown characters."""
        hidden = {PAD, BOS, EOS}
        pieces = [self.vocabulary.pieces[i] for i in ids if i not in hidden]
        return "".join(pieces).replace(WORD_MARK, " ").removeprefix(" ")

    def save(self, folder: Path) -> None:
        """Writes the model beside what every tokenizer writes."""
        with atomic_file(Path(folder) / MODEL_FILE) as temporary:
            temporary.write_bytes(self.model)
        super().save(folder)

    @classmethod
    def read(cls, folder: Path, morphemes: str | None, parameters: dict) -> SentencePieceTokenizer:
        """The tokenizer in `folder`; vocab.txt must be what the model says.

        Raises:
            UserError: a file is absent, damaged, or not of the same tokenizer as the others.
        """
        path = folder / MODEL_FILE
        remedy = "run the prepare stage again"
        try:
            tokenizer = cls(path.read_bytes(), morphemes, parameters)
        except FileNotFoundError:
            raise UserError("not found", where=path, remedy=remedy) from None
        except (RuntimeError, ValueError, OSError) as error:
            raise UserError("is no SentencePiece model", where=path, remedy=remedy) from error
        if Vocabulary.load(folder / VOCABULARY_FILE) != tokenizer.vocabulary:
            raise UserError(
                f"{VOCABULARY_FILE} beside it has other pieces", where=path, remedy=remedy
            )
        return tokenizer

    @functools.cached_property
    def _scores(self) -> tuple[dict[str, tuple[int, float]], int, float]:
        """Piece -> (id, log probability), the longest piece, the worst score."""
        scores = {
            piece: (i, self._library.get_score(i))
            for i, piece in enumerate(self.vocabulary.pieces)
            if i >= len(SPECIALS)
        }
        return scores, max(map(len, scores)), min(score for _, score in scores.values())


def unknown_run(pieces: Iterable[str]) -> str:
    """A pattern, for `re` and RE2, for characters side by side that no piece has.

    Group 1 is the first of them. The pieces hold every character they are made of by itself. Of
    an alphabet in very many ranges of code points the smallest gaps count as known.
    """
    ranges = ranges_of(character for piece in pieces for character in piece)
    by_gap = sorted(range(1, len(ranges)), key=lambda i: ranges[i - 1][1] - ranges[i][0])
    starts = [0, *sorted(by_gap[: _MAX_RANGES - 1])]
    bounds = zip(starts, [*starts[1:], len(ranges)], strict=True)
    known = class_body((ranges[first][0], ranges[end - 1][1]) for first, end in bounds)
    return f"([^ {known}])[^ {known}]+"


def _learnable_lines(text: str) -> Iterator[str]:
    """A text as the library can learn from it: as it is, but for what would be left out.

    No piece crosses a space, so lines may end at any. A word longer than `MAX_WORD_LENGTH` falls
    apart into several, as the library's time and memory need.
    """
    text = without_marks(text).replace(_RESERVED, STAND_IN)
    line: list[str] = []
    room = _LINE_BYTES
    for word in text.split():
        for part in word_parts(word):
            size = len(part.encode("utf-8")) + 1
            if size > room:
                yield " ".join(line)
                line, room = [], _LINE_BYTES
            line.append(part)
            room -= size
    if line:
        yield " ".join(line)


def without_marks(text: str) -> str:
    """The text with a look-alike for every ▁ in it."""
    return text.replace(WORD_MARK, STAND_IN)
