"""Reads videos, and prepares standardised features and label numbers."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.batches.frame_windows import FrameRows
from pipeline.corpora.framed.corpus import ENCODER, FEATURES, picture_encoder, read_framed_corpus
from pipeline.corpora.framed.filmed_video import frame_features
from pipeline.corpora.framed.sources import is_filmed
from pipeline.corpora.framed.whole_videos import shortened_text
from pipeline.corpora.split_file import SplitFile
from pipeline.corpora.splits import CorpusSplits
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.facts import Prepared
from pipeline.tasks.frames import TASK
from pipeline.tasks.frames.settings import Settings
from pipeline.text.ragged import Ragged
from pipeline.workspace import SAMPLES, Workspace, atomic_file, read_json, write_json

SAMPLE = SAMPLES / "frames"
LABELS = "labels.json"
NAMES = Path("features.json")
"""Names of the features in their order; an empty list if the corpus has none."""
PICTURES = Path("pictures.json")
"""Name of the picture encoder of the features; empty if they are from tables."""
_ASSETS = Path("assets.extra")
STANDARD = "standard.npz"
_AT_ONCE = 64  # features


def read(settings: Settings, workspace: Workspace) -> CorpusSplits:
    return read_framed_corpus(settings.corpus, SAMPLE, workspace.derived)


def prepare(
    settings: Settings, splits: Mapping[str, SplitFile], corpus_folder: Path, folder: Path
) -> Prepared:
    rows = {name: split.frame() for name, split in splits.items()}
    gold = {name: _labels(frame, corpus_folder) for name, frame in rows.items()}
    labels = sorted({label for row in gold["train"] for label in row})
    if len(labels) < 2:
        raise UserError(
            f"every frame of train has the same label, {labels[0]}",
            where=corpus_folder,
            remedy="hold out other videos with --dev-videos and --test-videos",
        )
    numbers = {label: number for number, label in enumerate(labels)}
    write_json(folder / LABELS, labels)
    write_json(folder / NAMES, json.loads(rows["train"][FEATURES].iloc[0] or "[]"))
    write_json(folder / PICTURES, {"encoder": rows["train"][ENCODER].iloc[0]})
    constant: list[int] = []
    for name, frame in rows.items():
        ids = Ragged.from_lists([[numbers.get(label, -1) for label in row] for row in gold[name]])
        videos = (TASK.input.load(cell, corpus_folder) for cell in frame["frames"])
        FrameRows.write(folder, name, videos, ids)
        if name == "train":
            frames = FrameRows.load(folder, name).frames
            standard = FeatureScaling.of(frames)
            standard.save(folder)
            constant = np.flatnonzero(frames.min(axis=0) == frames.max(axis=0)).tolist()
    frames_of = {name: sum(map(len, rows)) for name, rows in gold.items()}
    return Prepared(
        summary=f"{counted(frames_of['train'], 'frame')} in train, "
        f"{counted(len(standard.mean), 'feature')}, {counted(len(labels), 'label')}",
        warnings=[
            f"Features that are the same in all frames of train, so that nothing is learnt of them "
            f"(counted from 1): {shortened_text(', '.join(str(place + 1) for place in constant))}."
        ]
        * bool(constant),
        details={"labels": labels, "frames": frames_of},
    )


def example(settings: Settings, prepared_folder: Path) -> np.ndarray:
    """Two seconds of invented motion in the units of the corpus, so that no data of a user is
    exported."""
    standard = FeatureScaling.load(prepared_folder)
    phase = np.arange(len(standard.mean)) + np.arange(48)[:, None] / 6
    return (standard.mean + standard.std * np.sin(phase)).astype(np.float32)


def values_in(path: str, model: Path | None) -> list[np.ndarray]:
    """Reads the video in a file, with columns in the order of the model and without labels. Of a
    video file or a folder of pictures it gives the features of the picture encoder."""
    names = [] if model is None else _names(model / _ASSETS / NAMES)
    if not is_filmed(Path(path)):
        return TASK.input.in_order(path, names)
    if (
        model is not None
        and (encoder := picture_encoder_name(model / _ASSETS)) != picture_encoder()
    ):
        raise UserError(
            "shows pictures, and the model "
            + (f"takes features by {encoder}" if encoder else "was trained on tables of features"),
            where=path,
            remedy="train one on videos with pictures"
            if encoder
            else "give a CSV file with one row per frame",
        )
    with tempfile.TemporaryDirectory() as store:
        return [np.array(frame_features(Path(path), Path(store)).frames, np.float32)]


def picture_encoder_name(folder: Path) -> str:
    """Name of the picture encoder whose features a model takes; empty if it takes tables."""
    return str(read_json(folder / PICTURES)["encoder"]) if (folder / PICTURES).exists() else ""


def _names(path: Path) -> list[str]:
    return list(read_json(path)) if path.exists() else []


@dataclasses.dataclass(frozen=True)
class FeatureScaling:
    """Mean and standard deviation of each feature over the frames of train, float64 [features];
    the deviation of a constant feature is 1."""

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, frames: np.ndarray) -> FeatureScaling:
        width = frames.shape[1]
        # Some features at a time, since a float64 copy of many would fill the memory.
        columns = [frames[:, first : first + _AT_ONCE] for first in range(0, width, _AT_ONCE)]
        std = np.concatenate([part.std(axis=0, dtype=np.float64) for part in columns])
        # A constant feature differs from its mean only by rounding.
        largest = np.maximum(frames.max(axis=0), -frames.min(axis=0))
        tiny = 1e-6 * np.maximum(largest, 1e-30)
        return cls(frames.mean(axis=0, dtype=np.float64), np.where(std > tiny, std, 1.0))

    def save(self, folder: Path) -> None:
        with atomic_file(folder / STANDARD) as temporary:
            np.savez(temporary, mean=self.mean, std=self.std)

    @classmethod
    def load(cls, folder: Path) -> FeatureScaling:
        with np.load(folder / STANDARD, allow_pickle=False) as stored:
            return cls(stored["mean"], stored["std"])


def label_names(prepared_folder: Path) -> list[str]:
    """The labels of train, in the order of their numbers."""
    return list(read_json(prepared_folder / LABELS))


def _labels(frame: pd.DataFrame, corpus_folder: Path) -> list[list[str]]:
    return [list(row) for row in TASK.output.load_all(frame["label"], corpus_folder)]
