"""Memory and seconds that `prepare` and `train` of sentiment take for very many reviews.

    python -m benchmarks.large_corpus --reviews 10000000

Splits are made of the words of NSMC, put together anew, so that there are always more words (a
tenth each for dev and test, up to 50,000). Each row of the table is a fresh process: `prepare`; and
the beginning of a training, with the cutting of an epoch, its order and some steps. "in memory" is
what the process held that the system could not write back to files, "resident" also the parts of
mapped files that were read. With --twice a second corpus of twice the size shows what grows.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import re
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.tables import print_table
from pipeline.own_process import in_own_process

STEPS = 50
MOST_HELD_OUT = 50_000
MIB = 2**20 if sys.platform == "darwin" else 2**10


def reviews(count: int, seed: int) -> Iterator[str]:
    """Lines of a split: every fourth word ends as another one does."""
    from pipeline.corpora import catalogue
    from pipeline.corpora.fetch import fetch
    from pipeline.corpora.labelled.reviews import read_nsmc
    from pipeline.workspace import Workspace

    train = catalogue.find("nsmc").files["train"]
    texts = read_nsmc(fetch(train, Workspace().raw)).frame["text"]
    words = [word for text in texts for word in text.split()]
    draw = random.Random(seed)
    for number in range(count):
        start = draw.randrange(len(words) - 20)
        chosen = words[start : start + draw.randint(2, 14)]
        for place in range(0, len(chosen), 4):
            chosen[place] = chosen[place][:2] + draw.choice(words)[-2:]
        yield f"{seed}-{number}\t{' '.join(chosen)}\t{number % 2}\n"


def write_splits(folder: Path, count: int) -> None:
    held_out = min(count // 10, MOST_HELD_OUT)
    sizes = {"train": count, "dev": held_out, "test": held_out}
    for seed, (name, rows) in enumerate(sizes.items()):
        with open(folder / f"{name}.tsv", "w", encoding="utf-8", newline="\n") as file:
            file.write("id\ttext\tlabel\n")
            file.writelines(reviews(rows, seed))


def settings() -> Any:
    """Those of a usual run that starts from nothing."""
    from pipeline.tasks.sentiment.settings import Settings

    usual = Settings()
    return dataclasses.replace(usual, start=dataclasses.replace(usual.start, encoder="none"))


def prepare(folder: Path) -> str:
    from pipeline.corpora.split_file import SplitFile
    from pipeline.tasks.sentiment.data import prepare

    splits = {name: SplitFile(folder / f"{name}.tsv") for name in ("train", "dev", "test")}
    (folder / "prepared").mkdir()
    return prepare(settings(), splits, folder, folder / "prepared").summary


def train(folder: Path) -> str:
    from pipeline.quiet import start_keras

    start_keras(1)
    from pipeline.tasks.sentiment.training import plan
    from pipeline.training.fit import fit

    chosen = settings()
    begun = plan(chosen, folder / "prepared")
    epoch = begun.batches(1)
    first = dataclasses.replace(begun, batches=lambda number: [epoch[i] for i in range(STEPS)])
    training = dataclasses.replace(chosen.training, epochs=1, min_steps=STEPS, evaluations=1)
    fit(first, training, folder)
    return f"{len(epoch):,} batches an epoch, {STEPS} of them"


def measured(work: Callable[[Path], str], folder: Path) -> tuple[str, float, float, float]:
    """What `work` says, seconds, MiB in memory and MiB resident, of a process of its own."""
    return in_own_process(_measured, work, folder)


def _measured(work: Callable[[Path], str], folder: Path) -> tuple[str, float, float, float]:
    most, ended = [0.0], threading.Event()

    def watch() -> None:
        status = Path("/proc/self/status")
        while not ended.wait(0.05) and status.exists():
            anonymous = re.search(r"RssAnon:\s+(\d+) kB", status.read_text())
            most[0] = max(most[0], int(anonymous[1]) / 2**10 if anonymous else 0.0)

    threading.Thread(target=watch, daemon=True).start()
    started = time.perf_counter()
    said = work(folder)
    seconds = time.perf_counter() - started
    ended.set()
    return said, seconds, most[0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reviews", type=int, default=10_000_000)
    parser.add_argument("--twice", action="store_true")
    parser.add_argument("--folder", type=Path, help="where the corpus is put for a while")
    arguments = parser.parse_args()
    rows = []
    for count in (arguments.reviews, 2 * arguments.reviews)[: 1 + arguments.twice]:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            folder = Path(name)
            write_splits(folder, count)
            size = (folder / "train.tsv").stat().st_size / 2**20
            for stage, work in (("prepare", prepare), ("train", train)):
                said, seconds, memory, resident = measured(work, folder)
                print(f"{stage}: {said}")
                figures = f"{seconds:,.0f}", f"{memory:,.0f}", f"{resident:,.0f}"
                rows.append([stage, f"{count:,}", f"{size:,.0f}", *figures])
    columns = ["stage", "reviews", "MiB of text", "seconds", "MiB in memory", "MiB resident"]
    print_table("large corpora", columns, rows)


if __name__ == "__main__":
    main()
