"""Records that the stages hand to each other, stored beside the files they describe.

`corpus` writes `CorpusFacts`, `prepare` writes `Prepared`, `train` writes `TrainingResult`; all
three travel on as `Trained`. `export` returns `Exported`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any


@dataclasses.dataclass(frozen=True)
class SourceFile:
    """A file that a corpus was read from, as it was at that time.

    Attributes:
        path: as the user or the catalogue names it.
        size: bytes; -1 where there was no such file (a dev file that may come later).
        modified: nanoseconds since 1970, for people: whether it changed, its bytes say.
        sha256: of its bytes; empty where there was no such file.
    """

    path: str
    size: int
    modified: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Origin:
    """The origin of a corpus, for reports and model cards."""

    title: str
    source: str
    licence: str


@dataclasses.dataclass(frozen=True)
class CorpusFacts:
    """Facts about a corpus that was read and split (runs/<task>/<run>/corpus.json).

    Attributes:
        name: names its folder below data/processed/<task>/.
        folder: that folder, relative to the workspace.
        origin: title, source and licence.
        rows: split -> number of rows.
        rejected: rows that could not be used.
        warnings: sentences that a user must not miss.
        stand_in: whether it is the bundled sample in place of a corpus that could not be had.
        reported: the split whose scores are reported: test, or dev where there is no test.
        tests: further test splits -> their titles, where several corpora were joined.
        characters: split -> number of characters, of running text.
        files: what it was read from.
        besides: what else it is made of (teachers, texts without labels): name -> value, for
            reports and model cards.
        details: how it was read, for people; no code depends on what is in it.
    """

    name: str
    folder: str
    origin: Origin
    rows: Mapping[str, int]
    rejected: int = 0
    warnings: tuple[str, ...] = ()
    stand_in: bool = False
    reported: str = "test"
    tests: Mapping[str, str] = dataclasses.field(default_factory=dict)
    characters: Mapping[str, int] = dataclasses.field(default_factory=dict)
    files: tuple[SourceFile, ...] = ()
    besides: Mapping[str, str] = dataclasses.field(default_factory=dict)
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """Facts about the prepared arrays (runs/<task>/<run>/prepared.json).

    Attributes:
        summary: one line for people.
        warnings: sentences that a user must not miss.
        vocabulary_size: pieces, of a task that has a vocabulary.
        folder: where the arrays lie, relative to the workspace; the stage fills it in.
        details: counts for people; no code depends on what is in it.
    """

    summary: str
    warnings: tuple[str, ...] = ()
    vocabulary_size: int | None = None
    folder: str = ""
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class TrainingResult:
    """The result of a training (runs/<task>/<run>/training.json).

    Attributes:
        monitor: the score on dev that chose the weights.
        best: its value with the weights that were kept.
        best_step: the step whose weights were kept.
        steps, epochs: how far it went.
        seconds: of training, stops not counted.
        parameters: of the model.
        stopped_early: whether dev ended it before the last step.
        files: file of the run -> its sha256: the weights, and the tables of the training. Empty
            in what earlier versions wrote.
        trainings: of how many, from one start, the kept weights are the mean.
    """

    monitor: str
    best: float
    best_step: int
    steps: int
    epochs: float
    seconds: float
    parameters: int
    stopped_early: bool
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    trainings: int = 1


@dataclasses.dataclass(frozen=True)
class Trained:
    """A finished run, for evaluation and export.

    Attributes:
        run: its folder.
        corpus_folder: where the splits lie.
        prepared_folder: where vocabulary and arrays lie.
        corpus, prepared, result: what the three stages said.
    """

    run: Path
    corpus_folder: Path
    prepared_folder: Path
    corpus: CorpusFacts
    prepared: Prepared
    result: TrainingResult

    @property
    def warnings(self) -> tuple[str, ...]:
        """All sentences that a user must not miss."""
        return (*self.corpus.warnings, *self.prepared.warnings)

    @property
    def weights(self) -> Path:
        """The weights that were best on dev."""
        return self.run / "best.weights.h5"


@dataclasses.dataclass(frozen=True)
class Exported:
    """Facts about a SavedModel that was just written.

    Attributes:
        summary: one line for people.
        signatures: their names.
        facts: name -> value, for the model card.
        limits: sentences on what not to expect, for the model card.
    """

    summary: str
    signatures: tuple[str, ...]
    facts: Mapping[str, str]
    limits: tuple[str, ...]
