"""Measures `predict --out` on a large file: lines/s, memory, and the output after kills.

    python -m benchmarks.predict_file saved_models/sentiment/1 --lines 1000000
    python -m benchmarks.predict_file saved_models/sentiment/1 --lines 1000000 --kills 10

The lines are NSMC's reviews, repeated in different orders, or those of `--texts`. The whole command
is timed, and once more with a file of one line: the difference is the time of the lines. For
comparison the exported model is called directly by a process with only tensorflow and
tensorflow-text (`predict_direct.py`): batches of the same size, sorted by length in the same
windows; with the threads of the pipeline, and with the default of TensorFlow.

With `--kills` the same command is killed (SIGKILL) at so many random times, run to its end, and its
file is compared with that of a run that was not killed.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.foreign import foreign_process
from benchmarks.tables import print_table
from pipeline.corpora import catalogue
from pipeline.corpora.fetch import fetch
from pipeline.corpora.labelled.reviews import read_nsmc
from pipeline.fields import Text
from pipeline.one_line import without_breaks
from pipeline.tasks.base import find_task
from pipeline.workspace import Workspace, sha256

CHECKOUT = Path(__file__).resolve().parent.parent
DIRECT = 100_000
SIGNATURES = {"ner": "entities", "encoder": "text_vectors"}
"""Task -> signature that `predict` calls, if it is not serving_default."""
MIB = 2**20 if sys.platform == "darwin" else 2**10


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        seconds: wall-clock time.
        peak: largest memory in MiB.
    """

    seconds: float
    peak: float


def lines(count: int, file: Path | None) -> Iterator[str]:
    """Yields `count` texts without line breaks."""
    if file is not None:
        texts = Text("text", "").from_file(str(file))
    else:
        files = catalogue.find_corpus("nsmc").files.values()
        frames = [read_nsmc(fetch(each, Workspace().raw)).frame for each in files]
        texts = [without_breaks(text) for frame in frames for text in frame["text"]]
    chance = random.Random(1)
    while count > 0:
        chance.shuffle(texts)
        yield from texts[:count]
        count -= len(texts)


class Command:
    """`python -m pipeline predict` for one file.

    Args:
        model: saved_models/<task>/<version> of a checkout.
    """

    def __init__(self, model: Path):
        self._root = model.resolve().parents[2]
        self._words = ["predict", model.resolve().parent.name, "--version", model.name]

    def start(self, file: Path, out: Path) -> subprocess.Popen[bytes]:
        words = [*self._words, "--file", str(file), "--out", str(out)]
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *words],
            cwd=self._root,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )

    def run(self, file: Path, out: Path) -> Ended:
        """Runs the command to its end."""
        started = time.perf_counter()
        process = self.start(file, out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"error: predict ended with {process.returncode}")
        return Ended(time.perf_counter() - started, usage.ru_maxrss / MIB)

    def killed(self, file: Path, out: Path, seconds: float) -> bool:
        """Kills the command after some seconds; False if it had already ended."""
        process = self.start(file, out)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return True
        return False


def direct_rate(model: Path, file: Path, batch_size: int, threads: tuple[int, int]) -> float:
    """Texts per second of the exported model, called directly.

    Args:
        threads: within an operation and between operations; 0: the default of TensorFlow.
    """
    signature = SIGNATURES.get(model.resolve().parent.name, "serving_default")
    told = foreign_process(
        "predict_direct.py", model.resolve(), file, signature, batch_size, DIRECT, *threads
    )
    return float(told)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path, help="saved_models/<task>/<version>")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--texts", type=Path, help="a file with a text a line; NSMC without it")
    parser.add_argument("--format", default="tsv", choices=("tsv", "jsonl", "parquet"))
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1, help="for the times of the kills")
    arguments = parser.parse_args()

    from pipeline.__main__ import prepare_process

    prepare_process("predict")
    task = find_task(arguments.model.resolve().parent.name)
    threads = tuple(int(os.environ[f"TF_NUM_{kind}OP_THREADS"]) for kind in ("INTRA", "INTER"))
    command = Command(arguments.model)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file, one = folder / "texts.txt", folder / "one.txt"
        with file.open("w", encoding="utf-8", newline="\n") as written:
            written.writelines(f"{t}\n" for t in lines(arguments.lines, arguments.texts))
        one.write_text("좋다\n", encoding="utf-8")
        start = command.run(one, folder / "one.tsv")
        out = folder / f"whole.{arguments.format}"
        whole = command.run(file, out)
        work = whole.seconds - start.seconds
        size = task.serving.BATCH_SIZE
        own = direct_rate(arguments.model, file, size, threads)
        usual = direct_rate(arguments.model, file, size, (0, 0))
        rate = arguments.lines / work
        rows = [
            ["lines", f"{arguments.lines:,}"],
            ["lines/s, start and end of the command left out", f"{rate:,.0f}"],
            ["lines/s of the whole command", f"{arguments.lines / whole.seconds:,.0f}"],
            ["seconds until a command with one line is done", f"{start.seconds:.1f}"],
            ["peak memory, MiB", f"{whole.peak:,.0f}"],
            ["peak memory with one line, MiB", f"{start.peak:,.0f}"],
            [f"exported model by itself, batches of {size}, texts/s", f"{own:,.0f}"],
            ["the same with the threads that TensorFlow takes", f"{usual:,.0f}"],
            ["share of the faster one", f"{rate / max(own, usual):.0%}"],
        ]
        if arguments.kills:
            chance, happened = random.Random(arguments.seed), 0
            again = folder / f"killed.{arguments.format}"
            for _ in range(arguments.kills):
                moment = chance.uniform(0, start.seconds + 1.5 * work / arguments.kills)
                happened += command.killed(file, again, moment)
            command.run(file, again)
            same = "yes" if sha256(again) == sha256(out) else "NO"
            rows += [["kills while it was at work", happened], ["the same bytes", same]]
        print_table(f"predict --out, {arguments.model}", ["what", "measured"], rows)


if __name__ == "__main__":
    main()
