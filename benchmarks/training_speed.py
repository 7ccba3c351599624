"""Real tokens a second in training: ours, the tutorials' way, PyTorch's packed LSTM.

    python -m benchmarks.training_speed [--run default] [--torch-python PATH] [--steps 60]

All three train the same shape on the same NSMC reviews, cut into the same pieces by the tokenizer
of a run that is there: an embedding, a bidirectional LSTM, a mean over positions, a linear layer,
Adam. What differs is what this project is about (ours also clips and averages its weights):

- tutorial: `Embedding(mask_zero=True)`, a masked `Bidirectional(LSTM)`, batches in corpus order,
  every row padded to the 99th percentile of length, longer ones cut.
- ours: length buckets, right-padding, the recurrent layer that needs no mask.
- torch: `nn.LSTM` on `pack_padded_sequence`, on our length buckets. PyTorch is no requirement of
  this project: name a Python that has it with --torch-python.

The three take turns, a block of steps each, and the median over the blocks is printed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

BATCH, UNITS, SIZE = 256, 128, 128


def load_rows(run: str):
    from pipeline.text.ragged import Ragged
    from pipeline.workspace import Manifest

    manifest = Manifest.read(Path("runs/sentiment") / run / "tokens.json")
    if manifest is None:
        sys.exit(f"error: there is no run {run!r} — make train-sentiment NAME={run}")
    folder = Path(manifest.notes["folder"])
    labels = np.load(folder / "train.labels.npy", allow_pickle=False)
    return Ragged.load(folder / "train.npz"), labels, manifest.notes["pieces"]


def bucketed(rows, labels, steps):
    from pipeline.batches import LengthBuckets

    batches = LengthBuckets(rows, labels, BATCH, seed=1)
    return [batches[i] for i in range(steps)]


def tutorial_batches(rows, labels, steps):
    width = int(np.percentile(rows.lengths, 99))
    batches = []
    for step in range(steps):
        chosen = np.arange(step * BATCH, (step + 1) * BATCH)
        ids = np.zeros((BATCH, width), np.int32)
        for i, row in enumerate(chosen):
            cut = rows.row(row)[:width]
            ids[i, : len(cut)] = cut
        batches.append((ids, labels[chosen]))
    return batches, width


def ours_model(pieces):
    import keras

    from pipeline.layers.pooling import MeanPooling
    from pipeline.layers.recurrent import Recurrent

    ids = keras.Input((None,), dtype="int32", name="ids")
    lengths = keras.Input((), dtype="int32", name="lengths")
    x = keras.layers.Embedding(pieces, SIZE)(ids)
    x = Recurrent("lstm", UNITS)(x, lengths)
    logits = keras.layers.Dense(2)(MeanPooling()(x, lengths))
    return keras.Model({"ids": ids, "lengths": lengths}, logits)


def tutorial_model(pieces):
    import keras

    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(pieces, SIZE, mask_zero=True),
            keras.layers.Bidirectional(keras.layers.LSTM(UNITS, return_sequences=True)),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(2),
        ]
    )


def compiled(model, optimizer):
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, jit_compile=False)
    return model


def block(model, batches) -> float:
    """Seconds for one pass over `batches`."""
    started = time.perf_counter()
    for inputs, targets in batches:
        model.train_on_batch(inputs, targets)
    return time.perf_counter() - started


class Torch:
    """The same training in a process of its own, which answers one line a block."""

    def __init__(self, python: str, batches, pieces: int, folder: Path):
        arrays = {}
        for i, (inputs, targets) in enumerate(batches):
            arrays |= {f"ids{i}": inputs["ids"], f"lengths{i}": inputs["lengths"]}
            arrays[f"labels{i}"] = targets
        path = folder / "batches.npz"
        np.savez(path, **arrays)
        program = str(Path(__file__).with_name("torch_packed.py"))
        sizes = json.dumps({"pieces": pieces, "units": UNITS, "size": SIZE, "steps": len(batches)})
        self.process = subprocess.Popen(
            [python, program, str(path), sizes],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def block(self) -> float:
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def main() -> None:
    import tempfile

    from benchmarks.tables import print_table
    from pipeline.__main__ import prepare_process
    from pipeline.quiet import start_keras

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", default="default", help="a sentiment run whose pieces are used")
    parser.add_argument("--torch-python", help="a Python that has torch")
    parser.add_argument("--steps", type=int, default=60, help="steps a block")
    parser.add_argument("--blocks", type=int, default=5, help="blocks, of which the median")
    arguments = parser.parse_args()
    prepare_process()
    start_keras()
    import keras

    from pipeline.training.optimizer import ClippedAdamW

    rows, labels, pieces = load_rows(arguments.run)
    buckets = bucketed(rows, labels, arguments.steps)
    padded, width = tutorial_batches(rows, labels, arguments.steps)
    real = sum(int(inputs["lengths"].sum()) for inputs, _ in buckets)
    real_tutorial = sum(int((ids != 0).sum()) for ids, _ in padded)
    seconds: dict[str, list[float]] = {"tutorial": [], "ours": []}
    ours = compiled(ours_model(pieces), ClippedAdamW(1e-3, averaging=0.998))
    tutorial = compiled(tutorial_model(pieces), keras.optimizers.Adam(1e-3))
    with tempfile.TemporaryDirectory() as folder:
        torch = None
        if arguments.torch_python:
            torch = Torch(arguments.torch_python, buckets, pieces, Path(folder))
            seconds["torch packed"] = []
            torch.block()
        block(ours, buckets)
        block(tutorial, padded)
        for _ in range(arguments.blocks):
            seconds["ours"].append(block(ours, buckets))
            seconds["tutorial"].append(block(tutorial, padded))
            if torch:
                seconds["torch packed"].append(torch.block())
        if torch:
            torch.close()
    speed = {
        name: (real_tutorial if name == "tutorial" else real) / statistics.median(taken)
        for name, taken in seconds.items()
    }
    print_table(
        f"Training, BiLSTM-{UNITS}, batches of {BATCH} (tutorial padded to {width})",
        ["way", "real tokens/s", "ours against it"],
        [[name, f"{s:,.0f}", f"{speed['ours'] / s:.2f}x"] for name, s in speed.items()],
    )


if __name__ == "__main__":
    main()
