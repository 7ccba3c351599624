"""What lies in the folder of one run, and what its stages told each other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.facts import CorpusFacts, Prepared, Trained, TrainingResult
from pipeline.records import from_json
from pipeline.tasks.base import Task
from pipeline.workspace import Manifest, Workspace, read_json, sha256


@dataclasses.dataclass(frozen=True)
class RunFiles:
    """runs/<task>/<name>/: one manifest a stage, which is what the Makefile chains."""

    task: str
    folder: Path
    root: Path

    @classmethod
    def of(cls, task: Task, settings: Any, workspace: Workspace) -> RunFiles:
        """Those of the run that `settings` name."""
        return cls(task.name, workspace.run(task.name, settings.run.name), workspace.root)

    @property
    def corpus(self) -> Path:
        return self.folder / "corpus.json"

    @property
    def prepared(self) -> Path:
        return self.folder / "prepared.json"

    @property
    def config(self) -> Path:
        return self.folder / "config.json"

    @property
    def training(self) -> Path:
        return self.folder / "training.json"

    @property
    def weights(self) -> Path:
        return self.folder / "best.weights.h5"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.json"

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    @property
    def elsewhere(self) -> Path:
        """Metrics and reports on corpora other than the run's own."""
        return self.folder / "elsewhere"

    def corpus_manifest(self) -> Manifest[CorpusFacts]:
        """What the stage `corpus` wrote.

        Raises:
            UserError: it has not run; the remedy is the command that runs it.
        """
        manifest = Manifest.read(self.corpus, CorpusFacts)
        if manifest is None:
            raise self._not_run("corpus", self.corpus)
        return manifest

    def prepared_manifest(self) -> Manifest[Prepared]:
        """What the stage `prepare` wrote.

        Raises:
            UserError: it has not run; the remedy is the command that runs it.
        """
        manifest = Manifest.read(self.prepared, Prepared)
        if manifest is None:
            raise self._not_run("prepare", self.prepared)
        return manifest

    def _not_run(self, stage: str, path: Path) -> UserError:
        return UserError(
            f"the stage {stage!r} has not run for {self.folder.name!r}",
            where=path,
            remedy=f"run `make train-{self.task}`, or `python -m pipeline {stage} {self.task}`",
        )

    def trained_settings(self, task: Task, settings: Any) -> Any:
        """The settings this run was trained with; of those given only `run` counts."""
        values = {k: v for k, v in read_json(self.config).items() if k != "inputs"}
        trained: Any = from_json(task.settings, values, where=self.config)
        return dataclasses.replace(trained, run=settings.run)

    def measured(self) -> dict[str, Any] | None:
        """metrics.json, if it speaks of the weights that are there."""
        if not self.metrics.exists():
            return None
        metrics = read_json(self.metrics)
        return metrics if metrics.get("weights") == sha256(self.weights) else None

    def trained(self) -> Trained:
        """The finished training of this run.

        Raises:
            UserError: there is none, or not for the corpus and pieces this run now has.
        """
        corpus, prepared = self.corpus_manifest(), self.prepared_manifest()
        if not self.training.exists() or not self.weights.exists():
            raise UserError(
                "nothing is trained yet", where=self.folder, remedy=f"make train-{self.task}"
            )
        corpus_folder = self.root / corpus.facts.folder
        prepared_folder = self.root / prepared.facts.folder
        follows = read_json(self.config).get("inputs") == prepared.outputs and all(
            corpus.outputs.get(name, seen) == seen for name, seen in prepared.inputs.items()
        )
        there = corpus.outputs_are_in(corpus_folder) and prepared.outputs_are_in(prepared_folder)
        if not (follows and there):
            name = "" if self.folder.name == "default" else f" NAME={self.folder.name}"
            raise UserError(
                "the corpus or its pieces changed after this training",
                where=self.folder,
                remedy=f"run `make train-{self.task}{name}`, which trains on what there is now",
            )
        return Trained(
            run=self.folder,
            corpus_folder=corpus_folder,
            prepared_folder=prepared_folder,
            corpus=corpus.facts,
            prepared=prepared.facts,
            result=from_json(TrainingResult, read_json(self.training), where=self.training),
        )


def chosen(settings: dict[str, Any], groups: Sequence[str]) -> dict[str, Any]:
    """Only some groups of a settings dictionary."""
    return {group: settings[group] for group in groups}
