"""Reads and splits videos with a label for each frame."""

from __future__ import annotations

import collections
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.corpora.framed.filmed_video import check_headers, frames_in, gap_in, read_filmed_video
from pipeline.corpora.framed.frame_columns import ColumnChoice
from pipeline.corpora.framed.frame_file import Video, read_video
from pipeline.corpora.framed.label_spans import read_label_spans
from pipeline.corpora.framed.published_windows import cut_published_windows
from pipeline.corpora.framed.sources import (
    VideoSource,
    comma_separated,
    sources_of,
    watched_folders,
)
from pipeline.corpora.framed.whole_videos import shortened_text, unknown_labels, whole_videos
from pipeline.corpora.origins import own_origin, sample_origin
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.settings import FrameCorpusSettings
from pipeline.corpora.splits import CorpusSplits
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.facts import Origin
from pipeline.pictures.encoder import NAME, read_facts
from pipeline.pictures.features import store_folder

FEATURES = "features"
"""Column of the splits with the names of the features as a JSON list; empty without a header."""
ENCODER = "encoder"
"""Column of the splits with the name of the picture encoder whose features they are; empty where
they are from tables."""
_MAX_LABELS = 1000
_MAX_NAME_LENGTH = 60


def read_framed_corpus(chosen: FrameCorpusSettings, sample: Path, derived: Path) -> CorpusSplits:
    """Reads and splits videos: the bundled ones, or a user's own files.

    Args:
        chosen: which corpus.
        sample: the folder of the bundled videos.
        derived: where features of pictures are kept (`Workspace.derived`).

    Returns:
        Rows are videos, or windows of them: id (the name of the file), frames (float32 [time,
        features], float16 where they are features of pictures), label (a list of strings, one a
        frame), FEATURES and ENCODER.

    Raises:
        UserError: a file cannot be read, or the files do not belong together, or are too few.
    """
    if chosen.corpus == "sample":
        sources, name = sources_of(str(sample)), "sample"
        origin = sample_origin(sample)
    else:
        sources = sources_of(chosen.corpus)
        paths = [source.path for source in sources]
        name = _name(chosen.corpus, paths)
        origin = Origin(_title(paths), chosen.corpus, own_origin(paths).licence)
    choice = ColumnChoice(chosen.label_column, comma_separated(chosen.left_out_columns))
    filmed = sources[0].is_filmed
    if filmed:
        read, warnings = _read_filmed(sources, choice, chosen, derived)
    else:
        tables = [read_video(source.path, choice) for source in sources]
        read, warnings = _with_equal_features(tables), []
    videos, rejects = _usable(read)
    labels = _labels(videos, origin.source)
    if chosen.split == "hasani2021":
        splits, leaks = cut_published_windows(videos)
    else:
        splits, leaks = whole_videos(videos, chosen), []
    first = next(iter(videos.values())).columns
    names = json.dumps(first.names, ensure_ascii=False) if first.has_header else ""
    columns = {FEATURES: names, ENCODER: picture_encoder() if filmed else ""}
    features = _picture_features() if filmed else ", ".join(first.names)
    return CorpusSplits(
        name,
        {split: frame.assign(**columns) for split, frame in splits.items()},
        origin,
        files=[
            *(file for source in sources for file in source.files),
            *watched_folders(chosen.corpus),
        ],
        rejects=rejects,
        warnings=[*leaks, *warnings, *unknown_labels(splits)],
        besides={
            "videos": str(len(videos)),
            "frames": f"{sum(len(video.frames) for video in videos.values()):,}",
            "features": shortened_text(features, 500),
            "split": _SPLITS[chosen.split],
        },
        details={
            "read_as": f"{counted(len(videos), 'video')}, "
            f"{counted(len(first.features), 'feature')} ({shortened_text(features)}), label in "
            f"column {first.label_name}: {counted(len(labels), 'label')} "
            f"({shortened_text(', '.join(labels))})"
        },
    )


_SPLITS = {
    "videos": "whole videos are held out",
    "hasani2021": "windows of 32 frames that overlap with those of train (Hasani et al. 2021)",
}


def _picture_features() -> str:
    """A description of features of pictures, for people."""
    encoder = read_facts()
    return f"{encoder.title} ({encoder.licence}), averaged over the places of each picture"


def picture_encoder() -> str:
    """Name of the picture encoder, with the beginning of its weights' sha256."""
    return f"{NAME}-{read_facts().weights[:12]}"


def _read_filmed(
    sources: Sequence[VideoSource], choice: ColumnChoice, chosen: FrameCorpusSettings, derived: Path
) -> tuple[list[Video], list[str]]:
    """Reads videos that have pictures; also returns warnings. All label files and headers of
    pictures are read before the first picture is encoded, which takes long."""
    spans, warnings = {}, []
    for source in sources:
        assert source.labels is not None
        is_folder = source.path.is_dir()
        spans[source.path] = read_label_spans(
            source.labels, choice, chosen.label_unit, has_clock=not is_folder
        )
        if is_folder:
            pictures = frames_in(source.path)
            check_headers(pictures)
            if gap := gap_in(pictures):
                warnings.append(
                    f"Between {gap} of {source.path.name} numbers are left out: frames are counted "
                    "in their order, whatever their names, and labels are taken so."
                )
    store = store_folder(derived)
    read = [read_filmed_video(path, s, store, chosen.rest_label) for path, s in spans.items()]
    return read, warnings


def _with_equal_features(videos: Sequence[Video]) -> list[Video]:
    """The videos with their features in the order of the first.

    Raises:
        UserError: one has other features than the first.
    """
    first, ordered = videos[0], []
    for video in videos:
        names, expected = video.columns.names, first.columns.names
        if len(names) != len(expected):
            raise UserError(
                f"has {counted(len(names), 'feature')}, but {first.path.name} has {len(expected)}",
                where=video.path,
                remedy="give files of one kind; a pattern such as videos/*_va3.csv chooses them",
            )
        if names != expected and video.columns.has_header and first.columns.has_header:
            if sorted(names) != sorted(expected) or len(set(names)) < len(names):
                other = next(n for n, e in zip(names, expected, strict=True) if n != e)
                raise UserError(
                    f"has a column {other!r} where {first.path.name} has another",
                    where=video.path,
                    remedy="give the columns the same names, or the same order",
                )
            order = [names.index(name) for name in expected]
            video = Video(video.path, video.frames[:, order], video.labels, first.columns)
        ordered.append(video)
    return ordered


def _usable(videos: Sequence[Video]) -> tuple[dict[str, Video], list[Rejected]]:
    """Name -> video, and what was left out: videos of one frame, and videos that are there twice.

    Raises:
        UserError: nothing is left.
    """
    stems = collections.Counter(video.name for video in videos)
    usable: dict[str, Video] = {}
    seen: dict[bytes, str] = {}
    rejects = []
    for video in videos:
        path, stem = video.path, video.name
        name = stem if stems[stem] == 1 else f"{path.parent.name}/{stem}"
        name = name if name not in usable else str(path)
        content = hashlib.sha256(np.ascontiguousarray(video.frames)).digest()
        if len(video.frames) == 1:
            rejects.append(Rejected(1, "has one frame, of which nothing follows", str(path)))
        elif content in seen:
            rejects.append(Rejected(1, f"has the frames of {seen[content]}", str(path)))
        else:
            seen[content] = name
            usable[name] = video
    if not usable:
        raise UserError(
            "no video has two frames",
            where=videos[0].path,
            remedy="give one file per video, with one row per frame",
        )
    return usable, rejects


def _labels(videos: Mapping[str, Video], where: str) -> list[str]:
    """All labels, sorted.

    Raises:
        UserError: there is only one, or so many that they cannot be labels.
    """
    counts = collections.Counter(label for video in videos.values() for label in video.labels or [])
    name = next(iter(videos.values())).columns.label_name
    if len(counts) < 2:
        raise UserError(
            f"every frame has the same label, {next(iter(counts))}",
            where=where,
            remedy="give videos with two labels, or name the column with --label-column",
        )
    if len(counts) > min(_MAX_LABELS, counts.total() / 3):
        raise UserError(
            f"column {name} has {len(counts):,} different values in "
            f"{counted(counts.total(), 'frame')}, so it holds no labels",
            where=where,
            remedy="name the column of the labels with --label-column",
        )
    return sorted(counts)


def _name(setting: str, paths: Sequence[Path]) -> str:
    """The name of a corpus, for its folder."""
    stem = Path(setting).name if os.path.isdir(setting) else "-".join(p.stem for p in paths)
    return re.sub(r"[^\w-]+", "-", stem).strip("-")[:_MAX_NAME_LENGTH].strip("-") or "videos"


def _title(paths: Sequence[Path]) -> str:
    names = [path.name for path in paths]
    if len(names) > 12:
        return f"{', '.join(names[:12])} and {len(names) - 12} more"
    return ", ".join(names)
