"""Pictures that are drawn here, to splits, to arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf

from pipeline.corpora.split_file import SplitFile
from pipeline.corpora.splits import CorpusSplits, by_share
from pipeline.facts import Origin, Prepared
from pipeline.tasks.tiny_picture import TASK
from pipeline.tasks.tiny_picture.drawing import stripes
from pipeline.tasks.tiny_picture.settings import Settings
from pipeline.workspace import Workspace

LABELS = ("가로", "세로")


def read(settings: Settings, workspace: Workspace) -> CorpusSplits:
    rows = [
        (str(seed), stripes(LABELS[seed % 2], seed), LABELS[seed % 2])
        for seed in range(settings.corpus.pictures)
    ]
    frame = pd.DataFrame(rows, columns=["id", "image", "label"])
    # By what a picture shows, so that no picture stands in two splits.
    test = by_share([TASK.input.digest(picture) for picture in frame["image"]], 0.2)
    rest = frame[~test]
    dev = by_share([TASK.input.digest(picture) for picture in rest["image"]], 0.2)
    splits = {"train": rest[~dev], "dev": rest[dev], "test": frame[test]}
    origin = Origin("stripes", "drawn by this test", "none needed")
    return CorpusSplits(
        "stripes", {name: part.reset_index(drop=True) for name, part in splits.items()}, origin
    )


def prepare(
    settings: Settings, splits: Mapping[str, SplitFile], corpus_folder: Path, folder: Path
) -> Prepared:
    for name, split in splits.items():
        frame = split.frame()
        pictures = TASK.input.load_all(frame["image"], corpus_folder)
        contents = tf.constant([picture.content for picture in pictures])
        labels = np.array([LABELS.index(label) for label in frame["label"]], np.int32)
        pixels = scaled(contents, settings.pictures.size).numpy()
        np.savez(folder / f"{name}.npz", pixels=pixels, labels=labels)
    return Prepared(summary=f"{len(splits['train']):,} pictures in train")


def scaled(contents: tf.Tensor, size: int) -> tf.Tensor:
    """Encoded pictures string [n] -> float32 [n, size, size, 1], 0 to 1; in a graph, too."""

    def one(content: tf.Tensor) -> tf.Tensor:
        picture = tf.io.decode_image(content, channels=1, expand_animations=False)
        picture.set_shape([None, None, 1])
        return tf.image.resize(tf.cast(picture, tf.float32) / 255, [size, size], "area")

    return tf.map_fn(one, contents, fn_output_signature=tf.TensorSpec([size, size, 1], tf.float32))
