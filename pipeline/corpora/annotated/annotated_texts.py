"""Texts with entities as a reader returns them, and the class that collects them."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence

import pandas as pd

from pipeline.corpora.annotated.entities import Entity, write_entities
from pipeline.corpora.annotated.inline import Annotated
from pipeline.corpora.read_texts import ReadTexts
from pipeline.corpora.rejects import Rejected


class AnnotatedTexts(ReadTexts):
    """Texts with entities: a label is what `entities.write_entities` wrote, with offsets into the
    cell `text`."""


class Reading:
    """Collects sentences while a file is read, and lists those that are rejected or doubtful."""

    def __init__(self):
        self.rows: list[tuple[str, str, str]] = []
        self.rejects: list[Rejected] = []
        self.labels: collections.Counter[str] = collections.Counter()
        self.tags_differ = self.text_differs = 0

    def add(
        self,
        identity: str,
        parsed: Annotated | str,
        *,
        place: Rejected,
        plain: str | None = None,
        tagged: tuple[Annotated, int] | str | None = None,
        same_letters: bool = True,
    ) -> None:
        """Adds a sentence, or a reject that says why it cannot be used.

        Args:
            identity: its id.
            parsed: text and entities by the markup, or what is wrong with the markup.
            place: its line, what its reasons begin with (the file's name), and its content.
            plain: its text without markup, where the file has that, too.
            tagged: the result of `bio.annotate` for its tags, where it has tags.
            same_letters: whether the tagged tokens are the letters of the text. If so, tags
                stand in for broken markup; if not, only their labels can be compared.
        """

        def doubt(reason: str, kept: bool) -> None:
            reason = place.reason + reason
            self.rejects.append(dataclasses.replace(place, reason=reason, kept=kept))

        by_tags = tagged[0] if isinstance(tagged, tuple) else None
        if isinstance(parsed, str):
            if by_tags is None or not by_tags.text or not same_letters:
                doubt(parsed, kept=False)
                return
            doubt(f"kept as tagged: {parsed}", kept=True)
            self.tags_differ += 1
            parsed = by_tags
        elif tagged is not None and (
            by_tags is None or not _agree(by_tags.entities, parsed.entities, same_letters)
        ):
            doubt("kept as marked up: the tags say otherwise", kept=True)
            self.tags_differ += 1
        if plain is not None and plain != parsed.text:
            doubt("kept as marked up: the text beside it is another", kept=True)
            self.text_differs += 1
        self.rows.append((identity, parsed.text, write_entities(parsed.entities)))
        self.labels.update(entity.label for entity in parsed.entities)

    def result(self) -> AnnotatedTexts:
        """Everything added so far, with the details rows, rejected, entities (by label),
        tags_differ and text_differs (sentences)."""
        details = {
            "rows": len(self.rows),
            "rejected": sum(not row.kept for row in self.rejects),
            "entities": dict(sorted(self.labels.items())),
            "tags_differ": self.tags_differ,
            "text_differs": self.text_differs,
        }
        frame = pd.DataFrame(self.rows, columns=["id", "text", "label"], dtype="str")
        return AnnotatedTexts(frame, self.rejects, details)


def _agree(tagged: Sequence[Entity], marked: Sequence[Entity], same_letters: bool) -> bool:
    if same_letters:
        return list(tagged) == list(marked)
    return [entity.label for entity in tagged] == [entity.label for entity in marked]
