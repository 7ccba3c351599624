"""Finished runs of the translation task as records that can be compared."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pipeline.corpora.parallel.pairs import further_references
from pipeline.corpora.splits import read_split
from pipeline.errors import UserError
from pipeline.evaluation.translation import TranslationMetrics
from pipeline.evaluation.translation_scores import TARGET_TOKENIZERS, SentenceCounts, bleu_of
from pipeline.facts import Trained
from pipeline.models.settings import describe_translator
from pipeline.progress import say
from pipeline.settings import without_run
from pipeline.stages.files import RunFiles
from pipeline.tasks.translation import TASK
from pipeline.tasks.translation.comparison import Compared, TestSet
from pipeline.workspace import Workspace

_SAME = 0.005
"""BLEU is shown with two digits: smaller differences count as equal."""


def find_run(name: str, workspace: Workspace) -> RunFiles:
    """Finds the run called `name`.

    Raises:
        UserError: there is none.
    """
    folder = workspace.run(TASK.name, name)
    if not folder.is_dir():
        there = sorted(path.parent.name for path in folder.parent.glob("*/metrics.json"))
        raise UserError(
            f"there is no run {name!r}",
            where=folder.parent,
            remedy=f"there are: {', '.join(there)}"
            if there
            else f"make {TASK.predict_target} trains one",
        )
    return RunFiles(TASK.name, folder, workspace.root)


def flat_settings(settings) -> dict[str, object]:
    """Setting -> value, without the name and version of the run."""
    groups = without_run(settings).values()
    return {name: value for values in groups for name, value in values.items()}


def common_test(runs: Sequence[RunFiles]) -> tuple[TestSet, list[str]]:
    """The test set on which all runs were evaluated, and warnings about it.

    Lengths are counted in pieces of the first run.

    Raises:
        UserError: a run is not trained or not evaluated, or they were evaluated on different
            sentences.
    """
    from pipeline.models.translate import FRAME
    from pipeline.text.ragged import Ragged

    all_trained = {run.folder.name: run.trained() for run in runs}
    _check_same_test(runs, all_trained)
    for run in runs:
        run_metrics(run)
    (name, first), *_ = all_trained.items()
    frame = read_split(first.corpus_folder / "test.tsv")
    test = TestSet(
        first.corpus.origin.title,
        runs[0].trained_settings(TASK, TASK.settings()).corpus.direction,
        list(frame["text"]),
        list(frame["label"]),
        Ragged.load(first.prepared_folder / "test.source").lengths - FRAME,
        further_references(frame),
    )
    warnings = [warning for trained in all_trained.values() for warning in trained.warnings]
    if any(run.prepared_manifest().outputs != runs[0].prepared_manifest().outputs for run in runs):
        warnings.append(
            f"Not all runs cut text into the same pieces; lengths are counted in those of {name}."
        )
    return test, list(dict.fromkeys(warnings))


def _check_same_test(runs: Sequence[RunFiles], all_trained: dict[str, Trained]) -> None:
    """Compares the checksums of the test splits."""
    sums = {}
    for run in runs:
        read = run.prepared_manifest().inputs["test.tsv"]
        sums[run.folder.name] = read
    if len(set(sums.values())) > 1:
        told = "; ".join(
            f"{name}: {sums[name][:12]} of {trained.corpus.origin.title}"
            for name, trained in all_trained.items()
        )
        raise UserError(
            f"these runs were measured on different test sets ({told})",
            remedy="train them on one corpus and in one direction",
        )


def compared(run: RunFiles, test: TestSet) -> tuple[Compared, list[str]]:
    """A run of `common_test`, with the test set translated again, and warnings."""
    trained, metrics = run.trained(), run_metrics(run)
    settings = run.trained_settings(TASK, TASK.settings())
    name = run.folder.name
    say(f"{name}: {len(test.sources):,} sentences are being translated")
    said = TASK.evaluation.translate_test(settings, trained)  # imports TensorFlow, so only now
    tokenizer = TARGET_TOKENIZERS[test.direction.split("-")[1]]
    counts = SentenceCounts.of(said, test.references, tokenizer, test.further)
    now, doubt = bleu_of(counts.bleu.sum(axis=0)), []
    if abs(now - metrics.bleu) >= _SAME:
        doubt.append(
            f"{name} translates otherwise now than when it was measured: BLEU {now:.2f}, not "
            f"{metrics.bleu:.2f}. Lengths, differences and sentences are of now."
        )
    history = pd.read_csv(run.folder / "history.csv")
    facts = {
        "architecture": settings.model.architecture,
        "parameters": f"{trained.result.parameters:,}",
        "training s": f"{trained.result.seconds:,.0f}",
        "tokens/s": f"{history['tokens_per_second'].median():,.0f}",
        "dev BLEU": f"{trained.result.best:.2f}",
    }
    shape = describe_translator(settings.model)
    return Compared(name, shape, facts, flat_settings(settings), metrics, said, counts), doubt


def run_metrics(run: RunFiles) -> TranslationMetrics:
    """The scores of the run's evaluate stage.

    Raises:
        UserError: the run is not evaluated, or was evaluated by another version of this project.
    """
    again = f"python -m pipeline evaluate {TASK.name} --name {run.folder.name}"
    measured = run.valid_metrics()
    if measured is None:
        raise UserError("this run has not been measured", where=run.folder, remedy=again)
    try:
        return TranslationMetrics.from_json(measured)
    except (KeyError, TypeError):
        raise UserError(
            "was written by another version of this project",
            where=run.metrics,
            remedy=f"delete it, then {again}",
        ) from None
