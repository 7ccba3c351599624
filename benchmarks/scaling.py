"""Measures time and peak memory of each stage for growing corpora.

    python -m benchmarks.scaling [--rows 250000 1000000 4000000 10000000]
                                 [--stages corpus prepare begin] [--settings "--encoder none"]

The corpus is a user's own TSV of NSMC's training reviews. For more rows than NSMC has, a review
joins the first words of one review and the last words of another (`recombined`). The stages are
those of `make train-sentiment`, and `begin`: the beginning of a training, which makes an epoch and
its order, takes 50 steps, from the narrowest batch to the widest, and looks at dev. Without a
pretrained encoder, since only then pieces are learnt.

"GB" is the peak of memory of the process and its children, "of files" the part of it that are pages
of mapped files, which the system can write back. The last line of a table shows whether the cost is
linear: seconds per row and memory of the largest corpus, divided by those of the one before.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.accuracy import Cost, measured_command, stage
from benchmarks.tables import print_table
from pipeline.__main__ import prepare_process

if TYPE_CHECKING:
    from pipeline.batches.length_buckets import LengthBuckets

BEGIN = "begin"
STEPS = 50


def reviews(rows: int) -> Iterator[tuple[str, str]]:
    """Yields `rows` reviews with labels."""
    from pipeline.corpora import catalogue
    from pipeline.corpora.fetch import fetch
    from pipeline.corpora.labelled.reviews import read_nsmc
    from pipeline.workspace import Workspace

    train = catalogue.find_corpus("nsmc").files["train"]
    frame = read_nsmc(fetch(train, Workspace().raw)).frame
    texts, labels = list(frame["text"]), list(frame["label"])
    yield from zip(texts[:rows], labels[:rows], strict=True)
    yield from recombined(texts, labels, rows - len(texts))


def recombined(texts: list[str], labels: list[str], rows: int) -> Iterator[tuple[str, str]]:
    """The first words of one review and the last of another, with the label of the former."""
    draw = random.Random(1)
    for _ in range(rows):
        one, other = draw.randrange(len(texts)), draw.randrange(len(texts))
        first, last = texts[one].split(" "), texts[other].split(" ")
        words = first[: draw.randint(1, len(first))] + last[draw.randrange(len(last)) :]
        yield " ".join(words), labels[one]


def write_corpus(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("text\tlabel\n")
        file.writelines(f"{text}\t{label}\n" for text, label in reviews(rows))


def begin_training(words: list[str]) -> None:
    """Runs the first steps of a prepared run.

    Args:
        words: settings of the run.
    """
    from pipeline.quiet import start_keras

    start_keras(1)
    from pipeline.facts import Prepared
    from pipeline.settings import parse
    from pipeline.tasks.sentiment import TASK
    from pipeline.training.fit import fit
    from pipeline.workspace import Manifest, Workspace

    workspace = Workspace()
    settings = parse(TASK.settings, words, program="python -m benchmarks.scaling", description="")
    run = workspace.run("sentiment", settings.run.name)
    prepared = Manifest.read(run / "prepared.json", Prepared)
    if prepared is None:
        sys.exit(f"error: {run} is not prepared")
    plan = TASK.training.plan(settings, workspace.root / prepared.facts.folder)
    epoch = plan.batches(1)
    batches = evenly_by_width(epoch, STEPS)
    few = dataclasses.replace(plan, batches=lambda number: batches)
    training = dataclasses.replace(settings.training, epochs=1, min_steps=STEPS, evaluations=1)
    fit(few, training, run)
    narrow, wide = (batches[i][0]["ids"].shape[1] for i in (0, -1))
    steps = f"{len(batches)} of them, {narrow} to {wide} pieces wide"
    print(f"{len(epoch):,} batches an epoch, {steps}", file=sys.stderr)


def evenly_by_width(epoch: LengthBuckets, count: int) -> list:
    """So many batches from the narrowest to the widest: memory hangs on the widest that is seen,
    and of more batches the first ones are not wider."""
    lengths = epoch.rows.lengths
    widths = [lengths[rows].max() for rows in epoch.batch_rows]
    places = np.linspace(0, len(widths) - 1, min(count, len(widths)))
    return [epoch[i] for i in np.argsort(widths, kind="stable")[places.round().astype(int)]]


def measured(name: str, words: list[str]) -> Cost:
    """The cost of a stage."""
    if name == BEGIN:
        own = [sys.executable, "-m", "benchmarks.scaling", f"--begin={shlex.join(words)}"]
        return measured_command(own)
    return stage(name, ["sentiment", *words])


def _forget(run: Path) -> None:
    """Removes a run and its prepared data, which have gigabytes."""
    corpus = run / "corpus.json"
    if corpus.exists():
        shutil.rmtree(json.loads(corpus.read_bytes())["facts"]["folder"], ignore_errors=True)
    shutil.rmtree(run, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[250_000, 1_000_000, 4_000_000, 10_000_000]
    )
    parser.add_argument("--stages", nargs="+", default=["corpus", "prepare", BEGIN])
    parser.add_argument("--settings", default="--encoder none", help="of the task")
    parser.add_argument("--begin", help="only used by this program")
    arguments = parser.parse_args()
    if arguments.begin:
        prepare_process()
        begin_training(shlex.split(arguments.begin))
        return
    found: dict[str, list[Cost]] = {name: [] for name in arguments.stages}
    sizes = []
    with tempfile.TemporaryDirectory(dir=".") as folder:
        for rows in arguments.rows:
            path, run = Path(folder) / f"reviews{rows}.tsv", f"scaling{rows}"
            write_corpus(path, rows)
            sizes.append(path.stat().st_size / 1e9)
            words = ["--corpus", str(path), "--name", run, *shlex.split(arguments.settings)]
            shutil.rmtree(Path("runs", "sentiment", run), ignore_errors=True)
            for name in arguments.stages:
                found[name].append(measured(name, words))
                print(f"{rows:,} rows, {name}: {found[name][-1]}", file=sys.stderr)
            path.unlink()
            _forget(Path("runs", "sentiment", run))
    columns = ["rows", "GB of text", "seconds", "µs a row", "GB", "of files"]
    for name, costs in found.items():
        table = [
            [
                f"{rows:,}",
                f"{size:.2f}",
                f"{cost.seconds:.1f}",
                f"{1e6 * cost.seconds / rows:.1f}",
                f"{cost.resident:.2f}",
                f"{cost.resident - cost.own:.2f}",
            ]
            for rows, size, cost in zip(arguments.rows, sizes, costs, strict=True)
        ]
        if len(costs) > 1:
            before, last = costs[-2:]
            a_row = last.seconds / arguments.rows[-1] / (before.seconds / arguments.rows[-2])
            memory = f"{last.resident / before.resident:.2f}"
            table.append(["last / before", "", "", f"{a_row:.2f}", memory, ""])
        print_table(name, columns, table)


if __name__ == "__main__":
    main()
