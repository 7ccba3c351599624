"""The test score of a task's default model: mean over seeds, with time and memory.

    python -m benchmarks.accuracy [sentiment|ner] [--seeds 1 2 3] [--settings "..."] [--name seed]

Each seed goes through all stages from the raw files (tokenizing included), one after the other,
as runs/<task>/<name><n>. The test split is read once per seed, by the evaluate stage. The score is
the one by which weights are chosen on dev: accuracy, or entity F1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.tables import print_table

_SECONDS_TO_STOP = 20
STAGES = ("corpus", "prepare", "train", "evaluate")


class Cost(NamedTuple):
    """Time and memory of a command and its child processes.

    Attributes:
        seconds: its duration.
        resident: peak of memory in gigabytes, with pages of mapped files.
        own: peak of memory without these pages, which the system can write back at any time.
    """

    seconds: float
    resident: float
    own: float


def stage(name: str, arguments: list[str]) -> Cost:
    """Runs one stage and measures it (`measured_command`)."""
    return measured_command([sys.executable, "-m", "pipeline", name, *arguments])


def measured_command(words: list[str]) -> Cost:
    """Runs a command and measures it.

    Raises:
        KeyboardInterrupt: it was stopped by Ctrl-C.
        SystemExit: it ended with an error, which it has printed.
    """
    started, resident, own = time.perf_counter(), 0, 0
    with subprocess.Popen(words) as process:
        watched = psutil.Process(process.pid)
        try:
            while process.poll() is None:
                try:
                    family = [watched, *watched.children(recursive=True)]
                    held = [member.memory_info() for member in family]
                    resident = max(resident, sum(memory.rss for memory in held))
                    shared = (getattr(memory, "shared", 0) for memory in held)  # Linux alone
                    own = max(own, sum(memory.rss for memory in held) - sum(shared))
                except psutil.Error:
                    pass
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.2)  # a sample, five times a second
        except KeyboardInterrupt:
            _let_stop(process)
            raise
    if process.returncode == 130:
        raise KeyboardInterrupt
    if process.returncode == 2:
        sys.exit(2)
    if process.returncode:
        sys.exit(f"error: {' '.join(words[2:4])} ended with {process.returncode}")
    return Cost(time.perf_counter() - started, resident / 1e9, own / 1e9)


def _let_stop(process: subprocess.Popen) -> None:
    """Waits for a stage to end after Ctrl-C, which reaches it, too; it may still print a line."""
    try:
        process.wait(_SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("task", nargs="?", default="sentiment")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--settings", default="", help="settings other than the defaults")
    parser.add_argument(
        "--name", default="seed", help="prefix of the names of the runs, before the seed"
    )
    arguments = parser.parse_args()
    rows, scores = [], []
    for seed in arguments.seeds:
        name = f"{arguments.name}{seed}"
        common = [arguments.task, "--name", name, "--seed", str(seed)]
        common += shlex.split(arguments.settings)
        measured = [stage(verb, common) for verb in STAGES]
        run = Path("runs", arguments.task, name)
        metrics = json.loads((run / "metrics.json").read_bytes())
        training = json.loads((run / "training.json").read_bytes())
        scores.append(100 * metrics[training["monitor"]])
        minutes = sum(cost.seconds for cost in measured) / 60
        rows.append(
            [
                seed,
                f"{100 * training['best']:.2f}",
                f"{scores[-1]:.2f}",
                f"{minutes:.1f}",
                f"{max(cost.resident for cost in measured):.2f}",
            ]
        )
    rows.append(["mean", "", f"{statistics.mean(scores):.2f}", "", ""])
    columns = ["seed", "dev %", "test %", "minutes", "peak GB"]
    corpus = json.loads((run / "corpus.json").read_bytes())["facts"]
    counts = ", ".join(f"{name} {count:,}" for name, count in corpus["rows"].items())
    title = f"{arguments.task}: {training['monitor']} on {corpus['origin']['title']} ({counts})"
    print_table(title, columns, rows)


if __name__ == "__main__":
    main()
