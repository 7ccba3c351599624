"""The studies there are, and their settings. Light, so that help comes at once."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.corpora.settings import TextCorpusSettings
from pipeline.models.settings import StartSettings
from pipeline.ranges import AtLeast, FolderName, Matching, UserFiles

STUDY_HELP = """What recurrent networks do, measured and explained on pages to be read one by one.

`gradients` reads running text (--corpus) and teaches small models with it; `units` looks into a
finished run of charlm (--name); `labels` trains classifiers on few labelled rows (--corpus), with a
pretrained encoder (--encoder) and without.

Writes: runs/study-<study>/<name>/: report.html (what there is), a page and its numbers for each
        part, tensorboard/. A part whose numbers are there, with the same settings, is not measured
        again. `labels` writes report.html, results.csv, and the log of each training.
"""


@dataclasses.dataclass(frozen=True)
class StudySettings:
    """How the study is made."""

    name: Annotated[str, FolderName] = "default"
    """Folder of its pages below runs/study-<study>/; for `units` also the run of charlm."""
    quick: bool = False
    """Smaller models and fewer steps, for a first look; in a folder of its own, <name>-quick."""
    seed: Annotated[int, AtLeast(0)] = 1
    """Start of every random choice."""


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
    """Which labelled texts."""

    corpus: Annotated[str, UserFiles] | None = None
    """A name of the catalogue, `sample` for the bundled reviews, or a TSV, CSV or JSON file. Left
    out: nsmc, and of a quick study `sample`."""
    text_column: str | None = None
    """Column of a user's file that holds the text: its name, or its number from 1."""
    label_column: str | None = None
    """Column of a user's file that holds the label: its name, or its number from 1."""


@dataclasses.dataclass(frozen=True)
class DrawSettings:
    """Which rows are learnt from."""

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
    """Numbers of labelled rows, `all` for the whole training split, with commas between; what is
    more than there is, is left out. Left out: 100,300,1000,3000,10000,all, and of a quick study
    100,300."""
    draws: Annotated[int, AtLeast(1)] | None = None
    """Draws of each number of rows. Left out: 5, and of a quick study 2."""
    draws_of_all: Annotated[int, AtLeast(1)] = 1
    """The same where all rows are drawn: only random numbers, and what chooses, differ."""


@dataclasses.dataclass(frozen=True)
class LabelStudy:
    """Everything that can be set for the study of few labels."""

    corpus: LabelCorpusSettings = LabelCorpusSettings()
    start: StartSettings = StartSettings(encoder="bundled")
    draws: DrawSettings = DrawSettings()
    study: StudySettings = StudySettings()


STUDIES = {"gradients": GradientStudy, "units": UnitStudy, "labels": LabelStudy}
"""Name -> its settings."""
