"""The studies there are, and their settings. Light, so that help comes at once."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.corpora.settings import TextCorpusSettings
from pipeline.ranges import AtLeast, FolderName

STUDY_HELP = """What recurrent networks do, measured and explained on pages to be read one by one.

`gradients` reads running text (--corpus) and teaches small models with it; `units` looks into a
finished run of charlm (--name).

Writes: runs/study-<study>/<name>/: report.html (what there is), a page and its numbers for each
        part, tensorboard/. A part whose numbers are there, with the same settings, is not measured
        again.
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


STUDIES = {"gradients": GradientStudy, "units": UnitStudy}
"""Name -> its settings."""
