"""A series that is made here, to windows, to arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.corpora.split_file import SplitFile
from pipeline.corpora.splits import CorpusSplits, in_time
from pipeline.facts import Origin, Prepared
from pipeline.tasks.tiny_series import TASK
from pipeline.tasks.tiny_series.settings import Settings
from pipeline.workspace import Workspace

STEPS = 400


def read(settings: Settings, workspace: Workspace) -> CorpusSplits:
    time = np.arange(STEPS)
    noise = np.random.default_rng(1).normal(scale=0.05, size=STEPS)
    series = (10 + 3 * np.sin(time / 4) + np.sin(time / 11) + noise).astype(np.float32)[:, None]
    window, horizon = settings.corpus.window, settings.corpus.horizon
    starts = np.arange(STEPS - window - horizon + 1)
    rows = [
        (str(start), series[start : start + window], series[start + window :][:horizon])
        for start in starts
    ]
    frame = pd.DataFrame(rows, columns=["id", "history", "forecast"])
    # A window reads what is before its forecast: no step that dev or test forecast was seen.
    split = in_time(len(rows), dev=0.2, test=0.2, gap=horizon - 1)
    origin = Origin("two sines", "made by this test", "none needed")
    splits = {name: frame.iloc[rows].reset_index(drop=True) for name, rows in split.items()}
    return CorpusSplits("sines", splits, origin)


def prepare(
    settings: Settings, splits: Mapping[str, SplitFile], corpus_folder: Path, folder: Path
) -> Prepared:
    for name, split in splits.items():
        frame = split.frame()
        history, forecast = (
            np.stack(field.load_all(frame[field.in_column], corpus_folder))
            for field in (TASK.input, TASK.output)
        )
        np.savez(folder / f"{name}.npz", history=history, forecast=forecast)
    return Prepared(summary=f"{len(splits['train']):,} windows in train")
