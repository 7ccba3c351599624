"""What lies in the folder of one run, and what its stages told each other."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from pipeline.errors import UserError
from pipeline.settings import from_json
from pipeline.tasks.base import Task, Trained
from pipeline.workspace import Manifest, Workspace, read_json, sha256


@dataclasses.dataclass(frozen=True)
class RunFiles:
    """runs/<task>/<name>/: one manifest a stage, which is what the Makefile chains."""

    task: str
    folder: Path
    root: Path

    @classmethod
    def of(cls, task: Task, settings, workspace: Workspace) -> RunFiles:
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

    def manifest(self, stage: str) -> Manifest:
        """What an earlier stage wrote.

        Raises:
            UserError: it has not run; the remedy is the command that runs it.
        """
        path = self.folder / f"{stage}.json"
        manifest = Manifest.read(path)
        if manifest is None:
            verb = {"prepared": "prepare"}.get(stage, stage)
            raise UserError(
                f"the stage {verb!r} has not run for {self.folder.name!r}",
                where=path,
                remedy=f"run `make train-{self.task}`, or `python -m pipeline {verb} {self.task}`",
            )
        return manifest

    def trained_settings(self, task: Task, settings):
        """The settings this run was trained with; of those given only `run` counts."""
        values = {k: v for k, v in read_json(self.config).items() if k != "inputs"}
        return dataclasses.replace(from_json(task.settings, values), run=settings.run)

    def measured(self) -> dict | None:
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
        corpus, tokens = self.manifest("corpus"), self.manifest("prepared")
        if not self.training.exists() or not self.weights.exists():
            raise UserError(
                "nothing is trained yet", where=self.folder, remedy=f"make train-{self.task}"
            )
        follows = read_json(self.config).get("inputs") == tokens.outputs and all(
            corpus.outputs.get(name, seen) == seen for name, seen in tokens.inputs.items()
        )
        if not follows or not all(
            manifest.outputs_are_in(self.root / manifest.notes["folder"])
            for manifest in (corpus, tokens)
        ):
            name = "" if self.folder.name == "default" else f" NAME={self.folder.name}"
            raise UserError(
                "the corpus or its pieces changed after this training",
                where=self.folder,
                remedy=f"run `make train-{self.task}{name}`, which trains on what there is now",
            )
        return Trained(
            run=self.folder,
            corpus_folder=self.root / corpus.notes["folder"],
            prepared_folder=self.root / tokens.notes["folder"],
            corpus_notes=corpus.notes,
            prepared_notes=tokens.notes,
            training=read_json(self.training),
            warnings=[*corpus.notes["warnings"], *tokens.notes.get("warnings", [])],
        )


def chosen(settings: dict, groups: tuple[str, ...]) -> dict:
    """Only some groups of a settings dictionary."""
    return {group: settings[group] for group in groups}
