"""Measures the share of the machine's peak of matrix products that a recurrent layer reaches.

    python -m benchmarks.recurrent_peak [--rounds 7]

The peak: independent products of two 2000 x 2000 matrices, as many in parallel as there are cores.
The recurrent layer: forward and backward pass of the two directions of an encoder's LSTM with
default widths, over 256 rows of 20 pieces. Of an LSTM's step only the matrix products are counted,
4 x units x (size + units) multiply-adds per row, three times (the forward pass, and the gradients
by the inputs and by the weights). For comparison the same with widths that are powers of two: rows
of such matrices share few places of the cache, so that products take longer. All take turns, with
the threads of the pipeline; the median over the rounds is printed, and the best round of the peak.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Hashable

from benchmarks.tables import print_table
from pipeline.__main__ import exit_code, prepare_process
from pipeline.models.settings import EncoderSettings

SIDE = 2000
ROWS, TIME = 256, 20
POWERS_OF_TWO = (256, 128)
"""Units and embedding size."""
SECONDS = 1.0
"""Smallest duration of a round."""


def rate(run: Callable[[], object], flops: float) -> float:
    """GFLOP/s of `run`, called repeatedly."""
    started, calls = time.perf_counter(), 0
    while (seconds := time.perf_counter() - started) < SECONDS or not calls:
        run()
        calls += 1
    return calls * flops / seconds / 1e9


def products(count: int) -> tuple[Callable[[], object], float]:
    """Independent matrix products in parallel, and their number of floating-point operations."""
    import tensorflow as tf

    pairs = [(tf.random.normal((SIDE, SIDE)), tf.random.normal((SIDE, SIDE))) for _ in range(count)]

    @tf.function
    def multiply():
        return [tf.reduce_sum(tf.matmul(left, right)) for left, right in pairs]

    return multiply, count * 2 * SIDE**3


def recurrent_pass(units: int, size: int) -> tuple[Callable[[], object], float]:
    """Forward and backward pass of the recurrent layer, and the operations of its products."""
    import tensorflow as tf

    from pipeline.layers.recurrent import Recurrent

    layer = Recurrent("lstm", units, "both", seed=1)
    sequences = tf.Variable(tf.random.normal((ROWS, TIME, size)))
    lengths = tf.fill((ROWS,), TIME)
    layer(sequences, lengths)
    variables = [sequences, *(weight.value for weight in layer.trainable_variables)]
    upstream = tf.random.normal((ROWS, TIME, 2 * units))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            outputs = layer(sequences, lengths, training=True)
        return tape.gradient(outputs, variables, output_gradients=upstream)

    flops = 3 * 2 * ROWS * TIME * 4 * units * (size + units) * 2
    return step, flops


def measure(rounds: int) -> int:
    from pipeline.quiet import start_keras

    start_keras(1)
    cores = os.cpu_count() or 1
    usual = EncoderSettings()
    shapes = [(usual.units, usual.embedding_size), POWERS_OF_TWO]
    ways = {"products": products(cores), **{shape: recurrent_pass(*shape) for shape in shapes}}
    rates: dict[Hashable, list[float]] = {name: [] for name in ways}
    for way, _ in ways.values():
        way()  # builds its graph
    for _ in range(rounds):
        for name, (way, flops) in ways.items():
            rates[name].append(rate(way, flops))
    peak = max(rates["products"])
    table = [
        [what, f"{value:,.0f}", f"{100 * value / peak:.0f} %"]
        for what, value in (
            (f"{cores} products of {SIDE} x {SIDE}, best", peak),
            ("the same, median", statistics.median(rates["products"])),
            *(
                (f"both directions of an LSTM-{units} over {size}", statistics.median(rates[shape]))
                for shape in shapes
                for units, size in [shape]
            ),
        )
    ]
    threads = [os.environ[f"TF_NUM_{kind}OP_THREADS"] for kind in ("INTRA", "INTER")]
    print_table(
        f"GFLOP/s, {rounds} rounds, threads: {threads[0]} in a product, {threads[1]} side by side",
        ["what", "GFLOP/s", "of the peak"],
        table,
    )
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="number of rounds")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    prepare_process()
    return exit_code(lambda: measure(arguments.rounds))


if __name__ == "__main__":
    raise SystemExit(main())
