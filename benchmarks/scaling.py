"""What twice the corpus costs: all stages over n and over 2n reviews.

    python -m benchmarks.scaling [--rows 20000] [--epochs 1]

The rows come from NSMC's training file, as a user's own TSV. Needs at most 2.2 times the time.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.accuracy import STAGES, stage
from benchmarks.tables import print_table


def write_corpus(path: Path, rows: int) -> None:
    from pipeline.corpora import catalogue
    from pipeline.corpora.fetch import fetch
    from pipeline.corpora.labelled.reviews import read_nsmc
    from pipeline.corpora.splits import write_split
    from pipeline.workspace import Workspace

    train = catalogue.find("nsmc").files["train"]
    frame = read_nsmc(fetch(train, Workspace().raw)).frame
    write_split(path, frame[:rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=1)
    arguments = parser.parse_args()
    rows, minutes = [], []
    with tempfile.TemporaryDirectory() as folder:
        for count in (arguments.rows, 2 * arguments.rows):
            path = Path(folder) / f"reviews{count}.tsv"
            write_corpus(path, count)
            common = ["sentiment", "--corpus", str(path), "--name", f"scaling{count}"]
            common += ["--epochs", str(arguments.epochs), "--min-steps", "1"]
            measured = [stage(name, common) for name in STAGES]
            minutes.append(sum(seconds for seconds, _ in measured) / 60)
            peak = max(memory for _, memory in measured)
            rows.append([f"{count:,}", f"{minutes[-1]:.2f}", f"{peak:.2f}"])
    rows.append(["ratio", f"{minutes[1] / minutes[0]:.2f}", ""])
    print_table(f"All stages, {arguments.epochs} epoch", ["reviews", "minutes", "peak GB"], rows)


if __name__ == "__main__":
    main()
