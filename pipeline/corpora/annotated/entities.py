"""Entities as offsets beside their text, and how a split file writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_WRITTEN = re.compile(r"(\d+)-(\d+):(\S+)")


class Entity(NamedTuple):
    """Characters `start` to `end` (exclusive) of a text are an entity of the kind `label`."""

    start: int
    end: int
    label: str


def write_entities(entities: Iterable[Entity]) -> str:
    """The column `label` of a split file: `0-5:OG 11-13:DT`, ascending; empty for none."""
    return " ".join(f"{start}-{end}:{label}" for start, end, label in sorted(entities))


def read_entities(cell: str) -> list[Entity]:
    """Reads a cell that `write_entities` wrote.

    Raises:
        ValueError: the cell has another form.
    """
    found = []
    for item in cell.split():
        match = _WRITTEN.fullmatch(item)
        if match is None:
            raise ValueError(f"{item!r} is no entity: start-end:label is expected")
        found.append(Entity(int(match[1]), int(match[2]), match[3]))
    return found


def trimmed(text: str, entities: Iterable[Entity]) -> list[Entity]:
    """`entities` of `text` without white space at their edges; those of white space alone are
    left out."""
    found = []
    for start, end, label in entities:
        content = text[start:end]
        start += len(content) - len(content.lstrip())
        if content.strip():
            found.append(Entity(start, start + len(content.strip()), label))
    return found
