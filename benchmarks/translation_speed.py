"""Measures the exported translator: sentences per second in batches, and single short ones.

    python -m benchmarks.translation_speed [--run default] [--model saved_models/translation/1]

The test sentences of the run, raw strings in corpus order, in batches of 32; then single short
ones. A new process with only tensorflow and tensorflow-text (`benchmarks/served_rounds.py`)
translates all of them once for warm-up and then several times; the median is printed. Processor
time is that of all threads, which is also meaningful on a machine that is not idle.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
from pathlib import Path

from benchmarks.foreign import foreign_process
from benchmarks.tables import print_table
from benchmarks.translation_runs import find_run
from pipeline.corpora.splits import read_split
from pipeline.errors import UserError
from pipeline.workspace import Workspace

BATCH = 32
SHORT = 20
"""Largest number of characters of a short sentence."""
SINGLE = 200
"""Number of short sentences that are translated one at a time."""


def search_of(model: Path) -> str:
    """The search of the exported model, from its model card."""
    card = (model / "assets.extra" / "model_card.md").read_text(encoding="utf-8")
    return re.search(r"^\| search \| `?([^|`]+)", card, re.M)[1].strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", default="default", help="run with the test sentences")
    parser.add_argument("--model", type=Path, default=Path("saved_models/translation/1"))
    parser.add_argument("--rounds", type=int, default=5, help="rounds over all sentences")
    arguments = parser.parse_args()
    try:
        folder = find_run(arguments.run, Workspace()).trained().corpus_folder
        if not arguments.model.is_dir():
            raise UserError("there is no such model", where=arguments.model, remedy="export it")
    except UserError as error:
        parser.exit(2, f"error: {error}\n")
    texts = list(read_split(folder / "test.tsv")["text"])
    short = [text for text in texts if len(text) <= SHORT][:SINGLE]
    asked = {
        "batches": [texts[i : i + BATCH] for i in range(0, len(texts), BATCH)],
        "single": short,
        "rounds": arguments.rounds,
    }
    model = arguments.model.resolve()
    taken = json.loads(foreign_process("served_rounds.py", model, given=json.dumps(asked)))
    seconds, cpu = (statistics.median(taken[name]) for name in ("batches", "cpu"))
    single = [1e3 * value for value in taken["single"]]
    rows = [
        [f"{len(texts):,} sentences, batches of {BATCH}, a second", f"{len(texts) / seconds:,.1f}"],
        ["the same, processor time a sentence, ms", f"{1e3 * cpu / len(texts):.2f}"],
        [
            f"one of at most {SHORT} characters, {len(short)} times, median ms",
            f"{statistics.median(single):.1f}",
        ],
        ["the same, 90th percentile ms", f"{statistics.quantiles(single, n=10)[8]:.1f}"],
    ]
    print_table(f"{arguments.model}, {search_of(arguments.model)}", ["what", "measured"], rows)


if __name__ == "__main__":
    main()
