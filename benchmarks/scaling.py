"""What a larger corpus costs: seconds and peak memory of each stage.

    python -m benchmarks.scaling [--rows 250000 1000000 4000000 10000000]
                                 [--stages corpus prepare epoch] [--settings "..."]

The corpus is a user's own TSV of NSMC's training reviews. Of more rows than these there are, a
review is the first words of one and the last words of another, drawn anew (`recombined`), so that
no two need be equal. The stages are those of `make train-sentiment`, and `epoch`, which makes all
batches of an epoch as the training does and trains nothing. Memory is the peak of what the process
and its children hold (resident, pages of mapped files among it).

The last line of a table says how straight the line is: the seconds a row and the gigabytes of the
most rows as a multiple of those of the rows before.
"""

from __future__ import annotations

import argparse
import random
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.accuracy import measured_command, stage
from benchmarks.tables import print_table
from pipeline.__main__ import prepare_process

EPOCH = "epoch"


def reviews(rows: int) -> Iterator[tuple[str, str]]:
    """So many reviews and their labels."""
    from pipeline.corpora import catalogue
    from pipeline.corpora.fetch import fetch
    from pipeline.corpora.labelled.reviews import read_nsmc
    from pipeline.workspace import Workspace

    train = catalogue.find("nsmc").files["train"]
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


def make_an_epoch(words: list[str]) -> None:
    """All batches of the first epoch of a run that is prepared.

    Args:
        words: settings of the run.
    """
    from pipeline.quiet import start_keras

    start_keras(1)
    from pipeline.facts import Prepared
    from pipeline.settings import parse
    from pipeline.tasks.sentiment import TASK
    from pipeline.workspace import Manifest, Workspace

    workspace = Workspace()
    settings = parse(TASK.settings, words, program="python -m benchmarks.scaling", description="")
    run = workspace.run("sentiment", settings.run.name)
    prepared = Manifest.read(run / "prepared.json", Prepared)
    if prepared is None:
        sys.exit(f"error: {run} is not prepared")
    plan = TASK.training.plan(settings, workspace.root / prepared.facts.folder)
    batches, tokens = plan.batches(0), 0
    for index in range(len(batches)):
        inputs, _ = batches[index]
        tokens += int(inputs["lengths"].sum())
    print(f"{len(batches):,} batches, {tokens:,} pieces", file=sys.stderr)


def measured(name: str, words: list[str]) -> tuple[float, float]:
    """Seconds and gigabytes of a stage."""
    if name == EPOCH:
        own = [sys.executable, "-m", "benchmarks.scaling", f"--epoch-of={shlex.join(words)}"]
        return measured_command(own)
    return stage(name, ["sentiment", *words])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[250_000, 1_000_000, 4_000_000, 10_000_000]
    )
    parser.add_argument("--stages", nargs="+", default=["corpus", "prepare", EPOCH])
    parser.add_argument("--settings", default="", help="settings other than the defaults")
    parser.add_argument("--epoch-of", help="used by this program itself")
    arguments = parser.parse_args()
    if arguments.epoch_of:
        prepare_process()
        make_an_epoch(shlex.split(arguments.epoch_of))
        return
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in arguments.stages}
    sizes = []
    with tempfile.TemporaryDirectory(dir=".") as folder:
        for rows in arguments.rows:
            path, run = Path(folder) / f"reviews{rows}.tsv", f"scaling{rows}"
            write_corpus(path, rows)
            sizes.append(path.stat().st_size / 1e9)
            words = ["--corpus", str(path), "--name", run, *shlex.split(arguments.settings)]
            for name in arguments.stages:
                started = time.perf_counter()
                found[name].append(measured(name, words))
                seconds = time.perf_counter() - started
                print(f"{rows:,} rows, {name}: {seconds:.0f} s", file=sys.stderr)
            path.unlink()
    for name, costs in found.items():
        table = [
            [
                f"{rows:,}",
                f"{size:.2f}",
                f"{seconds:.1f}",
                f"{1e6 * seconds / rows:.1f}",
                f"{peak:.2f}",
            ]
            for rows, size, (seconds, peak) in zip(arguments.rows, sizes, costs, strict=True)
        ]
        if len(costs) > 1:
            (before, low), (seconds, peak) = costs[-2:]
            a_row = seconds / arguments.rows[-1] / (before / arguments.rows[-2])
            table.append(["last / before", "", "", f"{a_row:.2f}", f"{peak / low:.2f}"])
        print_table(name, ["rows", "GB of text", "seconds", "µs a row", "peak GB"], table)


if __name__ == "__main__":
    main()
