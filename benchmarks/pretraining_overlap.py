"""Checks whether texts of benchmarks are in the training texts of encoders.

    python -m benchmarks.pretraining_overlap --runs reviews,wikipedia [--against test.tsv,dev.conll]

For each available benchmark (the test sets of NSMC, KMOU and KLP, KLUE-NER's development set, and
files) it counts the texts that are in the training texts of each run: as a whole line, or, with at
least 16 characters, anywhere in one, without regard to white space (the rule of `--leave-out`). The
exit code is 1 if there are any.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.tables import print_table
from pipeline.corpora.fetch import CorpusUnavailable
from pipeline.corpora.splits import read_split
from pipeline.corpora.unlabelled.left_out import texts_to_avoid
from pipeline.corpora.unlabelled.named_texts import names_in, test_texts
from pipeline.corpora.unlabelled.overlap import TextIndex
from pipeline.errors import UserError
from pipeline.facts import CorpusFacts
from pipeline.workspace import Manifest, Workspace

BENCHMARKS = {
    "nsmc": "NSMC test",
    "kmou": "KMOU test",
    "klp": "KLP test",
    "klue": "KLUE-NER dev",
}


def benchmark_texts(raw: Path, against: str | None) -> dict[str, list[str] | None]:
    """name -> its texts; None if they are not available."""
    texts: dict[str, list[str] | None] = {}
    for name, title in BENCHMARKS.items():
        try:
            texts[title] = test_texts(name, raw)
        except CorpusUnavailable:
            texts[title] = None
    for name in names_in(against) if against else []:
        texts[name] = texts_to_avoid(name, raw).texts
    return texts


def training_texts(run: str, workspace: Workspace) -> list[str]:
    """The training texts of an encoder.

    Raises:
        UserError: there is no such run, or its corpus is gone.
    """
    record = workspace.run("encoder", run) / "corpus.json"
    manifest = Manifest.read(record, CorpusFacts)
    if manifest is None:
        raise UserError("no such run", where=record, remedy=f"make pretrain NAME={run}")
    return list(read_split(workspace.root / manifest.facts.folder / "train.tsv")["text"])


def standing(lines: Sequence[str], texts: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """name -> number of its texts that are in `lines`."""
    owners = [name for name, of_name in texts.items() for _ in of_name]
    index = TextIndex([text for of_name in texts.values() for text in of_name])
    counts = dict.fromkeys(texts, 0)
    for number in {text for _, text in index.places(lines)}:
        counts[owners[number]] += 1
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", default="default", help="names, separated by commas")
    parser.add_argument("--against", help="further texts: files, separated by commas")
    arguments = parser.parse_args()
    workspace = Workspace()
    runs = [name.strip() for name in arguments.runs.split(",")]
    try:
        texts = benchmark_texts(workspace.raw, arguments.against)
        at_hand = {name: found for name, found in texts.items() if found is not None}
        counts = {run: standing(training_texts(run, workspace), at_hand) for run in runs}
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    rows = [
        [name, f"{len(found):,}", *(f"{counts[run][name]:,}" for run in runs)]
        if found is not None
        else [name, "not at hand", *("" for _ in runs)]
        for name, found in texts.items()
    ]
    print_table("Learnt from", ["", "texts", *runs], rows)
    return int(any(count for run in runs for count in counts[run].values()))


if __name__ == "__main__":
    sys.exit(main())
