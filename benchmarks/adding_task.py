"""The adding task at length 100: LSTM and GRU solve it, a SimpleRNN with tanh does not.

    python -m benchmarks.adding_task [--seeds 1]

Two of 100 numbers between 0 and 1 are marked, one in each half; their sum is the target
(`pipeline/lab/tasks/copy_adding.py`). Always predicting 1 has a squared error of 0.167; the task is
solved below 0.01 on 2,000 held-out sequences, within the same number of updates for every cell. All
have the initial weights of Keras (orthogonal recurrent weights, forget bias 1 of the LSTM) and are
trained with Adam, with gradients clipped to norm 1. The exit code is 1 if the result is another.
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks.tables import print_table

LENGTH = 100
EXPECTED = {"rnn": False, "lstm": True, "gru": True}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    arguments = parser.parse_args()

    from pipeline.__main__ import prepare_process

    prepare_process()
    from pipeline.lab.tasks.copy_adding import Adding
    from pipeline.lab.tasks.networks import TaskTraining, learn
    from pipeline.models.settings import CELL_NAMES

    task = Adding(LENGTH)
    training = TaskTraining(
        units=64, learning_rate=2e-3, batch_size=100, max_updates=4000, held_out_rows=2000
    )
    rows, right = [], True
    for seed in arguments.seeds:
        for cell, expected in EXPECTED.items():
            started = time.perf_counter()
            evaluations = list(learn(task, cell, training, seed))
            best = min(each.score for each in evaluations)
            right &= (best < task.solved) == expected
            rows.append(
                [
                    CELL_NAMES[cell],
                    seed,
                    f"{evaluations[-1].model.count_params():,}",
                    f"{evaluations[-1].updates:,}",
                    f"{time.perf_counter() - started:.0f}",
                    f"{best:.4f}",
                    "yes" if best < task.solved else "no",
                ]
            )
    print_table(
        f"adding task, T = {LENGTH}; {training.units} units, Adam at {training.learning_rate:g}",
        ["cell", "seed", "parameters", "updates", "seconds", "best MSE", "solved"],
        rows,
    )
    if not right:
        print("expected: LSTM and GRU below 0.01, SimpleRNN not", file=sys.stderr)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
