"""Ours and the tutorials' way for benchmarks/training_speed.py, each in its own process.

    python -m benchmarks.training_ways WAY BATCHES.npz SIZES

For each line on standard input it trains on all batches once and prints the seconds.
"""

from __future__ import annotations

import json
import os
import sys
import time

import numpy as np


def ours(sizes: dict):
    from pipeline.__main__ import prepare_process

    prepare_process()
    import keras

    from pipeline.layers.pooling import MeanPooling
    from pipeline.layers.recurrent import Recurrent
    from pipeline.training.optimizer import ClippedAdamW

    ids = keras.Input((None,), dtype="int32", name="ids")
    lengths = keras.Input((), dtype="int32", name="lengths")
    x = keras.layers.Embedding(sizes["pieces"], sizes["size"])(ids)
    x = Recurrent("lstm", sizes["units"])(x, lengths)
    logits = keras.layers.Dense(2)(MeanPooling()(x, lengths))
    return keras.Model({"ids": ids, "lengths": lengths}, logits), ClippedAdamW(averaging=0.998)


def tutorial(sizes: dict):
    import keras

    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32", name="ids"),
            keras.layers.Embedding(sizes["pieces"], sizes["size"], mask_zero=True),
            keras.layers.Bidirectional(keras.layers.LSTM(sizes["units"], return_sequences=True)),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(2),
        ]
    )
    return model, keras.optimizers.Adam(1e-3)


WAYS = {"ours": ours, "tutorial": tutorial}


def main() -> None:
    way, path, sizes = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    model, optimizer = WAYS[way](sizes)
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, jit_compile=False)
    with np.load(path, allow_pickle=False) as stored:
        batches = []
        for i in range(sizes["steps"]):
            ids, lengths = stored[f"ids{i}"], stored[f"lengths{i}"]
            inputs = {"ids": ids, "lengths": lengths} if way == "ours" else ids
            batches.append((inputs, stored[f"labels{i}"]))
    for _ in sys.stdin:
        started = time.perf_counter()
        for inputs, targets in batches:
            model.train_on_batch(inputs, targets)
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
