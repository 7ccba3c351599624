"""The frame of a study: pages that a student reads one after the other."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.corpora.running.corpus import read_running_text
from pipeline.corpora.running.documents import from_frame
from pipeline.corpora.settings import TextCorpusSettings
from pipeline.report.page import ReportContent
from pipeline.text.characters import Characters
from pipeline.text.ragged import Ragged

Progress = Callable[[float], None]
"""Told how much of a page is done, 0 to 1."""


@dataclasses.dataclass(frozen=True)
class Page:
    """One page of a study.

    Attributes:
        name: of its file, without the ending.
        content: what it says; its subtitle is the summary in the contents of the study.
        numbers: what was measured, as JSON has it.
        curves: tag -> (steps, values), for TensorBoard.
        files: further files beside the page, name -> text.
    """

    name: str
    content: ReportContent
    numbers: Mapping[str, object] = dataclasses.field(default_factory=dict)
    curves: Mapping[str, tuple[Sequence[int], Sequence[float]]] = dataclasses.field(
        default_factory=dict
    )
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class StudyText:
    """Real text for experiments.

    Attributes:
        title: of the corpus.
        characters: its alphabet, by syllable, from the training split.
        rows: split -> its documents, framed [BOS] … [EOS].
    """

    title: str
    characters: Characters
    rows: dict[str, Ragged]

    def digest(self) -> str:
        """Another one where the text is another."""
        found = hashlib.sha256("\n".join(self.characters.vocabulary.pieces).encode())
        for rows in self.rows.values():
            found.update(rows.ids.tobytes() + rows.row_splits.tobytes())
        return found.hexdigest()


def study_text(corpus: TextCorpusSettings, raw: Path) -> StudyText:
    """Reads a corpus of running text.

    Raises:
        UserError: as `pipeline.corpora.running.corpus.read_running_text`.
    """
    found = read_running_text(corpus, raw)
    parts = {split: from_frame(frame) for split, frame in found.splits.items()}
    characters = Characters.learn(parts["train"][0], "syllable")
    rows = {split: characters.encode_documents(*part) for split, part in parts.items()}
    return StudyText(found.origin.title, characters, rows)
