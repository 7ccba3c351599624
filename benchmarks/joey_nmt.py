"""Compares our translator with Joey NMT: the same pairs, pieces, sizes and epochs.

    python -m venv other; other/bin/pip install torch joeynmt        # needed only here
    for seed in 1 2 3; do for model in attention transformer; do
        for stage in corpus prepare train evaluate; do
            python -m pipeline $stage translation --name $model-$seed --seed $seed \
                --architecture $model --beam-size 5 ...
        done
    done; done
    python -m benchmarks.joey_nmt all --joey-python other/bin/python \
        --runs {attention,transformer}-{1,2,3}
    python -m benchmarks.joey_speed --joey-python other/bin/python --run attention-1

(For CPUs only: `pip install torch --index-url https://download.pytorch.org/whl/cpu` first.)

For each run of ours, Joey trains the same shape with the same seed for as many epochs
(benchmarks/joey_config.py says what is equal and what differs), keeps the weights that are best on
dev, and translates every test set with the same beam. Both are scored by the same code on the same
references. `all` runs these steps, which can also be run one by one:

- prepare: writes our pieces as text.
- train: takes hours; a killed training resumes from a checkpoint at most a minute old.
- translate: finished translations are kept.
- table: from existing results, without Joey.

All files are in runs/joeynmt/<our run>/<recipe>-<digest of Joey's configuration>/. Another
--recipe, --epochs or --change gives another folder.

Test sets of other corpora (--on news) are scored for us by `python -m pipeline evaluate translation
--name <our run> --on news`. Dev BLEU is greedy; Joey's is on all of dev, ours on 500 sentences of
it: it chooses weights, and must not be compared. Seconds are those of the whole training with
evaluations on dev; for a fair measure of speed use benchmarks/joey_speed.py.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.joey_config import joey_config, recipes_for
from benchmarks.joey_pieces import ROOT, OurRun, name_elsewhere, read_translations, write_pieces
from benchmarks.tables import print_table
from pipeline.corpora.splits import read_split
from pipeline.errors import UserError
from pipeline.workspace import digest, read_json, write_json

DRIVER = str(Path(__file__).with_name("joey_driver.py"))
STEPS = ("prepare", "train", "translate", "table")


class Beside:
    """One run of ours and the corresponding training of Joey."""

    def __init__(self, name: str, arguments: argparse.Namespace):
        self.run, self.arguments = OurRun.of(name), arguments
        self.recipe = arguments.recipe or recipes_for(self.run.settings.model.architecture)[0]
        config = joey_config(
            self.run.settings,
            self.recipe,
            self.run.pieces,
            self.run.rows["train"],
            epochs=arguments.epochs,
            changes=arguments.change,
        )
        self.folder = ROOT / name / f"{self.recipe}-{digest(config)}"
        self.config = self.folder / "config.json"
        self._config = config

    @property
    def tests(self) -> dict[str, str]:
        """Joey's name of a test set -> our name."""
        elsewhere = {name_elsewhere(corpus): corpus for corpus in self.arguments.on}
        return {**{name: name for name in self.run.tests}, **elsewhere}

    @property
    def joey_python(self) -> str:
        """The Python with joeynmt.

        Raises:
            UserError: none was given.
        """
        if self.arguments.joey_python is None:
            raise UserError("no Python with joeynmt", where="--joey-python", remedy="name one")
        return self.arguments.joey_python

    def prepare(self) -> None:
        write_pieces(self.run, self.arguments.on)
        write_json(self.config, self._config)

    def train(self) -> None:
        if not self.config.exists():
            self.prepare()
        with self._alone():
            if self.joeys_training() is None:
                self._joey("train")

    def translate(self) -> None:
        missing = [name for name in self.tests if not self._pieces(name).exists()]
        if missing and self.joeys_training() is None:
            raise UserError("Joey has not trained yet", where=self.folder, remedy="train first")
        if missing:
            self.prepare()
            self._joey("translate", *missing)

    def _pieces(self, test: str) -> Path:
        return self.folder / f"{test}.pieces"

    def _joey(self, verb: str, *rest: str) -> None:
        print(f"{self.run.name}: {verb} -> {self.folder}", file=sys.stderr, flush=True)
        environment = {**os.environ, "OMP_NUM_THREADS": str(self.arguments.threads)}
        command = [self.joey_python, "-I", DRIVER, verb, str(self.config), *rest]
        code = subprocess.call(command, env=environment)
        if code == 130:
            raise KeyboardInterrupt
        if code:
            raise UserError(f"Joey NMT ended with {code}", where=self.folder / "joey.log")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with open(self.folder / ".lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError("another training is at work", where=self.folder) from None
            yield

    def our_scores(self, test: str) -> dict | None:
        """{"bleu": ..., "chrf": ...}, 0 to 100; None if not evaluated."""
        if test.startswith("on-"):
            path = self.run.files.elsewhere / f"{test.removeprefix('on-')}.json"
            return read_json(path) if path.exists() else None
        metrics = self.run.files.valid_metrics()
        return metrics if metrics is None or test == "test" else metrics.get("tests", {}).get(test)

    def joeys_scores(self, test: str) -> dict | None:
        """The same for Joey's translations, by the code that scores ours."""
        from sacrebleu.metrics import CHRF

        from pipeline.evaluation.translation_scores import TARGET_TOKENIZERS, bleu_metric

        if not self._pieces(test).exists():
            return None
        found = read_translations(self.run, self._pieces(test))
        references = [list(read_split(self.run.pieces / f"{test}.tsv")["label"])]
        language = self.run.settings.corpus.direction.split("-")[1]
        metrics = {"bleu": bleu_metric(TARGET_TOKENIZERS[language]), "chrf": CHRF()}
        return {
            name: metric.corpus_score(found, references).score for name, metric in metrics.items()
        }

    def our_training(self) -> dict | None:
        """The content of training.json and `target_tokens`, counted as Joey does, with [EOS]."""
        if not self.run.files.training.exists():
            return None
        training = read_json(self.run.files.training)
        return {**training, "target_tokens": round(training["epochs"] * self.run.target_tokens())}

    def joeys_training(self) -> dict | None:
        path = self.folder / "training.json"
        return read_json(path) if path.exists() else None


def print_scores(sides: list[Beside]) -> None:
    """Prints BLEU and chrF by recipe, test set and seed, and the means over seeds."""
    rows = []
    for recipe in dict.fromkeys(side.recipe for side in sides):
        group = [side for side in sides if side.recipe == recipe]
        for test in group[0].tests:
            both = []
            for side in group:
                scores = side.our_scores(test), side.joeys_scores(test)
                rows.append([recipe, test, side.run.settings.training.seed, *_cells(*scores)])
                if None not in scores:
                    both.append(scores)
            if len(both) > 1:
                means = [
                    {key: statistics.mean(scores[key] for scores in column) for key in _SCORES}
                    for column in zip(*both, strict=True)
                ]
                rows.append([recipe, test, f"mean of {len(both)}", *_cells(*means)])
    columns = [f"{key} {who}" for key in _SCORES.values() for who in ("ours", "Joey's", "ours +")]
    print_table("Ours and Joey NMT", ["Joey's recipe", "test set", "seed", *columns], rows)


_SCORES = {"bleu": "BLEU", "chrf": "chrF"}


def _cells(ours: dict | None, joeys: dict | None) -> list[str]:
    cells = []
    for key in _SCORES:
        cells += [f"{side[key]:.2f}" if side else "-" for side in (ours, joeys)]
        cells.append(f"{ours[key] - joeys[key]:+.2f}" if ours and joeys else "-")
    return cells


def print_trainings(sides: list[Beside]) -> None:
    """Prints how both were trained."""
    rows = []
    for side in sides:
        for who, found in (("ours", side.our_training()), ("Joey", side.joeys_training())):
            name = f"{side.run.name} ({side.recipe})" if who == "Joey" else side.run.name
            if found is None:
                rows.append([name, who, *["-"] * 5])
                continue
            rows.append(
                [
                    name,
                    who,
                    f"{found['parameters']:,}",
                    f"{found['epochs']:g}",
                    f"{found['target_tokens']:,}",
                    f"{found['seconds']:,.0f}",
                    f"{found['best']:.2f}",
                ]
            )
    columns = ["run", "", "parameters", "epochs", "target tokens", "seconds", "dev BLEU"]
    print_table("Trainings", columns, rows)


def add_joey_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that choose Joey's training and Python."""
    parser.add_argument("--joey-python", help="a Python that has joeynmt and torch")
    parser.add_argument("--on", nargs="+", default=[], help="other corpora to translate")
    parser.add_argument("--recipe", help="of Joey's (default: the first for an architecture)")
    parser.add_argument("--epochs", type=int, help="of Joey's (default: as many as ours)")
    parser.add_argument("--threads", type=int, default=2, help="torch's threads")
    parser.add_argument(
        "--change",
        nargs="+",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="of Joey's configuration, for instance training.learning_rate=0.0005",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("step", choices=(*STEPS, "all"))
    parser.add_argument("--runs", nargs="+", required=True, help="names below runs/translation")
    add_joey_options(parser)
    arguments = parser.parse_args()
    try:
        sides = [Beside(name, arguments) for name in arguments.runs]
        for side in sides:
            for step in STEPS[:-1]:
                if arguments.step in (step, "all"):
                    getattr(side, step)()
        if arguments.step in ("table", "all"):
            print_scores(sides)
            print_trainings(sides)
    except UserError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
