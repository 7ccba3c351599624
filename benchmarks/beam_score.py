"""Seconds to score reviews: `predict` in one process, and Apache Beam in one and in several.

    make setup && .venv/bin/pip install -r requirements.txt -r requirements-scale.txt
    python -m benchmarks.beam_score [--reviews 50000] [--processes 2] [--version 1]

Each way is a separate command, timed from start to end, so imports and loading of the model count.
The reviews of NSMC's test split are repeated as often as needed. Beam runs without Prism, the
runner in Go that it would download.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.tables import print_table
from pipeline.corpora import catalogue
from pipeline.corpora.fetch import fetch
from pipeline.corpora.labelled.reviews import read_nsmc
from pipeline.workspace import Workspace


def write_reviews(file: Path, count: int) -> None:
    """Writes `count` reviews, one per line."""
    frame = read_nsmc(fetch(catalogue.find_corpus("nsmc").files["test"], Workspace().raw)).frame
    reviews = [" ".join(text.split()) for text in frame["text"]]
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(f"{reviews[number % len(reviews)]}\n" for number in range(count))


def seconds(*words: str) -> float:
    """Seconds of one `python -m pipeline ...`."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pipeline", *words], check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--version", default="1", help="of saved_models/sentiment")
    parser.add_argument("--reviews", type=int, default=50_000)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    version = f"--version={arguments.version}"
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "reviews.txt"
        write_reviews(texts, arguments.reviews)

        def beam(name: str, *options: str) -> float:
            files = (f"--input={texts}", f"--output={folder}/{name}.jsonl")
            return seconds("score", "sentiment", version, *files, "--runner=FnApiRunner", *options)

        several = (
            "--direct_running_mode=multi_processing",
            f"--direct_num_workers={arguments.processes}",
        )
        taken = {
            "predict": seconds("predict", "sentiment", version, f"--file={texts}"),
            "score, one process": beam("one"),
            f"score, {arguments.processes} processes": beam("several", *several),
        }
    rows = [[n, f"{s:.1f}", f"{arguments.reviews / s:,.0f}"] for n, s in taken.items()]
    print_table(f"{arguments.reviews:,} reviews", ["way", "seconds", "reviews/s"], rows)


if __name__ == "__main__":
    main()
