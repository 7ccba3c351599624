"""The studies and their settings; a light module, so that `--help` is quick."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.corpora.settings import TextCorpusSettings
from pipeline.models.settings import StartSettings
from pipeline.ranges import AtLeast, FolderName, Matching, UserFiles

STUDY_HELP = """Studies of recurrent networks: measurements, explained on pages.

`gradients` trains small models on running text (--corpus); `units` examines single units of a
finished run of charlm (--name); `labels` trains classifiers on few labelled rows (--corpus), with a
pretrained encoder (--encoder) and without.

Writes: runs/study-<study>/<name>/: report.html (the list of pages), a page and its numbers for
        each part, tensorboard/. A part that was measured with the same settings is not measured
        again. `labels` writes report.html, results.csv, and the log of each training.
"""


@dataclasses.dataclass(frozen=True)
class StudySettings:
    """Name, size and seed of the study."""

    name: Annotated[str, FolderName] = "default"
    """Folder of the pages below runs/study-<study>/; for `units` also the name of the run of
    charlm."""
    quick: bool = False
    """Smaller models and fewer steps, for a first look; in a folder of its own, <name>-quick."""
    seed: Annotated[int, AtLeast(0)] = 1
    """Random seed."""


@dataclasses.dataclass(frozen=True)
class GradientStudy:
    """Everything that can be set for the gradient studies."""

    corpus: TextCorpusSettings = TextCorpusSettings()
    study: StudySettings = StudySettings()


@dataclasses.dataclass(frozen=True)
class UnitStudy:
    """Everything that can be set for the study of single units."""

    study: StudySettings = StudySettings()


@dataclasses.dataclass(frozen=True)
class LabelCorpusSettings:
    """Where the labelled texts come from."""

    corpus: Annotated[str, UserFiles] | None = None
    """A name of the catalogue, `sample` for the bundled reviews, or a TSV, CSV or JSON file.
    Default: nsmc, and for a quick study `sample`."""
    text_column: str | None = None
    """Column of a user's file that holds the text: its name, or its number from 1."""
    label_column: str | None = None
    """Column of a user's file that holds the label: its name, or its number from 1."""


@dataclasses.dataclass(frozen=True)
class DrawSettings:
    """How many labelled rows are drawn, and how often."""

    sizes: (
        Annotated[
            str,
            Matching(
                r"([1-9][0-9]{0,8}|all)(,([1-9][0-9]{0,8}|all))*",
                "numbers of rows with commas between",
                remedy="for instance 100,300,all",
            ),
        ]
        | None
    ) = None
    """Numbers of labelled rows, `all` for the whole training split, with commas between; numbers
    larger than the training split are left out. Default: 100,300,1000,3000,10000,all, and for a
    quick study 100,300."""
    draws: Annotated[int, AtLeast(1)] | None = None
    """Number of draws for each number of rows. Default: 5, and for a quick study 2."""
    draws_of_all: Annotated[int, AtLeast(1)] = 1
    """Number of draws for `all`, which differ only in the seed and in the rows of dev."""


@dataclasses.dataclass(frozen=True)
class LabelStudy:
    """Everything that can be set for the study of few labels."""

    corpus: LabelCorpusSettings = LabelCorpusSettings()
    start: StartSettings = StartSettings(encoder="bundled")
    draws: DrawSettings = DrawSettings()
    study: StudySettings = StudySettings()


STUDIES = {"gradients": GradientStudy, "units": UnitStudy, "labels": LabelStudy}
"""Name -> its settings."""
