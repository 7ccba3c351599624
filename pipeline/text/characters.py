"""Alphabets of characters: by syllable, or by jamo."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from pipeline.errors import UserError
from pipeline.normalize import normalize
from pipeline.text.ragged import Ragged
from pipeline.text.tokenizer import SETTINGS_FILE, VOCABULARY_FILE
from pipeline.text.vocabulary import BOS, EOS, SPECIALS, UNK, Vocabulary
from pipeline.workspace import read_json, write_json

Alphabet = Literal["syllable", "jamo"]

KIND = "character"
LINE_FEED = "[LF]"
"""How vocab.txt, which has a piece a line, writes the line feed."""

_SYLLABLES = re.compile("[\uac00-\ud7a3]+")


def normalize_lines(text: str) -> str:
    """The text policy for text in lines: `normalize` of each, joined by line feeds.

    So all white space but the line feed becomes single spaces, none at either end of a line.
    """
    return "\n".join(map(normalize, text.split("\n")))


def to_jamo(text: str) -> str:
    """Splits every Hangul syllable into two or three conjoining jamo; everything else stays.

    What it gives is canonically equivalent to `text`, so `to_text` gives back any text in NFC,
    whatever stands in it: old Hangul, lone jamo beside syllables, letters with accents.
    """
    return _SYLLABLES.sub(lambda match: unicodedata.normalize("NFD", match[0]), text)


def to_text(units: str) -> str:
    """Joins units of either alphabet to a text in NFC."""
    return unicodedata.normalize("NFC", units)


class Characters:
    """An alphabet: text <-> ids, one for each character, or for each jamo of a syllable.

    Attributes:
        alphabet: "syllable": a unit is a character of the normalised text, whatever its script.
            "jamo": Hangul syllables fall into conjoining jamo (an initial and the same letter as a
            final are two units); all else is as with "syllable".
        vocabulary: the units, [LF] for the line feed.
    """

    def __init__(self, vocabulary: Vocabulary, alphabet: Alphabet):
        if alphabet not in ("syllable", "jamo"):
            raise UserError(f"{alphabet!r} is no alphabet", remedy="use syllable, jamo")
        self.vocabulary, self.alphabet = vocabulary, alphabet
        self._ids = vocabulary.as_dict()
        for special in SPECIALS:
            del self._ids[special]
        if LINE_FEED in self._ids:
            self._ids["\n"] = self._ids.pop(LINE_FEED)
        long = [unit for unit in self._ids if len(unit) != 1]
        if long:
            raise UserError(
                f"{long[0]!r} is no single character",
                where=VOCABULARY_FILE,
                remedy="run the prepare stage again",
            )
        self._said = [""] * len(SPECIALS) + [""] * len(self._ids)
        for unit, id_ in self._ids.items():
            self._said[id_] = unit
        self._said[UNK] = SPECIALS[UNK]

    @classmethod
    def learn(cls, texts: Iterable[str], alphabet: Alphabet, min_frequency: int = 1) -> Characters:
        """Learns the units of texts as given, which should be the training split alone.

        The most frequent first, ties by code point.

        Args:
            min_frequency: how often a unit must occur to be known.

        Raises:
            UserError: an unknown alphabet, or no unit so frequent.
        """
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(_units(normalize_lines(text), alphabet))
        known = sorted((-count, unit) for unit, count in counts.items() if count >= min_frequency)
        if not known:
            raise UserError(
                f"nothing occurs {min_frequency:,} times in the training split",
                remedy="lower --min-frequency",
            )
        units = (LINE_FEED if unit == "\n" else unit for _, unit in known)
        return cls(Vocabulary([*SPECIALS, *units]), alphabet)

    @property
    def units(self) -> dict[str, int]:
        """Unit -> id, the line feed as itself; the four special ones are not among them."""
        return dict(self._ids)

    @property
    def most_units(self) -> int:
        """The maximum number of units of one character."""
        return 3 if self.alphabet == "jamo" else 1

    def encode(self, text: str) -> np.ndarray:
        """Encodes one text as given, without [BOS] and [EOS]: int32 [units]."""
        units = _units(normalize_lines(text), self.alphabet)
        ids = map(self._ids.get, units, itertools.repeat(UNK))
        return np.fromiter(ids, np.int32, len(units))

    def encode_documents(self, texts: Sequence[str], ends: Sequence[bool]) -> Ragged:
        """Encodes texts, one row each: [BOS], its units, and [EOS] where it ends.

        Args:
            texts: as given.
            ends: whether the end of each is the end of its document. Where it is not, nothing
                closes the row: that the text ends there is nothing to be learnt.
        """
        rows = []
        for text, end in zip(texts, ends, strict=True):
            closing = [EOS] if end else []
            rows.append(np.concatenate([[BOS], self.encode(text), closing]).astype(np.int32))
        lengths = np.array([len(row) for row in rows], np.int64)
        return Ragged.from_lengths(np.concatenate(rows or [np.zeros(0, np.int32)]), lengths)

    def decode(self, ids: Iterable[int]) -> str:
        """Decodes to text in NFC: exact for known units, "[UNK]" for others.

        [EOS] becomes a line feed, as the document that follows would begin on a new line; [PAD]
        and [BOS] vanish.
        """
        said = self._said
        return to_text("".join("\n" if id_ == EOS else said[id_] for id_ in ids))

    def save(self, folder: Path) -> None:
        """Writes everything that `load` needs: plain text and JSON."""
        self.vocabulary.save(Path(folder) / VOCABULARY_FILE)
        write_json(Path(folder) / SETTINGS_FILE, {"kind": KIND, "alphabet": self.alphabet})

    @classmethod
    def load(cls, folder: Path) -> Characters:
        """What `save` wrote into `folder`.

        Raises:
            UserError: a file is absent or damaged.
        """
        path = Path(folder) / SETTINGS_FILE
        settings = read_json(path)
        if settings.get("kind") != KIND or "alphabet" not in settings:
            raise UserError(
                "does not describe an alphabet", where=path, remedy="run the prepare stage again"
            )
        return cls(Vocabulary.load(Path(folder) / VOCABULARY_FILE), settings["alphabet"])


def lengths_of(texts: Sequence[str], ends: Sequence[bool]) -> tuple[int, int]:
    """The number of characters of texts, and of their bytes in UTF-8, for any alphabet.

    Of the text under the policy; the end of a document counts as one of each, which is what a line
    feed is in a file.
    """
    normalized = [normalize_lines(text) for text in texts]
    ended = sum(map(bool, ends))
    characters = sum(map(len, normalized))
    return characters + ended, sum(len(text.encode("utf-8")) for text in normalized) + ended


def _units(normalized: str, alphabet: str) -> str:
    return to_jamo(normalized) if alphabet == "jamo" else normalized
