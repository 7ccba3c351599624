"""A task after all its stages, as tests see it."""

from __future__ import annotations

import dataclasses
import importlib
import shutil
from pathlib import Path
from typing import Any

from pipeline.settings import leaves
from pipeline.stages.options import STAGES
from pipeline.stages.train import RESULTS
from pipeline.tasks.base import Task
from pipeline.workspace import Workspace, read_json


@dataclasses.dataclass(frozen=True)
class FinishedRun:
    """A task after all its stages, with its `tiny` settings, in a checkout of its own."""

    task: Task
    workspace: Workspace
    hidden: tuple[str, ...] = ()
    """Files of the test split that were out of sight while it trained."""

    @property
    def root(self) -> Path:
        return self.workspace.root

    @property
    def run(self) -> Path:
        return self.workspace.run(self.task.name, self.task.tiny.run.name)

    @property
    def saved_model(self) -> Path:
        return self.workspace.saved_model(self.task.name, self.task.tiny.run.version)

    @property
    def corpus(self) -> Path:
        return self.root / read_json(self.run / "corpus.json")["facts"]["folder"]

    @property
    def prepared(self) -> Path:
        return self.root / read_json(self.run / "prepared.json")["facts"]["folder"]

    @property
    def example(self) -> Any:
        """A value of the input field to try on its model."""
        return self.task.example_of(self.task.tiny, self.prepared)

    def do(self, *stages: str, settings=None) -> None:
        """Some stages, in this process."""
        settings = self.task.tiny if settings is None else settings
        for stage in stages:
            module = importlib.import_module(f"pipeline.stages.{stage}")
            options = STAGES[stage].options
            module.run(
                self.task, settings, self.workspace, *([] if options is None else [options()])
            )

    def words(self, settings=None) -> list[str]:
        """The settings as they stand on the command line."""
        settings = self.task.tiny if settings is None else settings
        found = []
        for name, _ in leaves(type(settings)):
            group = next(group for group in vars(settings).values() if hasattr(group, name))
            option, value = name.replace("_", "-"), getattr(group, name)
            if isinstance(value, bool):
                found.append(f"--{option}" if value else f"--no-{option}")
            elif value is not None:
                found += [f"--{option}", str(value)]
        return found

    def copy(self, root: Path) -> FinishedRun:
        """The same in another folder, to be harmed there."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return dataclasses.replace(self, workspace=Workspace(root))

    def untrained_copy(self, root: Path) -> FinishedRun:
        """The same in another folder, with its ids but no training yet."""
        copy = self.copy(root)
        for name in RESULTS:
            path = copy.run / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        shutil.rmtree(copy.saved_model)
        return copy
