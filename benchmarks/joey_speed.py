"""Seconds per training step and per translated sentence: our translator and Joey NMT in turns.

    python -m benchmarks.joey_speed --joey-python other/bin/python --run attention-1

`benchmarks.joey_nmt all` must be done for the run, with the same options: sizes, batches and
searches are those of its two trainings.

- a step, each its own batches: as in training, ours of similar lengths, Joey's of any; with making
  the batch, clipping and the optimizer, in ours also the averaged weights.
- a step, the same batches: both get our batches.
- a sentence, alone and in batches of 64: beam search over the same sentences of the test set, with
  the final weights of both; longer translations take longer.

Pieces are not sampled here. Both run on the same cores, each in its own process; they take turns, a
block of work each, and the median over blocks is printed. The first block is for warm-up and does
not count. On a busy machine torch's threads wait for each other, and the ratio is meaningless.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.joey_nmt import DRIVER, Beside, add_joey_options
from benchmarks.joey_speed_ours import plan_without_sampling
from benchmarks.tables import print_table
from pipeline.errors import UserError
from pipeline.workspace import read_json, write_json, write_text

MEASURES = {
    "steps": {"own": "a step, each its own batches", "given": "a step, the same batches"},
    "sentences": {"single": "a sentence, alone", "together": "a sentence, in batches of 64"},
}


class Side:
    """A process that runs a block of work on request."""

    def __init__(self, command: list[str], threads: int):
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )

    def block(self, measure: str) -> float:
        """Seconds of one block."""
        self.process.stdin.write(f"{measure}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise UserError(f"ended with {self.process.wait()}", where=self.process.args[2])
        return float(answer)

    def __enter__(self) -> Side:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()


def work_of_steps(side: Beside, folder: Path, count: int) -> tuple[list, Path, str]:
    """Rows of the batches, Joey's configuration, and further arguments of its program."""
    batches = plan_without_sampling(side.run).batches(0).batch_rows
    rows = [batch.tolist() for batch in batches[:count]]
    write_json(folder / "rows.json", rows)
    config = read_json(side.config)
    config["driver"]["sampling"] = 0
    config["data"]["train"] = str(side.run.pieces / "train")
    write_json(folder / "config.json", config)
    return rows, folder / "config.json", str(folder / "rows.json")


def work_of_sentences(side: Beside, folder: Path, count: int) -> tuple[list, Path, str]:
    """The same for rows of the test set, evenly spaced."""
    lines = (side.run.pieces / "test.source").read_text(encoding="utf-8").split("\n")[:-1]
    rows = np.linspace(0, len(lines) - 1, min(count, len(lines))).astype(int).tolist()
    write_json(folder / "rows.json", rows)
    write_text(side.run.pieces / "speed.source", "".join(f"{lines[row]}\n" for row in rows))
    return rows, side.config, "speed"


WORK = {"steps": work_of_steps, "sentences": work_of_sentences}


def measure(side: Beside, kind: str, count: int, blocks: int) -> list[list[str]]:
    """Rows of the table for one kind of work.

    Args:
        side: the run.
        kind: of `MEASURES`.
        count: steps or sentences per block.
        blocks: number of blocks, besides one for warm-up.
    """
    threads, table = side.arguments.threads, []
    with tempfile.TemporaryDirectory() as folder:
        given, config, rest = WORK[kind](side, Path(folder), count)
        ours = ["-m", "benchmarks.joey_speed_ours", side.run.name, kind, f"{folder}/rows.json"]
        joeys = ["-I", DRIVER, kind, str(config), rest]
        with (
            Side([sys.executable, *ours], threads) as us,
            Side([side.joey_python, *joeys], threads) as joey,
        ):
            for key, title in MEASURES[kind].items():
                print(f"{title}: {blocks} blocks", file=sys.stderr, flush=True)
                pairs = [(us.block(key), joey.block(key)) for _ in range(blocks + 1)][1:]
                columns = zip(*pairs, strict=True)
                our_ms, joeys_ms = (1000 * statistics.median(c) / len(given) for c in columns)
                ratios = [theirs / our for our, theirs in pairs]
                cells = [f"{our_ms:.1f}", f"{joeys_ms:.1f}", f"{joeys_ms / our_ms:.2f}x"]
                table.append([title, *cells, f"{min(ratios):.2f} to {max(ratios):.2f}"])
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", required=True, help="name of our run in runs/translation")
    parser.add_argument("--steps", type=int, default=30, help="steps per block; 0 for none")
    parser.add_argument(
        "--sentences", type=int, default=128, help="sentences per block; 0 for none"
    )
    parser.add_argument("--blocks", type=int, default=5, help="number of blocks")
    add_joey_options(parser)
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads])
    try:
        side, rows = Beside(arguments.run, arguments), []
        side.prepare()
        for kind in MEASURES:
            if count := getattr(arguments, kind):
                rows += measure(side, kind, count, arguments.blocks)
    except UserError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped")
    columns = ["", "ours ms", "Joey's ms", "ours is faster", "over blocks"]
    print_table(f"{side.run.name} beside Joey NMT, {arguments.threads} threads", columns, rows)


if __name__ == "__main__":
    main()
