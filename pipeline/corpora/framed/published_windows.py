"""The windows of UCI's gesture phase corpus on which published figures are measured."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from pipeline.corpora.framed.frame_file import Video
from pipeline.errors import UserError

WINDOW = 32
ORDER = ("a3", "b1", "b3", "c1", "c3", "a2", "a1")
"""Order in which the videos are cut, by story and speaker."""
_SEED = 23489


def cut_published_windows(
    videos: Mapping[str, Video],
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The split of Hasani et al. 2021 (Liquid time-constant networks, arXiv:2006.04439).

    Of each video windows of 32 frames begin at 0, 16, 32 and so on; those that begin in the
    middle of two are there only where the second is whole. A permutation of all windows
    (`RandomState(23489)`) gives the first tenth to dev and the next 15 % to test.

    Args:
        videos: by name, which begins with what the corpus calls it (a1, a2 ...).

    Returns:
        Splits, and a warning that says how much of test is in train.

    Raises:
        UserError: the seven videos are not there.
    """
    windows = []
    for name, video in _in_order(videos).items():
        starts = np.arange(max(2 * (len(video.frames) // WINDOW) - 1, 0)) * (WINDOW // 2)
        windows += [(name, int(start)) for start in starts]
    order = np.random.RandomState(_SEED).permutation(len(windows))
    dev, test = int(0.1 * len(windows)), int(0.15 * len(windows))
    parts = {
        "train": order[dev + test :],
        "dev": order[:dev],
        "test": order[dev : dev + test],
    }
    frames = {split: _frames(windows[i] for i in rows) for split, rows in parts.items()}
    seen = np.mean([frame in frames["train"] for frame in frames["test"]])
    warning = (
        f"{seen:.1%} of the frames of test are frames of train, too: the windows of this split "
        "overlap by half. Its figures say how well frames are remembered, not how well a new "
        "video is labelled; they are for comparison with published ones. Whole videos are held "
        "out with --split videos."
    )
    return {s: _rows(videos, [windows[i] for i in rows]) for s, rows in parts.items()}, [warning]


def _in_order(videos: Mapping[str, Video]) -> dict[str, Video]:
    found = {}
    for short in ORDER:
        names = [name for name in videos if re.fullmatch(rf"{short}(?:\W.*|_.*)?", name)]
        if len(names) != 1:
            raise UserError(
                f"the split hasani2021 needs one video {short}, and there are {len(names)}",
                where="--split",
                remedy="give the seven *_va3.csv of UCI's gesture phase, or take --split videos",
            )
        found[names[0]] = videos[names[0]]
    return found


def _frames(windows) -> set[tuple[str, int]]:
    return {(name, frame) for name, start in windows for frame in range(start, start + WINDOW)}


def _rows(videos: Mapping[str, Video], windows: list[tuple[str, int]]) -> pd.DataFrame:
    rows = [
        (
            f"{name}:{start}-{start + WINDOW}",
            videos[name].frames[start : start + WINDOW],
            (videos[name].labels or [])[start : start + WINDOW],
        )
        for name, start in windows
    ]
    return pd.DataFrame(rows, columns=["id", "frames", "label"])
