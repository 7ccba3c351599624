"""Videos whose frames are labelled: where they come from, and which are held out."""

from __future__ import annotations

import collections
import glob
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from pipeline.corpora.framed.frame_columns import ColumnChoice
from pipeline.corpora.framed.frame_file import Video, read_video
from pipeline.corpora.framed.published_windows import cut_published_windows
from pipeline.corpora.origins import own_origin, sample_origin
from pipeline.corpora.rejects import Rejected
from pipeline.corpora.settings import FrameCorpusSettings
from pipeline.corpora.splits import CorpusSplits, by_share
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.facts import Origin

COLUMNS = ["id", "frames", "label"]
FEATURES = "features"
"""Column of the splits with the names of the features as a JSON list; empty without a header."""
SUFFIXES = (".csv", ".tsv", ".txt")
_MAX_LABELS = 1000
_SHARE = 0.1
"""Of the videos, for dev and for test each."""
_LONGEST_NAME = 60


def read_framed_corpus(chosen: FrameCorpusSettings, sample: Path) -> CorpusSplits:
    """Videos, split: bundled, or a user's own files.

    Args:
        chosen: which.
        sample: the folder of the bundled ones.

    Returns:
        Rows are videos, or windows of them: id (the name of the file), frames (float32 [time,
        features]), label (a list of strings, one a frame) and FEATURES.

    Raises:
        UserError: a file cannot be read, or the files do not belong together, or are too few.
    """
    if chosen.corpus == "sample":
        paths, name = files_of(str(sample)), "sample"
        origin = sample_origin(sample)
    else:
        paths = files_of(chosen.corpus)
        name = _name(chosen.corpus, paths)
        origin = Origin(_title(paths), chosen.corpus, own_origin(paths).licence)
    choice = ColumnChoice(chosen.label_column, _listed(chosen.left_out_columns))
    read = [read_video(path, choice) for path in paths]
    videos, rejects = _usable(_alike(read))
    labels = _labels(videos, origin.source)
    if chosen.split == "hasani2021":
        splits, warnings = cut_published_windows(videos)
    else:
        splits, warnings = _whole_videos(videos, chosen), []
    first = next(iter(videos.values())).columns
    features = ", ".join(first.names)
    names = json.dumps(first.names, ensure_ascii=False) if first.has_header else ""
    return CorpusSplits(
        name,
        {split: frame.assign(**{FEATURES: names}) for split, frame in splits.items()},
        origin,
        files=[*paths, *_places(chosen.corpus)],
        rejects=rejects,
        warnings=[*warnings, *_unknown_labels(splits)],
        besides={
            "videos": str(len(videos)),
            "frames": f"{sum(len(video.frames) for video in videos.values()):,}",
            "features": _shortened(features, 500),
            "split": _SPLITS[chosen.split],
        },
        details={
            "read_as": f"{counted(len(videos), 'video')}, "
            f"{counted(len(first.features), 'feature')} ({_shortened(features)}), label in column "
            f"{first.label_name}: {counted(len(labels), 'label')} ({_shortened(', '.join(labels))})"
        },
    )


_SPLITS = {
    "videos": "whole videos are held out",
    "hasani2021": "windows of 32 frames that overlap with those of train (Hasani et al. 2021)",
}


def files_of(setting: str) -> list[Path]:
    """The files that `setting` names: a folder, files, patterns, with commas between.

    Raises:
        UserError: there is no such file, or none in the folder.
    """
    # os.path takes a name of any length.
    names = [setting] if os.path.exists(setting) else _listed(setting)
    paths = [path for name in names for path in _files(name)]
    return list(dict.fromkeys(paths))


def _files(name: str) -> list[Path]:
    path = Path(name)
    if os.path.isdir(path):
        found = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
        if not found:
            raise UserError(
                "the folder holds no CSV file", where=path, remedy="give one CSV file a video"
            )
        return found
    if not os.path.exists(path) and glob.has_magic(name):
        found = sorted(map(Path, glob.glob(name)))
        if not found:
            raise UserError("no file is called so", where=name, remedy="check the path")
        return found
    if not os.path.exists(path):
        raise UserError(
            "no such file",
            where=path,
            remedy="give a CSV file a video, a folder of them, or sample",
        )
    return [path]


def _places(setting: str) -> list[Path]:
    """Folders in which there may be more files tomorrow: what is read from them is read again."""
    if setting == "sample" or os.path.isfile(setting):
        return []
    named = [setting] if os.path.isdir(setting) else _listed(setting)
    return [
        Path(name) if os.path.isdir(name) else Path(name).parent
        for name in named
        if not os.path.isfile(name)
    ]


def _alike(videos: Sequence[Video]) -> list[Video]:
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
    stems = collections.Counter(video.path.stem for video in videos)
    usable: dict[str, Video] = {}
    seen: dict[bytes, str] = {}
    rejects = []
    for video in videos:
        path, stem = video.path, video.path.stem
        name = stem if stems[stem] == 1 else f"{path.parent.name}/{stem}"
        name = name if name not in usable else str(path)
        content = video.frames.tobytes()
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
            remedy="give one file a video, with a row a frame",
        )
    return usable, rejects


def _labels(videos: Mapping[str, Video], where: str) -> list[str]:
    """All labels, sorted.

    Raises:
        UserError: there is one only, or so many that they are none.
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


def _whole_videos(
    videos: Mapping[str, Video], chosen: FrameCorpusSettings
) -> dict[str, pd.DataFrame]:
    """Splits by video. Those that are named are held out; a tenth each where none are.

    Raises:
        UserError: there are fewer than three, or none of a name.
    """
    if len(videos) < 3:
        raise UserError(
            f"{counted(len(videos), 'video')} can be used: at least three are needed, since whole "
            "videos are held out for dev and for test",
            where=chosen.corpus,
            remedy="give more videos; a long one may be cut into several files",
        )
    named = {
        split: _videos_called(videos, _listed(setting), option)
        for split, setting, option in (
            ("dev", chosen.dev_videos, "--dev-videos"),
            ("test", chosen.test_videos, "--test-videos"),
        )
    }
    if both := sorted(set(named["dev"]) & set(named["test"])):
        raise UserError(
            f"{both[0]} cannot be in dev and in test", where="--dev-videos and --test-videos"
        )
    rest = [name for name in videos if name not in {*named["dev"], *named["test"]}]
    if len(rest) < 1 + sum(not names for names in named.values()):
        raise UserError(
            "too few videos are left to learn from",
            where="--dev-videos and --test-videos",
            remedy="hold out fewer",
        )
    for split, leave in (("test", 1 if named["dev"] else 2), ("dev", 1)):
        if not named[split]:
            held = by_share(rest, _SHARE, leave=leave)
            named[split] = [name for name, out in zip(rest, held, strict=True) if out]
            rest = [name for name, out in zip(rest, held, strict=True) if not out]
    names = {"train": rest, **named}
    return {
        split: pd.DataFrame(
            [(name, videos[name].frames, videos[name].labels) for name in names[split]],
            columns=COLUMNS,
        )
        for split in ("train", "dev", "test")
    }


def _videos_called(videos: Mapping[str, Video], names: Sequence[str], option: str) -> list[str]:
    for name in names:
        if name not in videos:
            raise UserError(
                f"no video is called {name!r}",
                where=option,
                remedy=f"there are {_shortened(', '.join(videos))}",
            )
    return list(dict.fromkeys(names))


def _unknown_labels(splits: Mapping[str, pd.DataFrame]) -> list[str]:
    """A sentence for each held-out split with labels that train does not have."""
    labels = {
        split: collections.Counter(label for row in frame["label"] for label in row)
        for split, frame in splits.items()
    }
    warnings = []
    for split in ("dev", "test"):
        unknown = sorted(set(labels[split]) - set(labels["train"]))
        if unknown:
            frames = counted(sum(labels[split][label] for label in unknown), "frame")
            warnings.append(
                f"No video of train has {', '.join(unknown)}, the label of {frames} of {split}: "
                "they cannot be right."
            )
    return warnings


def _listed(setting: str | None) -> list[str]:
    return [name.strip() for name in (setting or "").split(",") if name.strip()]


def _shortened(text: str, length: int = 100) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _name(setting: str, paths: Sequence[Path]) -> str:
    """Of the folder that it is kept in."""
    stem = Path(setting).name if os.path.isdir(setting) else "-".join(p.stem for p in paths)
    return re.sub(r"[^\w-]+", "-", stem).strip("-")[:_LONGEST_NAME].strip("-") or "videos"


def _title(paths: Sequence[Path]) -> str:
    names = [path.name for path in paths]
    if len(names) > 12:
        return f"{', '.join(names[:12])} and {len(names) - 12} more"
    return ", ".join(names)
