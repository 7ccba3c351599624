"""Evaluates a classifier of the bundled reviews: cross-validation, and five seeds.

    python -m benchmarks.sample_cross_validation [--encoder bundled] [--seeds 1 2 3 4 5]
                                                 [--settings "--learning-rate 1e-3"] [--alone]

All rows of the bundled sample are divided into five folds by a hash of their ids. Each fold is test
once; of the other four, as many rows as dev has in the usual split are dev (also by a hash of their
ids), and the rest is train. Below is the usual split of `make train-sentiment CORPUS=sample`, the
mean over seeds. The model is trained from the encoder and from random weights, with the same sizes
and settings; with `--alone` only the former, with `--encoder none` only the latter.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import statistics
import tempfile
from pathlib import Path

from benchmarks.tables import print_table
from pipeline.__main__ import exit_code, prepare_process

FOLDS = 5


def fold_of(row_id: str) -> int:
    """The fold in which a row is test, 0 to 4."""
    return int(hashlib.sha1(row_id.encode("utf-8")).hexdigest(), 16) % FOLDS


def folds(splits):
    """The splits of each fold, made of all rows of `splits`."""
    import pandas as pd

    from pipeline.corpora.splits import held_out

    rows = pd.concat(list(splits.values()), ignore_index=True)
    number = rows["id"].map(fold_of)
    for fold in range(FOLDS):
        rest = rows[number != fold].reset_index(drop=True)
        # A different hash from that of the folds, so that dev is drawn from all of them.
        dev = held_out([f"dev {row_id}" for row_id in rest["id"]], len(splits["dev"]))
        yield {
            "train": rest[~dev].reset_index(drop=True),
            "dev": rest[dev].reset_index(drop=True),
            "test": rows[number == fold].reset_index(drop=True),
        }


def measure(asked: str, words: str, seeds: list[int], alone: bool) -> int:
    from pipeline.quiet import start_keras

    start_keras()  # before others import it, which would not be quiet
    from pipeline.own_process import in_own_process
    from pipeline.pretrained import read_pretrained
    from pipeline.settings import check_ranges, parse
    from pipeline.stages.encoders import find_pretrained
    from pipeline.stages.small_runs import accuracy_of_run, with_sizes_of_encoder, without_encoder
    from pipeline.tasks.sentiment.data import BUNDLED_ENCODER, encoder, read
    from pipeline.tasks.sentiment.settings import Settings
    from pipeline.workspace import Workspace

    workspace = Workspace()
    settings = parse(
        Settings,
        ["--corpus=sample", f"--encoder={asked}", f"--settings={words}"],
        program="python -m benchmarks.sample_cross_validation",
        description=__doc__ or "",
    )
    check_ranges(settings)
    folder = find_pretrained(settings.start.encoder, BUNDLED_ENCODER, workspace)
    sides = [("none", without_encoder(settings), None)]
    if folder is not None:
        settings = with_sizes_of_encoder(settings, read_pretrained(folder))
        sides = [
            (settings.start.encoder, settings, encoder(settings, workspace)),
            ("none", without_encoder(settings), None),
        ][: 1 if alone else 2]
    splits = read(settings, workspace).splits

    def accuracy(chosen, start, of, seed) -> float:
        training = dataclasses.replace(chosen.training, seed=seed)
        with tempfile.TemporaryDirectory() as run:
            seeded = dataclasses.replace(chosen, training=training)
            return 100 * in_own_process(accuracy_of_run, seeded, of, start, Path(run))[1]

    table = []
    for name, chosen, start in sides:
        crossed = [accuracy(chosen, start, each, seeds[0]) for each in folds(splits)]
        usual = [accuracy(chosen, start, splits, seed) for seed in seeds]
        deviation = f" ± {statistics.stdev(usual):.1f}" if len(usual) > 1 else ""
        table.append(
            [
                name,
                *(f"{each:.1f}" for each in crossed),
                f"{statistics.fmean(crossed):.1f}",
                f"{statistics.fmean(usual):.1f}{deviation}",
            ]
        )
    rows = sum(map(len, splits.values()))
    print_table(
        f"Accuracy in %, {rows:,} bundled reviews",
        [
            "encoder",
            *(f"fold {number + 1}" for number in range(FOLDS)),
            "mean of folds",
            f"usual split, {len(seeds)} seeds",
        ],
        table,
    )
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--encoder", default="bundled", help="as --encoder of sentiment")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--settings", default="", help="settings other than the defaults")
    parser.add_argument("--alone", action="store_true", help="no training from random weights")
    arguments = parser.parse_args()
    prepare_process()
    words = arguments.encoder, arguments.settings, arguments.seeds, arguments.alone
    return exit_code(lambda: measure(*words))


if __name__ == "__main__":
    raise SystemExit(main())
