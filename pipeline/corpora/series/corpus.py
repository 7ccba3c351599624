"""Reads and splits series, for a forecaster."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.corpora import catalogue
from pipeline.corpora.fetch import CorpusUnavailable, fetch
from pipeline.corpora.origins import catalogue_origin, own_origin, stand_in_warning
from pipeline.corpora.series.spacing import DAY, step_spacing, written_times
from pipeline.corpora.series.table import SeriesTable, read_series
from pipeline.corpora.settings import SeriesCorpusSettings
from pipeline.corpora.splits import CorpusSplits
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.facts import Origin
from pipeline.fields import StepRange, WholeSeries

SAMPLE_ORIGIN = Origin(
    "bundled sample of daily prices",
    "data/samples/forecasting/prices.csv, made by a program of this project (a random walk)",
    "Apache-2.0",
)
MAX_WINDOW, MAX_HORIZON = 720, 96
"""Defaults for a series that is long enough."""
_WINDOW_PART, _HORIZON_PART = 4, 5


@dataclasses.dataclass(frozen=True)
class Parts:
    """Sizes of the splits of a series, and of its examples.

    Attributes:
        train, dev, test: number of steps, in this order from the first step.
        window, horizon: number of steps that are read and forecast.
    """

    train: int
    dev: int
    test: int
    window: int
    horizon: int

    def starts(self) -> dict[str, np.ndarray]:
        """Split -> first steps of its windows, int [windows]. Every step that a window of dev or
        test forecasts is of that split; what it reads may reach into the split before."""
        ends = np.cumsum([self.train, self.dev, self.test])
        begins = [self.window, self.train, self.train + self.dev]
        return {
            name: np.arange(begin, end - self.horizon + 1) - self.window
            for name, begin, end in zip(("train", "dev", "test"), begins, ends, strict=True)
        }


def read_series_corpus(chosen: SeriesCorpusSettings, raw: Path, sample: Path) -> CorpusSplits:
    """Reads a series and splits it in time: of the catalogue, bundled, or a user's own file.

    Rows of the splits are windows, as `StepRange` of one series: no window is copied. The
    split is 7:1:2, or the usual one of a corpus of the catalogue (`Corpus.parts`).

    Args:
        chosen: which corpus.
        raw: where downloaded files are kept.
        sample: the bundled series, also used if one of the catalogue is not available.

    Raises:
        UserError: there is no such series, or it is too short.
    """
    if chosen.corpus == "sample":
        return _split("sample", sample, SAMPLE_ORIGIN, chosen)
    path = Path(chosen.corpus)
    named = chosen.corpus in catalogue.CATALOGUE
    if not named and (path.suffix or len(path.parts) > 1 or os.path.exists(path)):
        return _split(path.stem, path, own_origin([path]), chosen)
    corpus = catalogue.find_corpus(chosen.corpus, "series")
    try:
        (path,) = (fetch(file, raw) for file in corpus.files.values())
    except CorpusUnavailable as error:
        splits = _split("sample", sample, SAMPLE_ORIGIN, dataclasses.replace(chosen, channels=None))
        warning = stand_in_warning(corpus, error, "prices").replace("hand-written", "made-up")
        return dataclasses.replace(splits, stand_in=True, warnings=[warning, *splits.warnings])
    return _split(corpus.name, path, catalogue_origin(corpus), chosen, corpus)


def _split(
    name: str,
    path: Path,
    origin: Origin,
    chosen: SeriesCorpusSettings,
    corpus: catalogue.Corpus | None = None,
) -> CorpusSplits:
    table = read_series(path, channel_names(chosen.channels), chosen.time_column)
    if corpus is not None and len(table.values) != corpus.steps:
        raise UserError(
            f"holds {counted(len(table.values), 'step')}, not {corpus.steps:,}", where=path
        )
    parts = split_parts(len(table.values), chosen, path, corpus.parts if corpus else None)
    _check_varies(table, parts.train, path)
    whole = WholeSeries(np.float32(table.values), table.names, table.seconds)
    spacing = step_spacing(table.seconds)
    if table.seconds is None:
        times = [str(number) for number in range(1, len(whole) + 1)]
    else:
        moments = table.seconds.astype("datetime64[s]")
        times = written_times(moments, whole_days=spacing.kind != "seconds" or spacing.size >= DAY)
    splits = {
        split: _frame(whole, starts, parts, times) for split, starts in parts.starts().items()
    }
    notes = list(table.notes)
    if spacing.gaps:
        notes.append(
            f"{counted(spacing.missing, 'step')} missing at {counted(spacing.gaps, 'place')}: "
            "rows are taken as they follow each other"
        )
    steps = f"{len(whole):,}, {spacing.words}"
    read_as = f"{table.read_as}; {steps}; window {parts.window}, horizon {parts.horizon}"
    return CorpusSplits(
        name,
        splits,
        origin,
        files=[path],
        rejects=table.rejects,
        warnings=[f"{_sentence(note)} ({path.name})." for note in notes],
        besides={
            "channels": ", ".join(table.names),
            "steps": steps,
            "split": f"in time: {parts.train:,} / {parts.dev:,} / {parts.test:,} steps",
        },
        details={"read_as": read_as},
    )


def _frame(
    whole: WholeSeries, starts: np.ndarray, parts: Parts, times: Sequence[str]
) -> pd.DataFrame:
    """The windows as rows: time of the first forecast step, steps that are read, steps that are
    forecast."""
    between = starts + parts.window
    rows = [
        (times[now], StepRange(whole, start, now), StepRange(whole, now, now + parts.horizon))
        for start, now in zip(starts.tolist(), between.tolist(), strict=True)
    ]
    return pd.DataFrame(rows, columns=["id", "history", "forecast"])


def split_parts(
    steps: int,
    chosen: SeriesCorpusSettings,
    where: object,
    published: tuple[int, int, int] | None = None,
) -> Parts:
    """The sizes of the splits, the window and the horizon.

    Defaults depend on the length of the series: the window is a quarter of train, at most 720
    steps; the horizon a fifth of dev, at most 96.

    Args:
        published: steps of train, dev and test; None for 7:1:2.

    Raises:
        UserError: the series is too short.
    """
    test = int(steps * 0.2)
    train = int(steps * 0.7)
    train, dev, test = published or (train, steps - train - test, test)
    window = chosen.window or max(min(MAX_WINDOW, train // _WINDOW_PART), 1)
    horizon = chosen.horizon or max(min(MAX_HORIZON, dev // _HORIZON_PART), 1)
    if train < window + horizon or min(dev, test) < horizon:
        raise UserError(
            f"has {counted(steps, 'step')}, of which {train:,} are train, {dev:,} dev and {test:,} "
            f"test: too few for a window of {window:,} and a horizon of {horizon:,}",
            where=where,
            remedy="give a longer series, or smaller --window and --horizon",
        )
    return Parts(train, dev, test, window, horizon)


def channel_names(setting: str | None) -> list[str] | None:
    """The names in a setting, separated by commas; None for all channels."""
    if setting is None:
        return None
    names = [name.strip() for name in setting.split(",") if name.strip()]
    if not names or len(set(names)) < len(names):
        raise UserError(
            "names a channel twice" if names else "names no channel",
            where="--channels",
            remedy="give names of columns with commas between them",
        )
    return names


def _check_varies(table: SeriesTable, train: int, path: Path) -> None:
    """Notes channels that never change in train; refuses a series in which none changes."""
    constant = (table.values[:train] == table.values[0]).all(axis=0)
    if constant.all():
        raise UserError(
            "no channel ever changes in the part that is learnt from",
            where=path,
            remedy="there is nothing to forecast; give another series",
        )
    if constant.any():
        names = ", ".join(name for name, same in zip(table.names, constant, strict=True) if same)
        table.notes.append(f"never changes in train, so nothing is learnt of it: {names}")


def _sentence(note: str) -> str:
    return note[0].upper() + note[1:]
