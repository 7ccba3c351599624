"""Trains forecasters with several horizons: errors on test, beside those of naive forecasts.

    python -m benchmarks.forecasting [ETTh1 | my.csv] [--horizons 96 192 336 720] [--seeds 1]
        [--settings "--architecture dlinear --error squared"] [--name segments] [--dev-only]
        [--served ETTh1.csv --parts 8640 2880 2880 --version 101]

Each horizon goes through the stages as runs/forecasting/<name>-<corpus>-<horizon>-<seed>; finished
stages are not run again. The test split is read once per run, by the evaluate stage. With
--dev-only it is not read, and the errors are those on dev, by which settings are chosen. With
--served each model is exported, as version 101 and on, and its MSE on test is computed once more
from the raw file, in a process with TensorFlow alone (`benchmarks/served_forecasts.py`).
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
from pathlib import Path

from benchmarks.foreign import foreign_process
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


def served_mse(name: str, settings: list[str], version: int, raw: Path, parts: list[int]) -> str:
    """The MSE of a finished run on test, by its export and TensorFlow alone."""
    words = ["export", "forecasting", "--name", name, "--version", str(version), *settings]
    if code := pipeline_main(words):
        sys.exit(code)
    model = Path("saved_models", "forecasting", str(version)).resolve()
    split = ["--parts", *parts] if parts else []
    return re.search(r"MSE ([\d.]+)", foreign_process("served_forecasts.py", model, raw, *split))[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", nargs="?", default="ETTh1")
    parser.add_argument("--horizons", type=int, nargs="+", default=[96, 192, 336, 720])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--settings", default="", help="settings other than the defaults")
    parser.add_argument("--name", default="segments", help="prefix of the names of the runs")
    parser.add_argument("--dev-only", action="store_true", help="do not read the test split")
    parser.add_argument("--served", type=Path, help="the raw file, to serve each model on")
    parser.add_argument("--parts", type=int, nargs=3, help="its steps of train, dev and test")
    parser.add_argument("--version", type=int, default=101, help="of the first export")
    arguments = parser.parse_args()
    if arguments.dev_only and arguments.served:
        parser.error("--served reads the test split, --dev-only does not")
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
            if arguments.served:
                version = arguments.version + len(rows) - 1
                raw, parts = arguments.served.resolve(), arguments.parts or []
                rows[-1].append(served_mse(name, settings, version, raw, parts))
    # What was learnt from: without a network that may be the bundled sample.
    learnt = json.loads((folder / "corpus.json").read_bytes())["facts"]["origin"]["title"]
    title = f"{learnt}: {arguments.settings or 'default settings'}"
    columns = DEV if arguments.dev_only else TEST
    print_table(title, [*columns, *(["served MSE"] if arguments.served else [])], rows)


if __name__ == "__main__":
    main()
