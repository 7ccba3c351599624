"""Entities as one tag a piece: `증/B-OG ##권/I-OG … ##에/O`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.corpora.annotated.entities import Entity
from pipeline.text.ragged import Ragged

if TYPE_CHECKING:
    from pipeline.text.tokenizer import Tokenizer

OUTSIDE = 0


@dataclasses.dataclass(frozen=True)
class TagSet:
    """The tags of some labels, and which may follow which (IOB2, Ramshaw and Marcus 1995).

    Tag 0 is `O`; label number i has the tags 2i + 1 (`B-`, its first piece) and 2i + 2 (`I-`,
    the pieces after it).

    Attributes:
        labels: kinds of entities, in a fixed order.
    """

    labels: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return ["O", *(f"{edge}-{label}" for label in self.labels for edge in "BI")]

    def __len__(self) -> int:
        return 1 + 2 * len(self.labels)

    @property
    def legal(self) -> np.ndarray:
        """bool [tags, tags]: whether the second may follow the first: `I-X` only `B-X`, `I-X`."""
        tag = np.arange(len(self))
        inside = (tag > 0) & (tag % 2 == 0)
        same = (tag[:, None] - 1) // 2 == (tag[None, :] - 1) // 2
        return ~inside[None, :] | (same & (tag[:, None] > 0))

    @property
    def legal_first(self) -> np.ndarray:
        """bool [tags]: whether a sentence may begin with it: with any but `I-`."""
        return self.legal[OUTSIDE]

    def tags_of(
        self, starts: Sequence[int], ends: Sequence[int], entities: Sequence[Entity]
    ) -> list[int]:
        """The tag of each piece.

        A piece belongs to an entity if its first character does.

        Args:
            starts, ends: characters of each piece, ascending.
            entities: with labels of this set, ascending, none overlapping another.
        """
        number = {label: i for i, label in enumerate(self.labels)}
        tags = [OUTSIDE] * len(starts)
        piece = 0
        for start, end, label in entities:
            while piece < len(starts) and starts[piece] < start:
                piece += 1
            tag = 2 * number[label] + 1
            while piece < len(starts) and starts[piece] < end:
                tags[piece] = tag
                tag = 2 * number[label] + 2
                piece += 1
        return tags

    def entities_of(
        self, tags: Sequence[int], starts: Sequence[int], ends: Sequence[int]
    ) -> list[Entity]:
        """What `tags_of` was made from: legal tags of some pieces -> entities, ascending.

        Raises:
            ValueError: there is not one tag, start and end for each piece.
        """
        found: list[Entity] = []
        for tag, start, end in zip(tags, starts, ends, strict=True):
            if tag == OUTSIDE:
                continue
            label = self.labels[(tag - 1) // 2]
            if tag % 2:
                found.append(Entity(start, end, label))
            else:
                found[-1] = found[-1]._replace(end=end)
        return found

    def in_parts(self, rows: Ragged, max_length: int) -> Ragged:
        """`Ragged.in_parts` of rows of tags: an entity across an edge goes on with `B-`."""
        return _begun(rows.in_parts(max_length))

    def unframed(self, rows: Ragged) -> Ragged:
        """`Ragged.unframed` of rows of tags: an entity that holds [BOS] begins after it."""
        return _begun(rows.unframed())

    def entities_of_rows(self, rows: Ragged) -> list[list[Entity]]:
        """The entities of rows of legal tags, counted in pieces in place of characters."""
        found = []
        for i in range(len(rows)):
            row = rows.row(i).tolist()
            found.append(self.entities_of(row, range(len(row)), range(1, len(row) + 1)))
        return found


def _begun(rows: Ragged) -> Ragged:
    """The same tags, with `B-` for an `I-` that a row begins with."""
    ids, first = rows.ids.copy(), rows.row_splits[:-1][rows.lengths > 0]
    inside = (ids[first] > 0) & (ids[first] % 2 == 0)
    ids[first[inside]] -= 1
    return Ragged(ids, rows.row_splits)


def ids_and_tags(
    tokenizer: Tokenizer, tags: TagSet, texts: Sequence[str], entities: Sequence[list[Entity]]
) -> tuple[Ragged, Ragged, int]:
    """Annotated texts as ids and tags, one of each for every piece.

    Args:
        tokenizer: what cuts the texts into pieces.
        tags: an entity of a kind that is not in it has no tag.
        texts: as given.
        entities: of each text, as for `TagSet.tags_of`.

    Returns:
        Ids and tags, unframed; and how many entities do not come back from their tags, for their
        kind or for an edge inside a piece.
    """
    ids, rows, lost = [], [], 0
    for text, found in zip(texts, entities, strict=True):
        pieces = tokenizer.pieces(text)
        starts, ends = [p.start for p in pieces], [p.end for p in pieces]
        row = tags.tags_of(starts, ends, [e for e in found if e.label in tags.labels])
        lost += len(set(found) - set(tags.entities_of(row, starts, ends)))
        ids.append(tokenizer.vocabulary.ids([p.text for p in pieces]))
        rows.append(row)
    return Ragged.from_lists(ids), Ragged.from_lists(rows), lost
