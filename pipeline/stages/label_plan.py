"""The plan of a study of few labels: draws of rows, and settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from pipeline.corpora.settings import CorpusSettings
from pipeline.corpora.splits import read_split
from pipeline.errors import UserError
from pipeline.facts import CorpusFacts
from pipeline.lab.labels.draws import check_labels, draw, sizes_of
from pipeline.lab.labels.results import SIDES, WITH
from pipeline.models.settings import StartSettings
from pipeline.pretrained import NONE, PretrainedEncoder, read_pretrained
from pipeline.progress import say
from pipeline.stages.encoders import find_pretrained
from pipeline.stages.small_runs import with_sizes_of_encoder, without_encoder
from pipeline.stages.studies import LabelStudy
from pipeline.tasks.sentiment.data import BUNDLED_ENCODER, encoder
from pipeline.tasks.sentiment.settings import Settings
from pipeline.workspace import Workspace

SIZES, QUICK_SIZES = "100,300,1000,3000,10000,all", "100,300"
DRAWS, QUICK_DRAWS = 5, 2
QUICK_STEPS = 20

Point = tuple[int, int, str]
"""Drawn rows, number of the draw, side."""


@dataclasses.dataclass(frozen=True)
class FewLabelsPlan:
    """The trainings of a study of few labels.

    Attributes:
        splits: of the corpus, "train" and "test".
        corpus: facts on it.
        settings: of the side with the encoder.
        start, encoder: folder of the encoder, and what it is.
        draws: drawn rows -> how many draws.
        seed: of all draws.
    """

    splits: dict[str, pd.DataFrame]
    corpus: CorpusFacts
    settings: Settings
    start: Path
    encoder: PretrainedEncoder
    draws: dict[int, int]
    seed: int

    def points(self) -> Iterator[Point]:
        """All trainings, few rows first."""
        for rows, count in self.draws.items():
            for number in range(1, count + 1):
                for side in SIDES:
                    yield rows, number, side

    def rows(self, size: int, number: int) -> dict[str, pd.DataFrame]:
        """The splits of a training; train and dev are parts of the drawn rows."""
        train = self.splits["train"]
        places = draw(len(train), size, number, self.seed)
        drawn = {name: train.iloc[rows].reset_index(drop=True) for name, rows in places.items()}
        return {**drawn, "test": self.splits["test"]}

    def settings_of(self, number: int, side: str) -> Settings:
        """The settings of a training; both sides of a draw have the same seed."""
        settings = self.settings if side == WITH else without_encoder(self.settings)
        training = dataclasses.replace(settings.training, seed=self.seed + number - 1)
        return dataclasses.replace(settings, training=training)


def start_of(settings: LabelStudy, workspace: Workspace) -> tuple[Path, Settings]:
    """The folder of the encoder, and settings of the task that fit its sizes.

    Raises:
        UserError: there is no such encoder, or no classifier starts from it.
    """
    start = find_pretrained(settings.start.encoder, BUNDLED_ENCODER, workspace)
    if start is None:
        raise UserError(
            f"with --encoder {NONE} there is nothing to compare",
            where="command line",
            remedy="name an encoder; what starts from nothing is measured beside it",
        )
    corpus = settings.corpus.corpus or ("sample" if settings.study.quick else None)
    task_settings = with_sizes_of_encoder(
        Settings(
            corpus=CorpusSettings(
                corpus=corpus or CorpusSettings().corpus,
                text_column=settings.corpus.text_column,
                label_column=settings.corpus.label_column,
            ),
            start=StartSettings(encoder=settings.start.encoder),
        ),
        read_pretrained(start),
    )
    if settings.study.quick:
        training = dataclasses.replace(
            task_settings.training, epochs=1, min_steps=QUICK_STEPS, evaluations=2
        )
        task_settings = dataclasses.replace(task_settings, training=training)
    encoder(task_settings, workspace)  # refuses what does not fit
    return start, task_settings


def few_labels_plan(
    settings: LabelStudy,
    task_settings: Settings,
    start: Path,
    facts: CorpusFacts,
    workspace: Workspace,
) -> FewLabelsPlan:
    """Plans the trainings of a study.

    Raises:
        UserError: the corpus is too small, or a draw shows one label only.
    """
    splits = {
        name: read_split(workspace.root / facts.folder / f"{name}.tsv")
        for name in ("train", "test")
    }
    available = len(splits["train"])
    quick = settings.study.quick
    asked = settings.draws.sizes or (QUICK_SIZES if quick else SIZES)
    sizes, impossible = sizes_of(asked, available)
    if impossible:
        listed = ", ".join(f"{size:,}" for size in impossible)
        say(f"left out, since there are {available:,} rows to draw from: {listed}")
    usual = settings.draws.draws or (QUICK_DRAWS if quick else DRAWS)
    draws = {size: usual if size < available else settings.draws.draws_of_all for size in sizes}
    planned = FewLabelsPlan(
        splits,
        facts,
        task_settings,
        start,
        read_pretrained(start),
        draws,
        settings.study.seed,
    )
    labels = list(splits["train"]["label"])
    for size, count in draws.items():
        for number in range(1, count + 1):
            check_labels(labels, draw(available, size, number, planned.seed)["train"])
    return planned
