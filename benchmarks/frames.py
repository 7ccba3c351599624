"""Trains on UCI's gesture phase: with the split of published figures, and with whole videos.

    python -m benchmarks.frames 'gesture-phase/*_va3.csv'
    python -m benchmarks.frames 'gesture-phase/*_va3.csv' --parts lookup published
    python -m benchmarks.frames 'gesture-phase/*_va3.csv' --parts videos --directions forward
    python -m benchmarks.frames 'gesture-phase/*_va3.csv' --parts videos --served 201

published: the windows of Hasani et al. 2021, whose test overlaps with train (runs
published-<direction>). videos: each video is test once, with the next one as dev and the others as
train (runs without-<video>-<direction>); the mean is weighted by frames. lookup: without a model,
each frame gets the label of the nearest frame of train, which shows how much of a split can be
looked up. With --served each model is exported, as version 201 and on, and its accuracy on test is
computed once more in a process with TensorFlow alone (`benchmarks/served_frames.py`).
"""

from __future__ import annotations

import argparse
import itertools
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.accuracy import STAGES, stage
from benchmarks.foreign import foreign_process
from benchmarks.tables import print_table
from pipeline.corpora.framed.corpus import read_framed_corpus
from pipeline.corpora.framed.sources import sources_of
from pipeline.corpora.settings import FrameCorpusSettings
from pipeline.evaluation.frames import frame_scores
from pipeline.facts import CorpusFacts
from pipeline.tasks.frames.data import SAMPLE, FeatureScaling
from pipeline.workspace import Manifest, Workspace, read_json

SCORES = ("accuracy", "macro_f1", "f1_10", "f1_25", "f1_50", "edit")
PARTS = ("lookup", "published", "videos")
DIRECTIONS = {"forward": "causal", "both": "bidirectional"}


def lookup(corpus: FrameCorpusSettings) -> dict[str, float]:
    """Scores of a nearest-neighbour lookup in train, with standardised features."""
    splits = read_framed_corpus(corpus, SAMPLE, Workspace().derived).splits
    train, test = (np.concatenate(list(splits[name]["frames"])) for name in ("train", "test"))
    standard = FeatureScaling.of(train)
    nearest = KNeighborsClassifier(1).fit(
        (train - standard.mean) / standard.std, np.concatenate(list(splits["train"]["label"]))
    )
    found = nearest.predict((test - standard.mean) / standard.std)
    ends = np.cumsum([len(row) for row in splits["test"]["label"]])[:-1]
    return frame_scores(list(splits["test"]["label"]), np.split(found, ends))


def trained(name: str, words: Sequence[str], versions: Iterator[int] | None) -> dict:
    """The metrics.json of a run, which is trained first if necessary.

    Args:
        name: of the run.
        words: its settings.
        versions: the next one is for its export, whose accuracy is `served` then; None: no export.
    """
    workspace, words = Workspace(), ["frames", *words, f"--name={name}"]
    for step in STAGES:
        stage(step, words)
    folder = workspace.run("frames", name)
    metrics = read_json(folder / "metrics.json")
    if versions is None:
        return metrics
    version = next(versions)
    stage("export", [*words, f"--version={version}"])
    corpus = Manifest.read(folder / "corpus.json", CorpusFacts).facts.folder
    model = Path("saved_models", "frames", str(version))
    told = foreign_process(
        "served_frames.py", model.resolve(), Path(corpus, "test.tsv").resolve(), "--frames", 10
    )
    right, total = re.search(r": ([\d,]+) of ([\d,]+) frames", told).groups()
    return {**metrics, "served": int(right.replace(",", "")) / int(total.replace(",", ""))}


def held_out(
    corpus: str, words: Sequence[str], direction: str, versions: Iterator[int] | None
) -> list[tuple[str, dict]]:
    """Each video with the metrics of the run that was not trained on it."""
    videos, found = [source.path.stem for source in sources_of(corpus)], []
    for number, video in enumerate(videos):
        dev = videos[(number + 1) % len(videos)]
        held = [f"--test-videos={video}", f"--dev-videos={dev}"]
        name = f"without-{video}-{direction}"
        found.append((video, trained(name, [*words, *held], versions)))
    return found


def mean_scores(found: Sequence[tuple[str, dict]]) -> dict[str, float]:
    """The mean over videos, weighted by their numbers of frames."""
    frames = [metrics["frames"] for _, metrics in found]
    names = [name for name in (*SCORES, "served") if name in found[0][1]]
    return {s: float(np.average([m[s] for _, m in found], weights=frames)) for s in names}


def row(what: str, scores: dict, columns: Sequence[str]) -> list[str]:
    return [what, *(f"{100 * scores[name]:.1f}" if name in scores else "" for name in columns)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", help="folder or pattern of the seven *_va3.csv")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--directions", nargs="+", choices=DIRECTIONS, default=list(DIRECTIONS))
    parser.add_argument("--settings", default="", help="of the trainings, as on the command line")
    parser.add_argument("--served", type=int, metavar="VERSION", help="of the first export")
    asked = parser.parse_args()
    versions = itertools.count(asked.served) if asked.served else None
    published = FrameCorpusSettings(corpus=asked.corpus, split="hasani2021")
    words = [f"--corpus={Path(asked.corpus)}", *shlex.split(asked.settings)]
    columns, rows = [*SCORES, *(["served"] if versions else [])], []
    if "lookup" in asked.parts:
        rows.append(row("published split, looked up", lookup(published), columns))
    for direction in asked.directions:
        these, model = [*words, f"--direction={direction}"], DIRECTIONS[direction]
        if "published" in asked.parts:
            metrics = trained(f"published-{direction}", [*these, "--split=hasani2021"], versions)
            rows.append(row(f"published split, {model}", metrics, columns))
        if "videos" in asked.parts:
            found = held_out(asked.corpus, these, direction, versions)
            rows += [
                row(f"{video} held out, {model}", metrics, columns) for video, metrics in found
            ]
            rows.append(row(f"whole videos, {model}, mean", mean_scores(found), columns))
    print_table("frames, %", ["", *(name.replace("_", " ") for name in columns)], rows)


if __name__ == "__main__":
    main()
