"""The reported BLEU and chrF, from raw strings, with tensorflow and tensorflow-text alone.

    python -m benchmarks.served_translation [--run default] [--model saved_models/translation/1]

`benchmarks/served.py` is copied to a folder outside the repository and translates the test
sentences of the run there, in `python -I`. What it wrote is scored by sacreBLEU here and set
beside the run's metrics.json; an error where they do not agree.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from sacrebleu.metrics import CHRF

from benchmarks.foreign import foreign_process
from benchmarks.tables import print_table
from benchmarks.translation_runs import find_run
from pipeline.corpora.splits import read_split
from pipeline.errors import UserError
from pipeline.evaluation.translation_scores import TARGET_TOKENIZERS, bleu_metric
from pipeline.normalize import normalize
from pipeline.tasks.translation import TASK
from pipeline.workspace import Workspace

CLOSE = 0.05
"""Rows that share a batch with others are added up in another order, which may turn a tie."""


def served_translations(model: Path, test: Path) -> tuple[list[str], str]:
    """What the exported model says to the test sentences, and what its process printed."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "translations.txt")
        told = foreign_process("served.py", model.resolve(), test.resolve(), file)
        lines = file.read_bytes().decode("utf-8").split("\n")
    return lines[:-1], told.strip().replace(str(file), file.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", default="default")
    parser.add_argument("--model", type=Path, default=Path("saved_models/translation/1"))
    arguments = parser.parse_args()
    try:
        run = find_run(arguments.run, Workspace())
        trained, metrics = run.trained(), run.valid_metrics()
        if metrics is None:
            raise UserError("this run has not been measured", where=run.folder)
        if not arguments.model.is_dir():
            raise UserError("there is no such model", where=arguments.model, remedy="export it")
    except UserError as error:
        parser.exit(2, f"error: {error}\n")
    test = trained.corpus_folder / "test.tsv"
    references = [normalize(text) for text in read_split(test)["label"]]
    said, told = served_translations(arguments.model, test)
    print(told)
    settings = run.trained_settings(TASK, TASK.settings())
    target = settings.target_language
    scorers = {"bleu": bleu_metric(TARGET_TOKENIZERS[target]), "chrf": CHRF()}
    rows, same = [], True
    for name, scorer in scorers.items():
        found, wanted = scorer.corpus_score(said, [references]).score, metrics[name]
        same = same and abs(found - wanted) < CLOSE
        rows.append([name, f"{found:.2f}", f"{wanted:.2f}", str(scorer.get_signature())])
    title = f"{arguments.model} on {len(said):,} test sentences, and the run {arguments.run}"
    print_table(title, ["score", "served", "reported", "signature"], rows)
    if not same:
        sys.exit("error: the exported model does not score what the run reports")


if __name__ == "__main__":
    main()
