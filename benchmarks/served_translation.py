"""Repeats the reported BLEU and chrF from raw strings, with only tensorflow and tensorflow-text.

    python -m benchmarks.served_translation [--run default] [--model saved_models/translation/1]

`benchmarks/served.py` is copied to a folder outside the repository and translates the test
sentences of the run there, in `python -I`. Its translations are scored by sacreBLEU here and
compared with the run's metrics.json; a difference is an error.
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
"""Tolerance: rows in other batches are summed in another order, which may change ties."""


def served_translations(model: Path, test: Path) -> tuple[list[str], str]:
    """The translations of the test sentences by the exported model, and its process's output."""
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
