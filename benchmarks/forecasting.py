"""Trains forecasters with several horizons: errors on test, beside those of naive forecasts.

    python -m benchmarks.forecasting [ETTh1 | my.csv] [--horizons 96 192 336 720] [--seeds 1]
        [--settings "--architecture dlinear --error squared"] [--name segments] [--dev-only]

Each horizon goes through the stages as runs/forecasting/<name>-<corpus>-<horizon>-<seed>; finished
stages are not run again. The test split is read once per run, by the evaluate stage. With
--dev-only it is not read, and the errors are those on dev, by which settings are chosen.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path

from benchmarks.tables import print_table
from pipeline.__main__ import main as pipeline_main
from pipeline.__main__ import prepare_process

STAGES = ("corpus", "prepare", "train", "evaluate")
TEST = ("horizon", "MSE", "MAE", "MASE", "last value", "last season", "p", "verdict", "minutes")
DEV = ("horizon", "dev MSE", "dev MAE", "skill", "steps", "parameters", "minutes")


def run(name: str, settings: list[str], dev_only: bool) -> Path:
    """Runs the stages of a run in this process; returns its folder."""
    for stage in STAGES[:-1] if dev_only else STAGES:
        code = pipeline_main([stage, "forecasting", "--name", name, *settings])
        if code:
            sys.exit(code)
    return Path("runs", "forecasting", name)


def test_row(horizon: str, folder: Path) -> list[str]:
    """The row of a run with its scores on test."""
    metrics = json.loads((folder / "metrics.json").read_bytes())
    training = json.loads((folder / "training.json").read_bytes())
    verdicts = [channel["verdict"] for channel in metrics["channels"].values()]
    mase = metrics["mase"]
    return [
        horizon,
        *(f"{metrics[name]:.4f}" for name in ("mse", "mae")),
        "-" if mase is None else f"{mase:.3f}",
        *(f"{metrics[name]:.4f}" for name in ("repeat_mse", "seasonal_mse")),
        f"{metrics['p_against_repeat']:.2g}",
        f"better in {verdicts.count('better')} of {len(verdicts)}",
        f"{training['seconds'] / 60:.1f}",
    ]


def dev_row(horizon: str, folder: Path) -> list[str]:
    """The row of a run with the scores of its best weights on dev."""
    training = json.loads((folder / "training.json").read_bytes())
    lines = (folder / "history.csv").read_text("utf-8").splitlines()
    names, *rows = (line.split(",") for line in lines)
    best = next(
        row for row in (dict(zip(names, row, strict=True)) for row in rows)
        if int(row["step"]) == training["best_step"]
    )  # fmt: skip
    return [
        horizon,
        *(f"{float(best[name]):.4f}" for name in ("dev_mse", "dev_mae", "dev_skill")),
        f"{training['best_step']:,} of {training['steps']:,}",
        f"{training['parameters']:,}",
        f"{training['seconds'] / 60:.1f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", nargs="?", default="ETTh1")
    parser.add_argument("--horizons", type=int, nargs="+", default=[96, 192, 336, 720])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--settings", default="", help="settings other than the defaults")
    parser.add_argument("--name", default="segments", help="prefix of the names of the runs")
    parser.add_argument("--dev-only", action="store_true", help="do not read the test split")
    arguments = parser.parse_args()
    prepare_process()
    rows, corpus = [], Path(arguments.corpus).stem
    for horizon in arguments.horizons:
        for seed in arguments.seeds:
            settings = ["--corpus", arguments.corpus, "--horizon", str(horizon)]
            settings += ["--seed", str(seed), *shlex.split(arguments.settings)]
            name = f"{arguments.name}-{corpus}-{horizon}-{seed}"
            folder = run(name, settings, arguments.dev_only)
            shown = str(horizon) if len(arguments.seeds) == 1 else f"{horizon}, seed {seed}"
            rows.append((dev_row if arguments.dev_only else test_row)(shown, folder))
    # What was learnt from: without a network that may be the bundled sample.
    learnt = json.loads((folder / "corpus.json").read_bytes())["facts"]["origin"]["title"]
    title = f"{learnt}: {arguments.settings or 'default settings'}"
    print_table(title, DEV if arguments.dev_only else TEST, rows)


if __name__ == "__main__":
    main()
