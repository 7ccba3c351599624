"""Scores of a language model on a text, in nats and bits, per character and per byte."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import UNK

CODE_POINTS = 0x110000 - 0x800
"""Characters that Unicode has room for (surrogates are none)."""


@dataclasses.dataclass(frozen=True)
class CharacterScores:
    """The log loss of a text. All values but `loss` are per character or byte of the plain text, so
    that models with different alphabets can be compared.

    A model that knows fewer characters gains nothing by it: an unknown unit costs what [UNK] costs
    and, beyond that, ln(1,112,064), which names it among all that Unicode has. With this the
    bits are those of a code in which any text can be written and read again.

    Attributes:
        loss: nats a unit as the model was trained to foretell them, [UNK] as if it were one unit:
            what is usually called validation loss.
        nats_per_character, bits_per_character: of the text in NFC.
        bits_per_byte: of the text in NFC and UTF-8.
        units, characters, bytes: how much was foretold; an end of a document is one of each.
        unknown: share of units that the vocabulary does not have.
    """

    loss: float
    nats_per_character: float
    bits_per_character: float
    bits_per_byte: float
    units: int
    characters: int
    bytes: int
    unknown: float

    def to_json(self) -> dict:
        return dataclasses.asdict(self)


def score_characters(
    nats: np.ndarray, rows: Ragged, characters: int, byte_count: int
) -> CharacterScores:
    """Computes the scores of some documents.

    Args:
        nats: float [ids], what each id of `rows` cost (`pipeline.models.unit_losses`), 0 at [BOS].
        rows: the documents, each opened by [BOS].
        characters, byte_count: how long their texts are (`pipeline.text.characters.lengths_of`).

    Raises:
        ValueError: there is nothing to score.
    """
    units = len(rows.ids) - len(rows)
    if not units:
        raise ValueError("there is no unit to score")
    unknown = int(np.count_nonzero(rows.ids == UNK))
    foretold = float(np.sum(nats, dtype=np.float64))
    total = foretold + unknown * math.log(CODE_POINTS)
    return CharacterScores(
        loss=foretold / units,
        nats_per_character=total / characters,
        bits_per_character=total / characters / math.log(2),
        bits_per_byte=total / byte_count / math.log(2),
        units=units,
        characters=characters,
        bytes=byte_count,
        unknown=unknown / units,
    )
