"""A vocabulary: pieces and their ids."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.errors import UserError
from pipeline.workspace import write_text

SPECIALS = ("[PAD]", "[UNK]", "[BOS]", "[EOS]")
PAD, UNK, BOS, EOS = range(4)
CONTINUES = "##"
"""Prefix of a piece that continues a word."""


class Vocabulary:
    """An ordered, immutable list of distinct pieces; a piece's place is its id.

    Args:
        pieces: all pieces, the four of `SPECIALS` first.

    Raises:
        ValueError: a special piece is not in its place, or a piece is empty, stands twice or
            holds a line feed.
    """

    def __init__(self, pieces: Iterable[str]):
        self.pieces: tuple[str, ...] = tuple(pieces)
        if self.pieces[: len(SPECIALS)] != SPECIALS:
            raise ValueError(f"a vocabulary begins with {' '.join(SPECIALS)}")
        self._ids = {piece: i for i, piece in enumerate(self.pieces)}
        if len(self._ids) != len(self.pieces):
            raise ValueError("a piece stands twice in the vocabulary")
        if "" in self._ids or any("\n" in piece for piece in self.pieces):
            raise ValueError("a piece is empty or holds a line feed")

    def __len__(self) -> int:
        return len(self.pieces)

    def __contains__(self, piece: str) -> bool:
        return piece in self._ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.pieces == other.pieces

    __hash__ = None

    def id(self, piece: str) -> int:
        """The id of one piece; `UNK` if it is unknown."""
        return self._ids.get(piece, UNK)

    def ids(self, pieces: Sequence[str]) -> list[int]:
        """The ids of pieces; `UNK` for unknown ones."""
        return [self._ids.get(piece, UNK) for piece in pieces]

    def as_dict(self) -> dict[str, int]:
        """Piece -> id, a copy."""
        return dict(self._ids)

    @functools.cached_property
    def joining(self) -> tuple[str, ...]:
        """Characters that can both begin and continue a word, ordered by code point.

        Words made of these alone can always be cut into known pieces.
        """
        return tuple(sorted(p for p in self.pieces if len(p) == 1 and CONTINUES + p in self._ids))

    def save(self, path: Path) -> None:
        """Writes one piece a line, UTF-8, LF."""
        write_text(Path(path), "".join(f"{piece}\n" for piece in self.pieces))

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Reads a file of one piece a line.

        Raises:
            UserError: absent, not UTF-8, the special pieces are not the first four lines, or a
                line is empty or stands twice; the line is named.
        """
        remedy = "run the prepare stage again"
        try:
            data = Path(path).read_bytes()
        except FileNotFoundError:
            raise UserError("not found", where=path, remedy="run the prepare stage") from None
        try:
            # "\n" alone ends a line: splitlines() would also cut at U+2028 and others.
            lines = data.decode("utf-8").removesuffix("\n").split("\n")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise UserError("is not UTF-8", where=f"{path}, line {line}", remedy=remedy) from error
        for number, special in enumerate(SPECIALS, start=1):
            if len(lines) < number or lines[number - 1] != special:
                raise UserError(
                    f"this line must be {special}", where=f"{path}, line {number}", remedy=remedy
                )
        seen: dict[str, int] = {}
        for number, piece in enumerate(lines, start=1):
            where = f"{path}, line {number}"
            if not piece:
                raise UserError("an empty piece", where=where, remedy=remedy)
            if piece in seen:
                raise UserError(
                    f"{piece} stands here and on line {seen[piece]}", where=where, remedy=remedy
                )
            seen[piece] = number
        return cls(lines)
