"""WordPiece: learnt pieces, `##` where a piece continues a word, the longest match first.

What is a word is told by the vocabulary itself, so that Python and a graph cannot disagree about
it: a run of *joining* characters, those of which the vocabulary has both `c` and `##c`. Every
other character (punctuation, emoji, ideographs, and all that the vocabulary does not know) stands
alone. So no word ever becomes [UNK] for one strange letter in it: the letter alone does, and no
library's idea of punctuation plays a part.
"""

from __future__ import annotations

import functools
import itertools
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

import tokenizers
from tokenizers import models, pre_tokenizers, trainers

from pipeline.normalize import class_body, ranges_of
from pipeline.text.limits import MAX_PIECE_LENGTH, MAX_WORD_LENGTH, word_parts
from pipeline.text.ragged import Ragged
from pipeline.text.tokenizer import Branch, Tokenizer
from pipeline.text.vocabulary import CONTINUES, SPECIALS, UNK, Vocabulary

# Rust threads do not survive a fork: be quiet and single-threaded there, as the library advises.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
os.register_at_fork(
    after_in_child=lambda: os.environ.__setitem__("TOKENIZERS_PARALLELISM", "false")
)

_CHUNK = 8192
"""Texts encoded at once: an Encoding takes far more memory than its ids."""

_WORDS_KEPT = 1 << 18
"""Words that are remembered while pieces are learnt; most of a text are among so many."""

_CHARACTER_SHARE = 0.75
"""Of the vocabulary, what single characters may fill at most."""

_FIRST_CODE = 0xF0000
"""Start of Supplementary Private Use Area-A and, with B after it, 131,068 code points."""


def standing_alone(joining: Sequence[str]) -> str:
    """A pattern, for `re` and RE2, whose group 1 is one character that is a word by itself."""
    return f"([^ {class_body(ranges_of(joining))}])"


def joins(character: str) -> bool:
    """Whether a character should be able to make words with others: letters, digits, marks.

    Asked once, when pieces are learnt. Ideographs stand alone, as in BERT; variation selectors
    and enclosing marks go with emoji, which stand alone too.
    """
    category = unicodedata.category(character)
    if category[0] == "L":
        return not unicodedata.name(character, "").startswith("CJK ")
    return category[0] == "N" or (
        category in ("Mn", "Mc") and not unicodedata.name(character, "").startswith("VARIATION")
    )


class WordPieceTokenizer(Tokenizer):
    """The default of the classifier; the module describes it."""

    kind = "wordpiece"

    def __init__(
        self, vocabulary: Vocabulary, morphemes: str | None = None, parameters: dict | None = None
    ):
        super().__init__(vocabulary, morphemes, parameters)
        joining = vocabulary.joining
        self._alone = re.compile(standing_alone(joining))
        body = class_body(ranges_of(joining))
        self.word_pattern = re.compile(f"[{body}]+|[^ ]" if body else "[^ ]")
        self._ids = vocabulary.as_dict()
        self._library = tokenizers.Tokenizer(
            models.WordPiece(
                self._ids,
                unk_token=SPECIALS[UNK],
                max_input_chars_per_word=2**31,
                continuing_subword_prefix=CONTINUES,
            )
        )
        self._library.pre_tokenizer = pre_tokenizers.WhitespaceSplit()

    @classmethod
    def learn(
        cls,
        normalized: Sequence[str],
        vocabulary_size: int,
        min_frequency: int,
        morphemes: str | None = None,
    ) -> WordPieceTokenizer:
        """Merges the most frequent pairs (the `tokenizers` library), characters always kept."""
        joining, alone = _known_characters(normalized, vocabulary_size, min_frequency)
        pieces = [*SPECIALS, *alone, *joining, *(CONTINUES + c for c in joining)]
        pieces += _merged(normalized, joining, vocabulary_size - len(pieces), min_frequency)
        parameters = {"vocabulary_size": vocabulary_size, "min_frequency": min_frequency}
        return cls(Vocabulary(pieces), morphemes, parameters)

    def segment(self, word: str) -> list[tuple[str, int, int]]:
        """Pieces of one word, as `Tokenizer.segment` says."""
        if len(word) > MAX_WORD_LENGTH:
            return self._longest_matches(word)
        encoding = self._library.encode(word, add_special_tokens=False)
        spans = zip(encoding.tokens, encoding.offsets, strict=True)
        return [(piece, first, last) for piece, (first, last) in spans]

    def _longest_matches(self, word: str) -> list[tuple[str, int, int]]:
        """What the library does, in time that grows with the length of the word alone."""
        found, first = [], 0
        while first < len(word):
            piece, length = next(self._matches(word, first, CONTINUES if first else ""))
            found.append((piece, first, first + length))
            first += length
        return found

    def _matches(self, word: str, first: int, prefix: str) -> Iterator[tuple[str, int]]:
        """The pieces that may begin at a character of a word, longest first, and their lengths."""
        left = len(word) - first
        for length in self._lengths[prefix + word[first]]:
            if length <= left:
                piece = prefix + word[first : first + length]
                if piece in self._ids:
                    yield piece, length

    @functools.cached_property
    def _lengths(self) -> dict[str, list[int]]:
        """Piece of one character -> how long the pieces are that begin with it, longest first."""
        lengths: dict[str, set[int]] = {}
        for piece in self.vocabulary.pieces:
            marks = len(CONTINUES) if _continues(piece) else 0
            lengths.setdefault(piece[: marks + 1], set()).add(len(piece) - marks)
        return {start: sorted(found, reverse=True) for start, found in lengths.items()}

    def words(self, normalized: str) -> list[str]:
        """Words; of one that is longer than `MAX_WORD_LENGTH` its parts, `##` before all but the
        first."""
        matches: list[str] = self.word_pattern.findall(normalized)
        if len(normalized) <= MAX_WORD_LENGTH:
            return matches
        found = []
        for word in matches:
            first, *others = word_parts(word)
            found += [first, *(CONTINUES + part for part in others)]
        return found

    def branches(self, word: str, strength: float) -> list[list[Branch]]:
        """MaxMatch-Dropout (Hiraoka 2022): a match is refused with probability `strength`.

        Matches are offered longest first; a single character is never refused.
        """
        ids = self._ids
        if len(word) == 1:
            return [[(ids.get(word, UNK), 1, 1.0)]]
        begins = "" if not _continues(word) else CONTINUES
        word = word.removeprefix(begins)
        found = []
        for first in range(len(word)):
            left, here = 1.0, []
            for piece, length in self._matches(word, first, CONTINUES if first else begins):
                refused = strength if length > 1 else 0.0
                here.append((ids[piece], length, left * (1.0 - refused)))
                left *= refused
            found.append(here)
        return found

    def ids_of_normalized(self, normalized: Sequence[str]) -> Ragged:
        """Ids of normalized texts, without [BOS] and [EOS]."""
        parts = []
        for at in range(0, len(normalized), _CHUNK):
            spaced = [self._alone.sub(r" \1 ", text) for text in normalized[at : at + _CHUNK]]
            long = {i: text for i, text in enumerate(spaced) if _has_long_word(text)}
            encodings = self._library.encode_batch_fast(
                ["" if i in long else text for i, text in enumerate(spaced)] if long else spaced,
                add_special_tokens=False,
            )
            rows = [encoding.ids for encoding in encodings]
            for i, text in long.items():
                pieces = [piece for word in text.split() for piece, _, _ in self.segment(word)]
                rows[i] = self.vocabulary.ids(pieces)
            parts.append(Ragged.from_lists(rows))
        return Ragged.concatenate(parts)

    def decode(self, ids: Sequence[int]) -> str:
        """Joins pieces to words, with one space between words and around characters that are words
        by themselves."""
        return join_pieces(self.vocabulary.pieces[i] for i in ids)


def join_pieces(pieces: Iterator[str]) -> str:
    """Joins pieces with `##` marks to a text; [PAD], [BOS] and [EOS] are left out."""
    hidden = {special for i, special in enumerate(SPECIALS) if i != UNK}
    text = "".join(
        piece[len(CONTINUES) :] if _continues(piece) else f" {piece}"
        for piece in pieces
        if piece not in hidden
    )
    return text.removeprefix(" ")


def _has_long_word(text: str) -> bool:
    return len(text) > MAX_WORD_LENGTH and any(map(_is_long, text.split()))


def _is_long(word: str) -> bool:
    return len(word) > MAX_WORD_LENGTH


def _continues(piece: str) -> bool:
    return len(piece) > len(CONTINUES) and piece.startswith(CONTINUES)


def _known_characters(
    normalized: Sequence[str], vocabulary_size: int, min_frequency: int
) -> tuple[list[str], list[str]]:
    """The characters that will be pieces, most frequent first: joining ones, those that are not."""
    counts: Counter[str] = Counter()
    for text in normalized:
        counts.update(text)
    del counts[" "]
    joining, alone = [], []
    room = int(vocabulary_size * _CHARACTER_SHARE) - len(SPECIALS)
    # Ties are broken by code point, so that the same corpus always gives the same alphabet.
    for character, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if count < min_frequency:
            break
        group, cost = (joining, 2) if joins(character) else (alone, 1)
        if cost > room:
            break
        group.append(character)
        room -= cost
    return joining, alone


def _merged(
    normalized: Sequence[str], joining: list[str], wanted: int, min_frequency: int
) -> list[str]:
    """Pieces of several characters, in the order in which they were merged.

    The library's WordPieceTrainer numbers the `##` characters in the order of a hash table and
    breaks ties by number, so that two runs differ. Its BPE trainer is exact if every symbol is a
    character of its own: here `c` and `##c` become two private-use characters.
    """
    if wanted <= 0 or not joining:
        return []
    first = {c: chr(_FIRST_CODE + 2 * i) for i, c in enumerate(joining)}
    later = str.maketrans({c: chr(_FIRST_CODE + 2 * i + 1) for i, c in enumerate(joining)})
    back = {chr(_FIRST_CODE + 2 * i + k): c for i, c in enumerate(joining) for k in (0, 1)}
    find_words = re.compile(f"[{class_body(ranges_of(joining))}]+").findall

    @functools.lru_cache(_WORDS_KEPT)
    def code(word: str) -> str:
        return " ".join(word_parts(first[word[0]] + word[1:].translate(later)))

    def lines() -> Iterator[str]:
        return (" ".join(map(code, find_words(text))) for text in normalized)

    used = set(itertools.chain.from_iterable(lines())) - {" "}
    library = tokenizers.Tokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(
        vocab_size=len(used) + wanted,
        min_frequency=min_frequency,
        max_token_length=MAX_PIECE_LENGTH + 1,  # of the library: what is shorter than that
        show_progress=False,
    )
    library.train_from_iterator(lines(), trainer)
    symbols = library.get_vocab()
    merged = []
    for symbol in sorted(symbols, key=symbols.get):
        if len(symbol) > 1:
            begins = (ord(symbol[0]) - _FIRST_CODE) % 2 == 0
            merged.append(("" if begins else CONTINUES) + "".join(back[c] for c in symbol))
    return merged[:wanted]
