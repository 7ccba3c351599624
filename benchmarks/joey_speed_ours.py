"""Our side of benchmarks/joey_speed.py, in its own process.

    python -m benchmarks.joey_speed_ours RUN KIND ROWS.json

KIND is `steps`, where ROWS are batches of rows of train, or `sentences`, where they are rows of
the test set. For each line on standard input, which names a measure, it runs it once and prints the
seconds.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.joey_pieces import OurRun

TOGETHER = 64


def _start() -> None:
    """Sets up the process before anything imports keras."""
    from pipeline.__main__ import prepare_process
    from pipeline.quiet import start_keras

    prepare_process()
    start_keras()


def plan_without_sampling(run: OurRun):
    """The training plan of the run without sampled segmentations: Joey gets the same pieces."""
    from pipeline.tasks.translation import TASK

    _start()
    subwords = dataclasses.replace(run.settings.subwords, subword_sampling=0)
    return TASK.training.plan(dataclasses.replace(run.settings, subwords=subwords), run.prepared)


def steps(run: OurRun, given: list[list[int]]) -> dict[str, Callable[[], None]]:
    """Measures of training steps: with `own` batches, and with as many `given` ones."""
    plan, training = plan_without_sampling(run), run.settings.training

    from pipeline.training.optimizer import ClippedAdamW, warmup_cosine

    rate = warmup_cosine(training.learning_rate, 10_000, training.warmup_share)
    optimizer = ClippedAdamW(
        rate,
        clip_norm=training.clip_norm,
        weight_decay=training.weight_decay,
        averaging=training.weight_averaging,
    )
    plan.model.compile(optimizer, plan.loss, jit_compile=False)
    own, same = plan.batches(0), plan.batches(0)
    same.batch_rows = [np.array(rows) for rows in given]

    def over(batches) -> None:
        for number in range(len(given)):
            plan.model.train_on_batch(*batches[number])

    return {"own": lambda: over(own), "given": lambda: over(same)}


def sentences(run: OurRun, given: list[int]) -> dict[str, Callable[[], None]]:
    """Measures of sentences of the test set: one by one (`single`), and in batches (`together`)."""
    _start()
    from pipeline.models.translate import Translate, translate_rows
    from pipeline.tasks.translation.training import build_model
    from pipeline.text.ragged import Ragged

    model = build_model(run.settings, run.prepared)
    model.load_weights(run.files.weights)
    translate = Translate(model, run.settings.search)
    sources = Ragged.load(run.prepared / "test.source").take(np.array(given))
    return {
        "single": lambda: translate_rows(translate, sources, 1),
        "together": lambda: translate_rows(translate, sources, TOGETHER),
    }


KINDS = {"steps": steps, "sentences": sentences}


def main() -> None:
    name, kind, path = sys.argv[1:]
    given = json.loads(Path(path).read_text(encoding="utf-8"))
    measures = KINDS[kind](OurRun.of(name), given)
    for line in sys.stdin:
        do = measures[line.strip()]
        started = time.perf_counter()
        do()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
