"""Reads a series, prepares standardised arrays, and reads files to forecast."""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pipeline.corpora.series.corpus import read_series_corpus
from pipeline.corpora.series.spacing import Spacing, step_spacing
from pipeline.corpora.series.table import read_series
from pipeline.corpora.split_file import SplitFile
from pipeline.corpora.splits import CorpusSplits
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.evaluation.forecasting import naive_scales
from pipeline.facts import Prepared
from pipeline.progress import say
from pipeline.tasks.forecasting import TASK
from pipeline.tasks.forecasting.prepared import (
    EXAMPLE,
    Scaling,
    SeriesFacts,
    save_split,
    steps_of_train,
)
from pipeline.tasks.forecasting.settings import Settings
from pipeline.workspace import SAMPLES, Workspace

SAMPLE = SAMPLES / "forecasting" / "prices.csv"
ASSETS = "assets.extra"


def read(settings: Settings, workspace: Workspace) -> CorpusSplits:
    return read_series_corpus(settings.corpus, workspace.raw, SAMPLE)


def prepare(
    settings: Settings, splits: Mapping[str, SplitFile], corpus_folder: Path, folder: Path
) -> Prepared:
    frames = {name: split.frame() for name, split in splits.items()}
    history, forecast = (
        {
            name: field.stretches(list(frame[field.in_column]), corpus_folder)
            for name, frame in frames.items()
        }
        for field in (TASK.input, TASK.output)
    )
    train = steps_of_train(history["train"], forecast["train"])
    scaling, first = Scaling.of(train), history["train"][0]
    spacing = step_spacing(first.whole.seconds)
    window = first.stop - first.start
    facts = SeriesFacts(
        channels=first.whole.channels,
        window=window,
        horizon=forecast["train"][0].stop - first.stop,
        scaling=scaling,
        season=spacing.season,
        naive_scales=tuple(naive_scales(scaling.standardised(train), spacing.season).tolist()),
        spacing=spacing,
    )
    facts.save(folder)
    for name in splits:
        begin = min(stretch.start for stretch in history[name])
        end = max(stretch.stop for stretch in forecast[name])
        steps = history[name][0].whole.values[begin:end]
        starts = np.array([stretch.start - begin for stretch in history[name]])
        save_split(folder, name, scaling.standardised(steps), starts)
    np.save(folder / EXAMPLE, np.float32(first.whole.values[-window:]), allow_pickle=False)
    return Prepared(
        summary=f"{len(frames['train']):,} windows in train, {counted(window, 'step')} each, of "
        f"{counted(len(facts.channels), 'channel')}; {facts.horizon:,} are forecast"
    )


def example(settings: Settings, prepared_folder: Path) -> np.ndarray:
    """The last steps of the series; the values after them are not known."""
    return np.load(prepared_folder / EXAMPLE, allow_pickle=False)


@dataclasses.dataclass(frozen=True)
class History:
    """A series to forecast.

    Attributes:
        values: float32 [time, channels], in the order of the model's channels.
        time_name: name of the column with the times.
        spacing: distance between its steps.
    """

    values: np.ndarray
    time_name: str
    spacing: Spacing


def values_in(path: str, model: Path | None) -> list[History]:
    """Reads the channels that the model was trained with, found by name.

    Raises:
        UserError: the file cannot be read, or a channel is missing.
    """
    if path == "-":
        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            file.write(sys.stdin.buffer.read())
            file.flush()
            try:
                return values_in(file.name, model)
            except UserError as error:
                where = str(error.where).replace(file.name, "standard input")
                raise UserError(error.what, where=where, remedy=error.remedy) from None
    if path.endswith(".npy"):
        return [History(value, "step", Spacing()) for value in TASK.input.from_file(path)]
    facts = None if model is None else SeriesFacts.load(model / ASSETS)
    table = read_series(Path(path), None if facts is None else facts.channels)
    for note in table.notes:
        say(f"{path}: {note}")
    return [History(np.float32(table.values), table.time_name, step_spacing(table.seconds))]
