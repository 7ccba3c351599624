"""Reads videos that have pictures: a video file, or a folder with a picture per frame."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pipeline.corpora.framed.frame_columns import FrameColumns
from pipeline.corpora.framed.frame_file import Video
from pipeline.corpora.framed.label_spans import LabelSpans
from pipeline.corpora.framed.sources import pictures_in
from pipeline.errors import UserError
from pipeline.pictures.checking import check_header
from pipeline.pictures.frame_features import (
    FrameFeatures,
    features_of_pictures,
    features_of_video,
)

_NUMBER = re.compile(r"(\d+)")
_HEADER = 2**16  # the header of a picture is in its first bytes


def read_filmed_video(path: Path, spans: LabelSpans, store: Path, rest_label: str | None) -> Video:
    """Reads the features of the frames of a video, by the picture encoder, and their labels.

    Args:
        path: a video file, or a folder of pictures.
        spans: its labels.
        store: as of `frame_features`.
        rest_label: as of `LabelSpans.of_frames`.

    Raises:
        UserError: the video cannot be read, or the labels do not fit it.
    """
    seen = frame_features(path, store)
    count, width = seen.frames.shape
    labels = spans.of_frames(count, seen.seconds, rest_label)
    columns = FrameColumns(
        features=tuple(range(width)),
        label=None,
        names=tuple(str(number) for number in range(1, width + 1)),
        label_name="label",
        has_header=False,
    )
    return Video(path, seen.frames, labels, columns)


def frame_features(path: Path, store: Path) -> FrameFeatures:
    """Features of a video file, or of the pictures of a folder; from the store if they are there.

    Args:
        store: as of `pipeline.pictures.frame_features.features_of_video`.

    Raises:
        UserError: it cannot be read.
    """
    if not path.exists():
        raise UserError("no such file", where=path)
    if path.is_dir():
        pictures = frames_in(path)
        check_headers(pictures)
        return features_of_pictures(pictures, store)
    return features_of_video(path, store)


def frames_in(folder: Path) -> list[Path]:
    """The pictures of a folder in the order of the numbers in their names: 2.jpg before 10.jpg.

    Raises:
        UserError: there are none, or two have the same number.
    """
    pictures = sorted(pictures_in(folder), key=lambda path: (_order(path), path.name))
    if not pictures:
        raise UserError("the folder holds no pictures", where=folder)
    for before, after in zip(pictures, pictures[1:], strict=False):
        if _order(before) == _order(after):
            raise UserError(
                f"{before.name} and {after.name} are the same frame",
                where=folder,
                remedy="keep one",
            )
    return pictures


def check_headers(pictures: Sequence[Path]) -> None:
    """Checks the header of each picture, so that a wrong one is found before hours are spent on
    the others.

    Raises:
        UserError: one is neither JPEG nor PNG, is in CMYK or too large.
    """
    for picture in pictures:
        with open(picture, "rb") as file:
            check_header(file.read(_HEADER), picture)


def gap_in(pictures: Sequence[Path]) -> str | None:
    """The two pictures between which numbers are missing, "6.png and 8.png"; None if the numbers
    go on in equal steps.

    Names of different forms, and those in which several numbers change (dates), are not checked.
    """
    names = [_NUMBER.split(path.stem) for path in pictures]
    if len({len(parts) for parts in names}) > 1:
        return None
    changing = [
        place for place, parts in enumerate(zip(*names, strict=True)) if len(set(parts)) > 1
    ]
    if len(changing) != 1 or not changing[0] % 2:
        return None
    steps = [
        int(after[changing[0]]) - int(before[changing[0]])
        for before, after in zip(names, names[1:], strict=False)
    ]
    if len(set(steps)) < 2:
        return None
    place = steps.index(max(steps))
    return f"{pictures[place].name} and {pictures[place + 1].name}"


def _order(path: Path) -> Sequence[object]:
    """Sort key: the parts of a name without its suffix, numbers as numbers."""
    parts = _NUMBER.split(path.stem)
    return tuple(int(part) if place % 2 else part for place, part in enumerate(parts))
