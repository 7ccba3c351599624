"""The maximum length of a text for an exported model, stored beside its graph."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import UserError
from pipeline.text.tokenizer import Tokenizer
from pipeline.text.tokenizers import load_tokenizer
from pipeline.workspace import read_json, write_json

_FILE = "limits.json"
_ASSETS = "assets.extra"


@dataclasses.dataclass(frozen=True)
class ReadingLimit:
    """The maximum number of pieces of a text that an exported model reads.

    Attributes:
        tokenizer: of the texts that the model takes.
        max_length: [BOS] and [EOS] counted.
    """

    tokenizer: Tokenizer
    max_length: int

    @property
    def pieces(self) -> int:
        """The number of pieces that are read, without [BOS] and [EOS]."""
        return self.max_length - 2

    def longer(self, texts: Sequence[str]) -> int:
        """The number of texts that have more pieces."""
        doubtful = [text for text in texts if not self._surely_reads(text)]
        return int((self.tokenizer.encode(doubtful).lengths > self.max_length).sum())

    def _surely_reads(self, text: str) -> bool:
        """Whether a text is certainly read as a whole, judged without tokenizing it.

        A piece has a character at least, but for one ▁ of SentencePiece. Of NFC the text policy
        makes nothing longer; a morpheme analyser may.
        """
        short = self.tokenizer.morphemes is None and len(text) < self.pieces
        return short and unicodedata.is_normalized("NFC", text)


def write_reading_limit(assets: Path, max_length: int) -> None:
    """Writes the limit into `assets`, the folder beside the graph that also has the tokenizer."""
    write_json(assets / _FILE, {"max_length": max_length})


def load_reading_limit(folder: Path) -> ReadingLimit | None:
    """Reads the limit of the SavedModel in `folder`; None if there is none.

    Raises:
        UserError: a file is damaged.
    """
    assets = folder / _ASSETS
    path = assets / _FILE
    if not path.exists():
        return None
    try:
        limits = read_json(path)
        # What models exported before version 0.1 call it is the older name.
        max_length = int(limits["max_length"] if "max_length" in limits else limits["most_pieces"])
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"does not tell how much is read ({error})", where=path, remedy="export it again"
        ) from error
    return ReadingLimit(load_tokenizer(assets), max_length)
