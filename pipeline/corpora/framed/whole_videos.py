"""Splits videos: whole ones are held out, never parts of one."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence

import pandas as pd

from pipeline.corpora.framed.frame_file import Video
from pipeline.corpora.framed.sources import comma_separated
from pipeline.corpora.settings import FrameCorpusSettings
from pipeline.corpora.splits import by_share
from pipeline.counts import counted
from pipeline.errors import UserError

COLUMNS = ["id", "frames", "label"]
_SHARE = 0.1
"""Share of the videos in dev, and in test."""


def whole_videos(
    videos: Mapping[str, Video], chosen: FrameCorpusSettings
) -> dict[str, pd.DataFrame]:
    """Splits by video: holds out the named videos, or a tenth for each split without names.

    Raises:
        UserError: there are fewer than three, or a named one does not exist.
    """
    if len(videos) < 3:
        raise UserError(
            f"{counted(len(videos), 'video')} can be used: at least three are needed, since whole "
            "videos are held out for dev and for test",
            where=chosen.corpus,
            remedy="give more videos; a long one may be cut into several files",
        )
    named = {
        split: _videos_called(videos, comma_separated(setting), option)
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
                remedy=f"there are {shortened_text(', '.join(videos))}",
            )
    return list(dict.fromkeys(names))


def unknown_labels(splits: Mapping[str, pd.DataFrame]) -> list[str]:
    """A warning for each held-out split with labels that train does not have."""
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


def shortened_text(text: str, length: int = 100) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
