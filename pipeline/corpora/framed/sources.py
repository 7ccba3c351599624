"""Finds the files of videos, and the files with their labels."""

from __future__ import annotations

import dataclasses
import glob
import os
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import UserError
from pipeline.pictures import video_file

TABLES = (".csv", ".tsv", ".txt")
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".heic")
"""Suffixes of frames. Those other than JPEG and PNG are refused, not left out: a missing frame
would move the later ones."""


@dataclasses.dataclass(frozen=True)
class VideoSource:
    """The files of one video.

    Attributes:
        path: a table of features and labels, a video file, or a folder of pictures.
        labels: the file with the labels of a video file or a folder; None for a table.
    """

    path: Path
    labels: Path | None = None

    @property
    def is_filmed(self) -> bool:
        """Whether it has pictures (a video file, a folder of pictures)."""
        return is_filmed(self.path)

    @property
    def files(self) -> list[Path]:
        """All files it is read from, and the folder of its pictures, to which some may be added."""
        labels = [] if self.labels is None else [self.labels]
        pictures = pictures_in(self.path) if self.path.is_dir() else []
        return [self.path, *pictures, *labels]


def sources_of(setting: str) -> list[VideoSource]:
    """The videos that `setting` names: a folder, files, patterns, with commas between.

    A video file `a.mp4` and a folder `a` of pictures have their labels in `a.csv` (.tsv, .txt)
    beside them; any other table is a video by itself.

    Raises:
        UserError: there is no such file, none in the folder, or a video has no labels.
    """
    # os.path takes a name of any length.
    names = [setting] if os.path.exists(setting) else comma_separated(setting)
    paths = list(dict.fromkeys(path for name in names for path in _files(name)))
    filmed = {path: labels_beside(path) for path in paths if is_filmed(path)}
    tables = [path for path in paths if path not in filmed and path not in filmed.values()]
    if filmed and (alone := [path for path in tables if path.suffix.lower() != ".txt"]):
        raise UserError(
            "is of no video: no video file and no folder of pictures has its name",
            where=alone[0],
            remedy="give it the name of its video, or do not mix tables of features with videos",
        )
    kept = filmed.keys() if filmed else tables
    return [VideoSource(path, filmed.get(path)) for path in paths if path in kept]


def is_filmed(path: Path) -> bool:
    """Whether a path is a video file or a folder of pictures, by its name and content."""
    if path.suffix.lower() in video_file.SUFFIXES and not os.path.isdir(path):
        return True
    return os.path.isdir(path) and bool(pictures_in(path))


def pictures_in(folder: Path) -> list[Path]:
    """The pictures that lie directly in a folder, in no order."""
    return [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.is_file()
    ]


def labels_beside(path: Path) -> Path:
    """The label file of a video.

    Raises:
        UserError: there is none, or several.
    """
    found = _labels_of(path)
    if not found:
        raise UserError(
            f"has no labels: there is no {_stem(path)}.csv beside it",
            where=path,
            remedy="give one with the columns start, end, label",
        )
    if len(found) > 1:
        raise UserError(
            f"has two files of labels, {found[0].name} and {found[1].name}",
            where=path,
            remedy="remove one",
        )
    return found[0]


def _labels_of(path: Path) -> list[Path]:
    return [p for p in (path.parent / f"{_stem(path)}{s}" for s in TABLES) if p.is_file()]


def _stem(path: Path) -> str:
    return path.name if path.is_dir() else path.stem


def _files(name: str) -> list[Path]:
    path = Path(name)
    if os.path.isdir(path) and not pictures_in(path):
        found = sorted(p for p in path.iterdir() if _is_video(p))
        tables = [p for p in found if not is_filmed(p)]
        if tables and not any(map(_labels_of, set(found) - set(tables))):
            return tables  # unrelated pictures may lie beside them
        if not found:
            raise UserError(
                "the folder holds no CSV file, no video and no folder of pictures",
                where=path,
                remedy="give one per video",
            )
        return found
    if not os.path.exists(path) and glob.has_magic(name):
        found = sorted(map(Path, glob.glob(name)))
        if not found:
            raise UserError("no file is called so", where=name, remedy="check the path")
        return [p for p in found if p.is_file() or is_filmed(p)]
    if not os.path.exists(path):
        raise UserError(
            "no such file",
            where=path,
            remedy="give one CSV file per video, a video with a label file, a folder of them, or "
            "sample",
        )
    return [path]


def _is_video(path: Path) -> bool:
    if path.name.startswith("."):
        return False
    return is_filmed(path) or (path.suffix.lower() in TABLES and path.is_file())


def watched_folders(setting: str) -> list[Path]:
    """Folders to which files may be added; the corpus is then read again."""
    if setting == "sample" or os.path.isfile(setting):
        return []
    named = [setting] if os.path.isdir(setting) else comma_separated(setting)
    return [
        Path(name) if os.path.isdir(name) else Path(name).parent
        for name in named
        if not os.path.isfile(name)
    ]


def comma_separated(setting: str | None) -> Sequence[str]:
    """The parts of a setting between its commas."""
    return [name.strip() for name in (setting or "").split(",") if name.strip()]
