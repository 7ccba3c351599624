"""Every character is a piece; `##` where it continues a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipeline.text.ragged import Ragged
from pipeline.text.tokenizer import Branch, Tokenizer
from pipeline.text.vocabulary import CONTINUES, SPECIALS, UNK, Vocabulary
from pipeline.text.wordpiece import join_pieces


class SyllableTokenizer(Tokenizer):
    """`증권거래소에` -> `증 ##권 ##거 ##래 ##소 ##에`; words (eojeols) end at white space only."""

    kind = "syllable"

    def __init__(
        self, vocabulary: Vocabulary, morphemes: str | None = None, parameters: dict | None = None
    ):
        super().__init__(vocabulary, morphemes, parameters)
        ids = vocabulary.as_dict()
        self._first = {piece: i for piece, i in ids.items() if len(piece) == 1}
        self._later = {
            piece[len(CONTINUES) :]: i
            for piece, i in ids.items()
            if len(piece) == len(CONTINUES) + 1 and piece.startswith(CONTINUES)
        }

    @classmethod
    def learn(
        cls,
        normalized: Sequence[str],
        vocabulary_size: int,
        min_frequency: int,
        morphemes: str | None = None,
    ) -> SyllableTokenizer:
        """Takes the most frequent pieces, ties broken by code point."""
        first: Counter[str] = Counter()
        later: Counter[str] = Counter()
        for text in normalized:
            for word in text.split():
                first[word[0]] += 1
                later.update(word[1:])
        counts = [(-n, c) for c, n in first.items()]
        counts += [(-n, CONTINUES + c) for c, n in later.items()]
        known = [piece for count, piece in sorted(counts) if -count >= min_frequency]
        pieces = [*SPECIALS, *known[: vocabulary_size - len(SPECIALS)]]
        parameters = {"vocabulary_size": vocabulary_size, "min_frequency": min_frequency}
        return cls(Vocabulary(pieces), morphemes, parameters)

    def segment(self, word: str) -> list[tuple[str, int, int]]:
        """One piece for each character."""
        pieces = self.vocabulary.pieces
        return [(pieces[id_], i, i + 1) for i, id_ in enumerate(self._ids_of_word(word))]

    def branches(self, word: str, strength: float) -> list[list[Branch]]:
        """A character falls into nothing smaller: one branch each, whatever the strength."""
        return [[(id_, 1, 1.0)] for id_ in self._ids_of_word(word)]

    def ids_of_normalized(self, normalized: Sequence[str]) -> Ragged:
        """Ids of normalized texts, without [BOS] and [EOS]."""
        return Ragged.from_lists(
            [id_ for word in text.split() for id_ in self._ids_of_word(word)] for text in normalized
        )

    def decode(self, ids: Sequence[int]) -> str:
        """The text, exact but for unknown characters."""
        return join_pieces(self.vocabulary.pieces[i] for i in ids)

    def _ids_of_word(self, word: str) -> list[int]:
        later = self._later.get
        return [self._first.get(word[0], UNK), *(later(c, UNK) for c in word[1:])]
