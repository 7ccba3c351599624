"""Compares encoder-decoder, attention and Transformer on the same pairs: one table and a page.

    make compare-translators [CORPUS=my.tsv] [SETTINGS="--epochs 10 --units 192"]
    python -m benchmarks.compare_translators --runs small large another

The three runs differ only in --architecture and are called compare-rnn, compare-attention and
compare-transformer (SETTINGS="--name word" for another prefix). Unfinished runs are trained by the
usual stages, from the last checkpoint if they were stopped; finished ones are not trained again.
With --runs nothing is trained, and these runs are compared as they are.

The page is runs/translation/side-by-side.html: BLEU by source length, which shows the cost of the
single vector of the encoder-decoder, differences with their intervals, and the sentences on which
the runs differ most. For it the whole test set is translated again.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from benchmarks.accuracy import stage
from benchmarks.tables import print_table
from benchmarks.translation_runs import TASK, common_test, compared, find_run, flat_settings
from pipeline.__main__ import exit_code, prepare_process
from pipeline.errors import UserError
from pipeline.progress import say
from pipeline.quiet import start_keras
from pipeline.report.page import write_report
from pipeline.settings import check_ranges, parse, split_settings_option
from pipeline.stages.files import RunFiles
from pipeline.tasks.translation.comparison import comparison_content, metrics_side_by_side
from pipeline.workspace import Workspace

ARCHITECTURES = ("rnn", "attention", "transformer")
PAGE = "side-by-side.html"


def train(prefix: str | None, words: list[str], workspace: Workspace) -> list[str]:
    """Trains and evaluates the three runs, if that is not done; returns their names.

    Args:
        prefix: beginning of their names; None for the default.
        words: settings of the task as on the command line.

    Raises:
        UserError: a setting is wrong, or a run of that name was trained with others.
        SystemExit: a stage ended with an error, which it has printed.
    """
    if any(word.partition("=")[0] == "--architecture" for word in words):
        raise UserError(
            "--architecture is what is compared",
            where="command line",
            remedy="leave it out, or name finished runs with --runs",
        )
    names = []
    for architecture in ARCHITECTURES:
        options = [*words, "--architecture", architecture]
        settings = parse(TASK.settings, options, program=__name__, description=__doc__)
        name = f"{prefix or _default_prefix(settings)}-{architecture}"
        settings = dataclasses.replace(settings, run=dataclasses.replace(settings.run, name=name))
        check_ranges(settings)
        names.append(name)
        _finish(RunFiles.of(TASK, settings, workspace), settings, [*options, "--name", name])
    return names


def _default_prefix(settings) -> str:
    direction = settings.corpus.direction
    return "compare" if direction == TASK.settings().corpus.direction else f"compare-{direction}"


def _finish(files: RunFiles, settings, options: list[str]) -> None:
    """Trains and evaluates one run, if that is not done."""
    if files.training.exists() and files.weights.exists():
        _check_settings(files, settings)
    else:
        for name in ("corpus", "prepare", "train"):
            stage(name, [TASK.name, *options])
    if files.valid_metrics() is None or not files.report.exists():
        stage("evaluate", [TASK.name, *options])


def _check_settings(files: RunFiles, settings) -> None:
    """Refuses a run of that name with other settings; it is neither used nor trained over."""
    asked = flat_settings(settings)
    there = flat_settings(files.trained_settings(TASK, settings))
    changed = [f"{k} {there[k]}, not {value}" for k, value in asked.items() if value != there[k]]
    if changed:
        raise UserError(
            f"was trained with other settings ({'; '.join(changed)})",
            where=files.folder,
            remedy="give the new runs another --name, or compare what is there with --runs",
        )


def compare(names: list[str], workspace: Workspace) -> Path:
    """Prints the table and writes the page, whose path it returns.

    Args:
        names: of finished runs, in the order of the table.

    Raises:
        UserError: too few names, or runs that cannot be compared.
    """
    if len(names) < 2 or len(set(names)) < len(names):
        raise UserError(
            f"cannot compare {' '.join(names)}",
            where="--runs",
            remedy="name two different runs or more",
        )
    runs = [find_run(name, workspace) for name in names]
    test, warnings = common_test(runs)
    models, doubts = zip(*(compared(run, test) for run in runs), strict=True)
    warnings += [doubt for of_one in doubts for doubt in of_one]
    for warning in warnings:
        say(f"! {warning}")
    path = workspace.run(TASK.name, PAGE)
    write_report(path, comparison_content(models, test, warnings))
    print_table(
        f"{len(test.sources):,} test sentences, {test.direction}",
        ["run", *names],
        [[what, *values] for what, values in metrics_side_by_side(models, test).items()],
    )
    print(f"{test.title}; {models[0].metrics.bleu_signature}")
    return path


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0],
        epilog="All else is a setting of the task: make settings-translation",
        allow_abbrev=False,
    )
    parser.add_argument("--runs", nargs="+", help="finished runs; nothing is trained")
    parser.add_argument("--name", help="beginning of the names of the three runs")
    arguments, words = parser.parse_known_args(split_settings_option(sys.argv[1:]))
    prepare_process()
    workspace = Workspace()
    if arguments.runs and (words or arguments.name):
        raise UserError(
            f"with --runs nothing is trained, so {' '.join(words) or '--name'} says nothing",
            where="command line",
            remedy="leave one of them out",
        )
    start_keras()  # before anything else loads it, which would not be quiet
    names = arguments.runs or train(arguments.name, words, workspace)
    page = compare(names, workspace)
    print(f"page: {page.relative_to(workspace.root)}")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
