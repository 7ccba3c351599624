"""Measures the error of an exported forecaster from the raw file, with only TensorFlow.

    python -I benchmarks/served_forecasts.py MODEL ETTh1.csv [--parts 8640 2880 2880]

Nothing of this project is imported: the CSV is read here (UTF-8, a header, commas in thousands),
standardised by train and cut into all windows of the test split, which the SavedModel forecasts.
Without --parts the split is 70 % train and 20 % test.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np
import tensorflow as tf

_AT_ONCE = 256


def read(path: Path, channels: list[str]) -> np.ndarray:
    """The channels of a CSV file, float32 [steps, channels]."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    places = [header.index(channel) for channel in channels]
    numbers = [[float(row[place].replace(",", "")) for place in places] for row in rows]
    return np.array(numbers, np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--parts", type=int, nargs=3, help="steps of train, dev and test")
    arguments = parser.parse_args()
    facts = json.loads((arguments.model / "assets.extra" / "series.json").read_bytes())
    series = read(arguments.file, facts["channels"])
    steps = len(series)
    train, dev, test = arguments.parts or (int(0.7 * steps), None, int(0.2 * steps))
    first = train + dev if dev is not None else steps - test
    deviations = series[:train].std(axis=0, dtype=np.float64)
    serve = tf.saved_model.load(str(arguments.model)).signatures["serving_default"]
    window = serve.structured_input_signature[1]["history"].shape[1]
    horizon = serve.structured_outputs["forecast"].shape[1]
    starts = np.arange(first, first + test - horizon + 1)
    squared = absolute = 0.0
    for some in np.array_split(starts, -(-len(starts) // _AT_ONCE)):
        history = np.stack([series[start - window : start] for start in some])
        truth = np.stack([series[start : start + horizon] for start in some])
        forecast = serve(history=tf.constant(history))["forecast"].numpy()
        error = (np.float64(forecast) - truth) / deviations
        squared += np.square(error).sum()
        absolute += np.abs(error).sum()
    count = len(starts) * horizon * len(deviations)
    print(f"{len(starts):,} windows: MSE {squared / count:.4f}, MAE {absolute / count:.4f}")


if __name__ == "__main__":
    main()
