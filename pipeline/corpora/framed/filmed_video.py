"""Videos that have pictures: a video file, or a folder with a picture a frame."""

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


def read_filmed_video(path: Path, spans: LabelSpans, store: Path, rest_label: str | None) -> Video:
    """What the picture encoder sees in the frames of a video, and their labels.

    Args:
        path: a video file, or a folder of pictures.
        spans: its labels.
        store: as of `features_of`.
        rest_label: as of `LabelSpans.of_frames`.

    Raises:
        UserError: the video cannot be read, or the labels are not of it.
    """
    seen = features_of(path, store)
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


def features_of(path: Path, store: Path) -> FrameFeatures:
    """Features of a video file, or of the pictures of a folder; from the store if they are there.

    Args:
        store: as of `pipeline.pictures.frame_features.features_of_video`.

    Raises:
        UserError: it cannot be read.
    """
    if path.is_dir():
        return features_of_pictures(frames_in(path), store)
    return features_of_video(path, store)


def frames_in(folder: Path) -> list[Path]:
    """The pictures of a folder in the order of the numbers in their names: 2.jpg before 10.jpg.

    Raises:
        UserError: there are none, two have the same number, or one is neither JPEG nor PNG.
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
    for picture in pictures:
        with open(picture, "rb") as file:
            check_header(file.read(2**18), picture)
    return pictures


def _order(path: Path) -> Sequence[object]:
    """Parts of a name without its suffix, those that are numbers as such."""
    parts = _NUMBER.split(path.stem)
    return tuple(int(part) if place % 2 else part for place, part in enumerate(parts))
