"""The files in the folder of a run: what each stage wrote, and its record."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.facts import CorpusFacts, Prepared, Trained, TrainingResult
from pipeline.locks import one_at_a_time, only_one
from pipeline.progress import say
from pipeline.records import as_json, from_json
from pipeline.report.commands import commands
from pipeline.settings import leaves, option_of
from pipeline.stages.versions import MANIFEST, run_of_version, version_of_run
from pipeline.tasks.base import RunSettings, Task, find_task
from pipeline.workspace import (
    Facts,
    Manifest,
    Workspace,
    digest,
    is_what_was_written,
    read_json,
    sha256,
)


@dataclasses.dataclass(frozen=True)
class RunFiles:
    """The files of one run, runs/<task>/<name>/, with one record per stage.

    Attributes:
        task: name of the task.
        folder: of the run.
        root: of the workspace.
        given: the settings that were given now; None where only the run is named.
    """

    task: str
    folder: Path
    root: Path
    given: Any = None

    @classmethod
    def of(cls, task: Task, settings: Any, workspace: Workspace) -> RunFiles:
        """The files of the run that `settings` name."""
        folder = workspace.run(task.name, settings.run.name)
        return cls(task.name, folder, workspace.root, settings)

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
    def tables(self) -> tuple[Path, ...]:
        """The tables of the training that the report shows."""
        return (self.folder / "history.csv", self.folder / "steps.csv")

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.json"

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    @property
    def elsewhere(self) -> Path:
        """The folder of metrics and reports on other corpora."""
        return self.folder / "elsewhere"

    @classmethod
    def of_version(cls, task: Task, version: int, workspace: Workspace) -> RunFiles | None:
        """The files of the run that was last exported as `version`; None if unknown."""
        name = run_of_version(workspace.run(task.name, ""), version)
        if name is None:
            return None
        settings = dataclasses.replace(task.settings(), run=RunSettings(name, version))
        return cls.of(task, settings, workspace)

    # ---- one process at a time

    @contextlib.contextmanager
    def write_lock(self) -> Iterator[None]:
        """Keeps a second command from reading, preparing or training into the same run.

        Raises:
            UserError: another one does.
        """
        refusal = UserError(
            "another command is at work on this run",
            where=self.folder,
            remedy="wait for it, or choose another name: NAME= of make, --name",
        )
        with only_one(self.folder / ".lock", refusal):
            yield

    @contextlib.contextmanager
    def splits_lock(self, corpus_settings: dict[str, Any]) -> Iterator[None]:
        """Makes other runs wait that read the same corpus in the same way."""
        folder = self.root / "data" / "processed" / self.task
        with one_at_a_time(
            folder / f".{digest(corpus_settings)}.lock",
            "another run is reading or preparing the same corpus: waiting for it",
        ):
            yield

    # ---- what the stages wrote

    def corpus_manifest(self) -> Manifest[CorpusFacts]:
        """The record of the stage `corpus`.

        Raises:
            UserError: nothing that can be used; the remedy is a command that helps.
        """
        return self._manifest("corpus", self.corpus, CorpusFacts)

    def prepared_manifest(self) -> Manifest[Prepared]:
        """The record of the stage `prepare`.

        Raises:
            UserError: nothing that can be used; the remedy is a command that helps.
        """
        return self._manifest("prepare", self.prepared, Prepared)

    def _manifest(self, stage: str, path: Path, facts: type[Facts]) -> Manifest[Facts]:
        manifest = Manifest.read(path, facts)
        if manifest is None:
            fault = (
                "is damaged, or of another version"
                if path.exists()
                else f"the stage {stage!r} has not run for {self.folder.name!r}"
            )
            raise UserError(fault, where=path, remedy=self.command())
        return manifest

    def check_outputs(
        self, manifest: Manifest[Any], folder: Path, ignoring: str | None = None
    ) -> None:
        """Refuses splits or arrays that are not those of this run.

        Args:
            manifest: of the stage that wrote them.
            folder: where to.
            ignoring: a split that is not looked at.

        Raises:
            UserError: a file in `folder` is not as the stage wrote it.
        """
        if (damaged := manifest.damaged_output(folder, ignoring)) is not None:
            state = "is not what this run is made of" if damaged.exists() else "is gone"
            raise UserError(state, where=damaged, remedy=self.command())

    def trained_settings(self, task: Task, settings: Any) -> Any:
        """The settings that the run was trained with; of the given ones only `run` counts.

        Raises:
            UserError: config.json does not tell.
        """
        trained = self._trained_settings(task)
        differ = _differ(settings, trained, task.settings())
        if differ:
            say(f"the run stays as it was trained: {', '.join(differ)} plays no part")
        return dataclasses.replace(trained, run=settings.run)

    def _trained_settings(self, task: Task) -> Any:
        values = {k: v for k, v in self._record(self.config).items() if k != "inputs"}
        try:
            return from_json(task.settings, values, where=self.config)
        except UserError as error:
            raise UserError(error.what, where=error.where, remedy=self.command()) from None

    def _record(self, path: Path) -> dict[str, Any]:
        """A record of this run.

        Raises:
            UserError: it is not there or damaged; the remedy is a command that helps.
        """
        try:
            values = read_json(path)
        except UserError as error:
            raise UserError(error.what, where=error.where, remedy=self.command()) from None
        if not isinstance(values, dict):
            raise UserError("is damaged", where=path, remedy=self.command())
        return values

    def valid_metrics(self) -> dict[str, Any] | None:
        """metrics.json, if it belongs to the current weights."""
        metrics = self._metrics()
        if metrics is None or not isinstance(metrics.get("summary"), str):
            return None
        checksum = metrics.get("weights")
        return metrics if is_what_was_written(self.weights, str(checksum)) else None

    def _metrics(self) -> dict[str, Any] | None:
        try:
            metrics = read_json(self.metrics)
        except UserError:
            return None
        return metrics if isinstance(metrics, dict) else None

    def has_report(self) -> bool:
        """Whether the report exists and belongs to metrics.json."""
        metrics = self._metrics() or {}
        if "report" not in metrics:  # an earlier version wrote it
            return self.report.is_file()
        return is_what_was_written(self.report, str(metrics["report"]))

    def result(self) -> TrainingResult:
        """The result of the training, if all its files are there unchanged.

        Raises:
            UserError: it has not ended, or a file is gone or damaged.
        """
        if not self.training.exists():
            raise UserError(
                "nothing is trained yet",
                where=self.folder,
                remedy=f"train it first: {self.command()}",
            )
        try:
            result = from_json(TrainingResult, self._record(self.training), where=self.training)
        except UserError as error:
            raise UserError(error.what, where=error.where, remedy=self.command()) from None
        checksums = dict(result.files)
        if not checksums:  # an earlier version wrote it
            known = (self._metrics() or {}).get("weights")
            checksums = {} if known is None else {self.weights.name: str(known)}
        for path in (self.weights, *self.tables):
            if not path.is_file():
                raise UserError("is gone", where=path, remedy=self.command())
            if path.name in checksums and sha256(path) != checksums[path.name]:
                raise UserError("is not what the training wrote", where=path, remedy=self.command())
        return result

    def trained(self) -> Trained:
        """The finished training of this run.

        Raises:
            UserError: there is none, or not for the corpus and pieces this run now has.
        """
        result = self.result()
        corpus, prepared = self.corpus_manifest(), self.prepared_manifest()
        corpus_folder = self.root / corpus.facts.folder
        prepared_folder = self.root / prepared.facts.folder
        config = self._record(self.config)
        if "inputs" not in config:
            raise UserError("is damaged", where=self.config, remedy=self.command())
        follows = config["inputs"] == prepared.outputs and all(
            corpus.outputs.get(name, seen) == seen for name, seen in prepared.inputs.items()
        )
        if not follows:
            raise UserError(
                "the corpus or its pieces changed after this training",
                where=self.folder,
                remedy=f"to train on what there is now: {self.command()}",
            )
        self.check_outputs(corpus, corpus_folder)
        self.check_outputs(prepared, prepared_folder)
        return Trained(
            run=self.folder,
            corpus_folder=corpus_folder,
            prepared_folder=prepared_folder,
            corpus=corpus.facts,
            prepared=prepared.facts,
            result=result,
        )

    # ---- what helps

    def command(self) -> str:
        """The command of make that completes this run, as far as its files tell."""
        task = find_task(self.task)
        settings = self.given
        if settings is None:
            settings = dataclasses.replace(task.settings(), run=RunSettings(self.folder.name))
        version = settings.run.version
        if version == RunSettings().version:
            version = version_of_run(self.folder, version)
        everything = [field.name for field in dataclasses.fields(settings) if field.name != "run"]
        exported = Workspace(self.root).saved_model(self.task, version) / MANIFEST
        ours = run_of_version(self.folder.parent, version) == self.folder.name
        for path, groups in (
            (exported, everything if ours else []),
            (self.prepared, task.prepare_groups),
            (self.corpus, task.corpus_groups),
            (self.config, everything),
        ):
            known = _settings_in(path, task, groups)
            settings = dataclasses.replace(settings, **known)
        run = dataclasses.replace(settings.run, version=version)
        return commands(task, dataclasses.replace(settings, run=run))[0]


def _settings_in(record: Path, task: Task, groups: Sequence[str]) -> dict[str, Any]:
    """Groups of settings in a record of a run; none if it is damaged."""
    try:
        values = read_json(record)
        values = values.get("settings", values)
        known = {group: values[group] for group in groups if group in values}
        settings: Any = from_json(task.settings, known, where=record)
    except (UserError, OSError, TypeError, AttributeError):
        return {}
    return {group: getattr(settings, group) for group in known}


def chosen(settings: dict[str, Any], groups: Sequence[str]) -> dict[str, Any]:
    """Some groups of a settings dictionary."""
    return {group: settings[group] for group in groups}


def _differ(given: Any, trained: Any, usual: Any) -> list[str]:
    """The given options that differ from those of the training, as they are typed."""
    values = [
        {name: value for group in as_json(settings).values() for name, value in group.items()}
        for settings in (given, trained, usual)
    ]
    run = {field.name for field in dataclasses.fields(RunSettings)}
    return [
        f"{option_of(name)} {values[0][name]}"
        for name, _ in leaves(type(given))
        if name not in run and values[0][name] not in (values[1][name], values[2][name])
    ]
