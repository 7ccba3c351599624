"""Compares real tokens per second in training: ours, the tutorials' way, PyTorch's packed LSTM.

    python -m benchmarks.training_speed [--run default] [--torch-python PATH]

All train the same architecture on the same NSMC reviews, tokenized by an existing run: an
embedding, a bidirectional LSTM, a mean over positions, a linear layer, Adam (ours also clips
gradients and averages weights). They differ in:

- tutorial: `Embedding(mask_zero=True)`, a masked `Bidirectional(LSTM)`, batches in corpus order,
  every row padded to the 99th percentile of length, longer ones truncated; TensorFlow's defaults.
- ours: length buckets, right-padding, the recurrent layer that needs no mask.
- torch packed: `nn.LSTM` on `pack_padded_sequence`, on our length buckets. PyTorch is no
  requirement of this project: give a Python that has it with --torch-python.

Each is a separate process; they take turns, a block of steps each, and the median over the blocks
is printed. Padding is not counted as tokens.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.tables import print_table

BATCH, UNITS, SIZE = 256, 128, 128


def load_rows(run: str):
    """(rows, labels, size of the vocabulary) of the training split of a sentiment run."""
    from pipeline.facts import Prepared
    from pipeline.text.ragged import Ragged
    from pipeline.workspace import Manifest

    manifest = Manifest.read(Path("runs/sentiment") / run / "prepared.json", Prepared)
    if manifest is None:
        sys.exit(f"error: there is no run {run!r} — make train-sentiment NAME={run}")
    folder = Path(manifest.facts.folder)
    labels = np.load(folder / "train.labels.npy", allow_pickle=False)
    return Ragged.load(folder / "train"), labels, manifest.facts.vocabulary_size


def bucketed(rows, labels, steps: int) -> dict[str, np.ndarray]:
    from pipeline.batches.length_buckets import LengthBuckets

    batches, arrays = LengthBuckets(rows, labels, BATCH, seed=1), {}
    for i in range(steps):
        inputs, targets = batches[i]
        arrays |= {f"ids{i}": inputs["ids"], f"lengths{i}": inputs["lengths"]}
        arrays[f"labels{i}"] = targets
    return arrays


def padded(rows, labels, steps: int) -> dict[str, np.ndarray]:
    width, arrays = int(np.percentile(rows.lengths, 99)), {}
    for i in range(steps):
        chosen = range(i * BATCH, (i + 1) * BATCH)
        ids = np.zeros((BATCH, width), np.int32)
        for row, number in enumerate(chosen):
            cut = rows.row(number)[:width]
            ids[row, : len(cut)] = cut
        arrays |= {f"ids{i}": ids, f"lengths{i}": (ids != 0).sum(axis=1).astype(np.int32)}
        arrays[f"labels{i}"] = labels[list(chosen)]
    return arrays


class Way:
    """One way to train, in a process that trains a block on request."""

    def __init__(self, command: list[str], arrays: dict, sizes: dict, folder: Path, name: str):
        path = folder / f"{name}.npz"
        np.savez(path, **arrays)
        self.real = sum(int(a.sum()) for key, a in arrays.items() if key.startswith("lengths"))
        self.seconds: list[float] = []
        self.process = subprocess.Popen(
            [*command, str(path), json.dumps(sizes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def block(self) -> None:
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        self.seconds.append(float(self.process.stdout.readline()))

    @property
    def speed(self) -> float:
        """Real tokens per second; the first block is for warm-up and does not count."""
        return self.real / statistics.median(self.seconds[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", default="default", help="a sentiment run whose pieces are used")
    parser.add_argument("--torch-python", help="a Python that has torch")
    parser.add_argument("--steps", type=int, default=60, help="steps per block")
    parser.add_argument("--blocks", type=int, default=5, help="number of blocks")
    arguments = parser.parse_args()
    rows, labels, pieces = load_rows(arguments.run)
    sizes = {"pieces": pieces, "units": UNITS, "size": SIZE, "steps": arguments.steps}
    buckets = bucketed(rows, labels, arguments.steps)
    wide = padded(rows, labels, arguments.steps)
    keras_way = [sys.executable, "-m", "benchmarks.training_ways"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways = {
            "ours": Way([*keras_way, "ours"], buckets, sizes, folder, "ours"),
            "tutorial": Way([*keras_way, "tutorial"], wide, sizes, folder, "tutorial"),
        }
        if arguments.torch_python:
            program = str(Path(__file__).with_name("torch_packed.py"))
            command = [arguments.torch_python, program]
            ways["torch packed"] = Way(command, buckets, sizes, folder, "torch")
        for _ in range(arguments.blocks + 1):
            for way in ways.values():
                way.block()
        for way in ways.values():
            way.process.stdin.close()
            way.process.wait()
    ours = ways["ours"].speed
    print_table(
        f"Training, BiLSTM-{UNITS}, batches of {BATCH}, tutorial padded to "
        f"{wide['ids0'].shape[1]} (mean length {rows.lengths.mean():.1f})",
        ["way", "real tokens/s", "ours against it"],
        [[name, f"{way.speed:,.0f}", f"{ours / way.speed:.2f}x"] for name, way in ways.items()],
    )


if __name__ == "__main__":
    main()
