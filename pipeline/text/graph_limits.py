"""Checks before training that a vocabulary can be exported in a TensorFlow graph."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import UserError
from pipeline.text.limits import MAX_PIECE_BYTES, MAX_PIECES
from pipeline.text.tokenizer import SETTINGS_FILE, VOCABULARY_FILE
from pipeline.text.vocabulary import CONTINUES, SPECIALS, Vocabulary
from pipeline.workspace import read_json


def check_prepared(folder: Path) -> None:
    """Refuses prepared data whose vocabularies could not be exported.

    Args:
        folder: what the prepare stage wrote; without a vocabulary nothing is refused.

    Raises:
        UserError: a piece or a vocabulary is beyond what a graph can hold; file and line.
    """
    for settings_path in sorted(folder.rglob(SETTINGS_FILE)):
        settings = read_json(settings_path)
        if settings.get("morphemes") is None:  # otherwise the exported model takes ids
            path = settings_path.parent / VOCABULARY_FILE
            check_vocabulary(str(settings.get("kind")), Vocabulary.load(path), path)


def check_vocabulary(kind: str, vocabulary: Vocabulary, where: object) -> None:
    """Refuses a vocabulary that is too large for the graph of its tokenizer.

    That no piece is empty or stands twice is a promise of `Vocabulary` itself.

    Raises:
        UserError: there are too many pieces, or one is too long; `where` and its line.
    """
    remedy = "run the prepare stage again"
    if len(vocabulary) > MAX_PIECES:
        raise UserError(
            f"{len(vocabulary):,} pieces are more than the {MAX_PIECES:,} that an exported model "
            "can hold",
            where=where,
            remedy="lower --vocabulary-size",
        )
    for line, piece in enumerate(vocabulary.pieces[len(SPECIALS) :], len(SPECIALS) + 1):
        fault = _fault(kind, piece)
        if fault is not None:
            where = f"{where}, line {line}"
            raise UserError(f"{_short(piece)} {fault}", where=where, remedy=remedy)


def _fault(kind: str, piece: str) -> str | None:
    body = piece.removeprefix(CONTINUES)
    size = len(body.encode("utf-8"))
    if size > MAX_PIECE_BYTES:
        return f"has {size:,} bytes, and an exported model holds pieces of {MAX_PIECE_BYTES}"
    if "\0" in piece:
        return "holds a null character, which no exported model can"
    if kind == "syllable" and len(body) != 1:
        return "is no single character"
    return None


def _short(piece: str) -> str:
    return repr(piece if len(piece) <= 20 else f"{piece[:20]}…")
