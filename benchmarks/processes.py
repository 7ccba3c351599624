"""Compares training on two processes with one: differences, kills, and the time per step.

    python -m benchmarks.processes [--tasks sentiment ner] [--parts parity cost] [--steps 50]
        [--kills 5] [--bandwidth 50] [--settings "..."]

Default models on the bundled samples, on JAX, all with the same number of steps:

parity, in batches whose rows cannot be divided evenly:

- one process and two: the largest differences of losses and of arrays in the checkpoint;
- two, of which a random one is killed at random times, and the same command resumes;

cost, in batches of the default size:

- processor time per step: that of a training with three times the steps minus that of one with the
  steps, so that start and compilation do not count;
- an estimate for eight devices: a step, and after it a ring all-reduce of all gradients in float32,
  2 (n - 1) / n bytes per byte of gradients (Patarasuk and Yuan 2009), at `--bandwidth`.

Measure on a machine with nothing else to do and a core for each process.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import resource
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil

from benchmarks.tables import print_table

SETTINGS = {"sentiment": ["--trainings", "1", "--min-batches", "1"]}
UNEVEN = {"sentiment": ["--batch-size", "65"], "ner": ["--batch-size", "33"]}
DEVICES = 8


@dataclasses.dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        task: its name.
        name: of the run.
        processes: number of processes.
        settings: further options.
    """

    task: str
    name: str
    processes: int
    settings: list[str]

    @property
    def folder(self) -> Path:
        return Path("runs", self.task, self.name)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint" / "state.npz"

    def start(self, stage: str) -> subprocess.Popen[bytes]:
        count = {"PROCESSES": str(self.processes)} if stage == "train" else {}
        words = [stage, self.task, "--corpus", "sample", "--name", self.name, *self.settings]
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *words],
            env={**os.environ, "KERAS_BACKEND": "jax", **count},
        )

    def end(self, process: subprocess.Popen[bytes]) -> None:
        if process.wait():
            sys.exit(f"error: {self.name} ended with {process.returncode}")

    def train(self) -> float:
        """Trains from the beginning; returns the processor time of all processes in seconds."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for stage in ("corpus", "prepare"):
            self.end(self.start(stage))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.end(self.start("train"))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def kill_one(self, generator: random.Random, longest: float) -> bool:
        """Kills one process some time after its first checkpoint; False if training had ended."""
        process = self.start("train")
        written = self.checkpoint.stat().st_mtime_ns if self.checkpoint.exists() else 0
        while process.poll() is None:
            if self.checkpoint.exists() and self.checkpoint.stat().st_mtime_ns > written:
                break
            time.sleep(0.01)
        time.sleep(generator.uniform(0, longest))
        children = psutil.Process(process.pid).children() if process.poll() is None else []
        if not children:
            return False
        killed, killed_at = generator.choice(children), time.perf_counter()
        killed.kill()
        code = process.wait()
        left = [child for child in children if child.is_running()]
        print(
            f"killed one of two: exit code {code} after {time.perf_counter() - killed_at:.1f} s, "
            f"{len(left)} left",
            file=sys.stderr,
        )
        return True

    def arrays(self) -> dict[str, np.ndarray]:
        with np.load(self.checkpoint) as stored:
            return {name: stored[name] for name in stored.files if name != "state"}

    def losses(self) -> np.ndarray:
        """Every tenth loss."""
        return np.loadtxt(self.folder / "steps.csv", delimiter=",", skiprows=1, ndmin=2)[:, 1]

    def result(self) -> dict[str, float]:
        result: dict[str, float] = json.loads((self.folder / "training.json").read_text("utf-8"))
        return result


def largest_difference(one: Run, other: Run) -> list[str]:
    ours, theirs = one.arrays(), other.arrays()
    arrays = max(
        float(np.max(np.abs(values.astype(np.float64) - theirs[name]), initial=0.0))
        for name, values in ours.items()
    )
    losses = float(np.max(np.abs(one.losses() - other.losses())))
    return [f"{losses:.1e}", f"{arrays:.1e}"]


def on_paper(task: str, step: float, parameters: float, bandwidth: float) -> list[list[str]]:
    """The estimate, from seconds per step, number of gradients, and gigabytes per second."""
    reduce = 2 * (DEVICES - 1) / DEVICES * 4 * parameters / (bandwidth * 1e9)
    same, shared = step + reduce, step / DEVICES + reduce
    return [
        [
            f"{task}, {DEVICES} times the batch",
            f"{1e3 * step:.1f}",
            f"{4e-6 * parameters:.1f}",
            f"{1e3 * reduce:.2f}",
            f"{DEVICES * step / same:.2f}",
        ],
        [f"{task}, the same batch", "", "", "", f"{step / shared:.2f}"],
    ]


@dataclasses.dataclass(frozen=True)
class Trainings:
    """The trainings of a task that are compared.

    Attributes:
        task: its name.
        steps: of a training.
        settings: what is typed for all.
    """

    task: str
    steps: int
    settings: list[str]

    def run(self, name: str, processes: int, *more: str, factor: int = 1) -> Run:
        steps = ["--epochs", "1", "--min-steps", str(factor * self.steps), "--evaluations", "1"]
        words = [*SETTINGS.get(self.task, []), *self.settings, *steps, *more]
        return Run(self.task, f"processes-{name}", processes, words)

    def parity(self, kills: int, generator: random.Random) -> list[list[str]]:
        """Rows of a table: one process and two, and two of which one was killed."""
        uneven = UNEVEN.get(self.task, [])
        one, two = self.run("one", 1, *uneven), self.run("two", 2, *uneven)
        killed = self.run("killed", 2, *uneven, "--checkpoint-seconds", "0")
        for run in (one, two):
            run.train()
        rows = [[self.task, "one and two", *largest_difference(one, two)]]
        shutil.rmtree(killed.folder, ignore_errors=True)
        for stage in ("corpus", "prepare"):
            killed.end(killed.start(stage))
        longest, done = two.result()["seconds"] / (kills + 1), 0
        while done < kills and killed.kill_one(generator, longest):
            done += 1
        killed.end(killed.start("train"))
        rows.append([self.task, f"two, killed {done} times", *largest_difference(two, killed)])
        return rows

    def cost(self, bandwidth: float) -> tuple[list[str], list[list[str]]]:
        """A row of a table, processor time a step; and rows of another, devices on paper."""
        a_step, seconds = [], []
        for processes in (1, 2):
            short = self.run(f"short-{processes}", processes)
            long = self.run(f"long-{processes}", processes, factor=3)
            a_step.append((-short.train() + long.train()) / (2 * self.steps))
            beyond = long.result()["seconds"] - short.result()["seconds"]
            seconds.append(beyond / (2 * self.steps))
        row = [self.task, *(f"{1e3 * step:.0f}" for step in a_step), f"{a_step[1] / a_step[0]:.2f}"]
        parameters = short.result()["parameters"]
        return row, on_paper(self.task, seconds[0], parameters, bandwidth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tasks", nargs="+", default=["sentiment", "ner"])
    parts = ["parity", "cost"]
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--bandwidth", type=float, default=50.0, help="GB/s between devices")
    parser.add_argument("--settings", default="", help="other settings of all trainings")
    parser.add_argument("--seed", type=int, default=1, help="for the times at which one is killed")
    arguments = parser.parse_args()
    differ, cost, paper = [], [], []
    for task in arguments.tasks:
        trainings = Trainings(task, arguments.steps, shlex.split(arguments.settings))
        if "parity" in arguments.parts:
            differ += trainings.parity(arguments.kills, random.Random(arguments.seed))
        if "cost" in arguments.parts:
            row, rows = trainings.cost(arguments.bandwidth)
            cost.append(row)
            paper += rows
    for title, columns, rows in (
        (
            f"Largest difference after {arguments.steps} steps",
            ["task", "processes", "losses", "weights, optimizer"],
            differ,
        ),
        (
            "Processor time a step, ms, all processes together",
            ["task", "one", "two", "two against one"],
            cost,
        ),
        (
            f"{DEVICES} devices on paper, {arguments.bandwidth:g} GB/s, from a step of one process",
            ["", "step, ms", "gradients, MB", "all-reduce, ms", "times as fast"],
            paper,
        ),
    ):
        if rows:
            print_table(title, columns, rows)


if __name__ == "__main__":
    main()
