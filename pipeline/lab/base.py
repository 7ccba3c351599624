"""The frame of a study: pages that a student reads one after the other."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.corpora.running.corpus import read_running_text
from pipeline.corpora.running.documents import from_frame
from pipeline.corpora.settings import TextCorpusSettings
from pipeline.report.page import ReportContent
from pipeline.text.characters import Characters
from pipeline.text.ragged import Ragged

OnProgress = Callable[[float], None]
"""Called with the share of a piece of work that is done, 0 to 1."""


def no_progress(done: float) -> None:
    """Reports nothing."""


def progress_by_part(progress: OnProgress, costs: Sequence[float]) -> list[OnProgress]:
    """Splits a piece of work: what reports the progress of each part as that of the whole.

    Args:
        progress: of the whole.
        costs: of the parts, one after the other, in any unit.

    Example:
        >>> first, second = progress_by_part(print, [1, 3])
        >>> first(0.5), second(1.0)
        0.125
        1.0
        (None, None)
    """
    ends = np.cumsum(costs)
    ends = ends / ends[-1]

    def part(begin: float, end: float) -> OnProgress:
        return lambda done: progress(begin + done * (end - begin))

    return [part(*map(float, ends_of)) for ends_of in zip([0.0, *ends], ends, strict=False)]


def as_numbers(value: Any) -> Any:
    """Measurements as JSON has them: arrays become lists, and None what is not finite.

    Example:
        >>> as_numbers({"norms": np.array([1.5, np.inf]), "cell": "rnn"})
        {'norms': [1.5, None], 'cell': 'rnn'}
    """
    match value:
        case Mapping():
            return {str(name): as_numbers(of) for name, of in value.items()}
        case list() | tuple() | np.ndarray():
            return [as_numbers(of) for of in value]
        case np.generic():
            return as_numbers(value.item())
        case float():
            return value if math.isfinite(value) else None
    return value


def fields_of(record: object, *names: str) -> dict[str, Any]:
    """Some fields and properties of a record by their names."""
    return {name: getattr(record, name) for name in names}


Curves = Mapping[str, tuple[Sequence[float], Sequence[float]]]
"""Tag -> (steps, values)."""


@dataclasses.dataclass(frozen=True)
class Page:
    """A page of a study.

    Attributes:
        name: of its file, without the ending.
        content: what it says; its subtitle is the summary in the contents of the study.
        numbers: what was measured; they become what `as_numbers` makes of them.
        curves: for TensorBoard.
        files: further files beside the page, name -> text.
    """

    name: str
    content: ReportContent
    numbers: Mapping[str, object] = dataclasses.field(default_factory=dict)
    curves: Curves = dataclasses.field(default_factory=dict)
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        object.__setattr__(self, "numbers", as_numbers(self.numbers))


@dataclasses.dataclass(frozen=True)
class StudyText:
    """The text that experiments read.

    Attributes:
        title: of the corpus.
        characters: its alphabet, by syllable, from the training split.
        rows: split -> its documents, framed [BOS] … [EOS].
    """

    title: str
    characters: Characters
    rows: dict[str, Ragged]

    @property
    def vocabulary_size(self) -> int:
        return len(self.characters.vocabulary)

    def digest(self) -> str:
        """A checksum: different texts have different ones."""
        digest = hashlib.sha256("\n".join(self.characters.vocabulary.pieces).encode())
        for rows in self.rows.values():
            digest.update(rows.ids.tobytes() + rows.row_splits.tobytes())
        return digest.hexdigest()


def study_text(corpus: TextCorpusSettings, raw: Path) -> StudyText:
    """Reads a corpus of running text.

    Raises:
        UserError: as `pipeline.corpora.running.corpus.read_running_text`.
    """
    read = read_running_text(corpus, raw)
    parts = {split: from_frame(frame) for split, frame in read.splits.items()}
    characters = Characters.learn(parts["train"][0], "syllable")
    rows = {split: characters.encode_documents(*part) for split, part in parts.items()}
    return StudyText(read.origin.title, characters, rows)
