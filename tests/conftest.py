"""What every test needs: a quiet, repeatable process, a workspace, and one finished run a task."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest
from hypothesis import HealthCheck, settings

from pipeline.__main__ import main
from pipeline.settings import leaves
from pipeline.stages.train import RESULTS
from pipeline.tasks.base import Task, find_task
from pipeline.workspace import Workspace, read_json

pytest_plugins = ["file_server"]

settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("repeatable")


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """An empty checkout."""
    return Workspace(tmp_path)


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
        return self.root / read_json(self.run / "corpus.json")["notes"]["folder"]

    @property
    def tokens(self) -> Path:
        return self.root / read_json(self.run / "tokens.json")["notes"]["folder"]

    def do(self, *stages: str, settings=None) -> None:
        """Some stages, in this process."""
        settings = self.task.tiny if settings is None else settings
        for stage in stages:
            module = importlib.import_module(f"pipeline.stages.{stage}")
            options = [module.Options()] if hasattr(module, "Options") else []
            module.run(self.task, settings, self.workspace, *options)

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


@contextlib.contextmanager
def out_of_sight(files: list[Path]) -> Iterator[None]:
    """Nothing can read `files` meanwhile."""
    for file in files:
        file.rename(file.with_name(f"hidden-{file.name}"))
    yield
    for file in files:
        file.with_name(f"hidden-{file.name}").rename(file)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Callable[[str], FinishedRun]:
    """task name -> its finished run, made once a session. Not to be written to: `copy` it."""
    runs: dict[str, FinishedRun] = {}
    failures: dict[str, Exception] = {}

    def of(name: str) -> FinishedRun:
        if name in failures:
            raise failures[name]
        if name not in runs:
            try:
                runs[name] = make(name)
            except Exception as error:
                failures[name] = error
                raise
        return runs[name]

    def make(name: str) -> FinishedRun:
        task = find_task(name)
        run = FinishedRun(task, Workspace(tmp_path_factory.mktemp(name)))
        run.do("corpus", "tokenize")
        test = [p for folder in (run.corpus, run.tokens) for p in folder.glob("test*")]
        with out_of_sight(test):
            run.do("train")
        run.do("evaluate", "export")
        return dataclasses.replace(run, hidden=tuple(path.name for path in test))

    return of


@pytest.fixture(scope="session")
def quick(finished) -> Callable[..., object]:
    """seed -> settings of sentiment whose training takes no longer than building its model."""

    def settings(seed: int = 1):
        tiny = finished("sentiment").task.tiny
        training = dataclasses.replace(tiny.training, epochs=1, evaluations=1, seed=seed)
        model = dataclasses.replace(tiny.model, cell="bag")
        return dataclasses.replace(tiny, model=model, training=training)

    return settings


@pytest.fixture
def new_run(workspace) -> Callable[..., FinishedRun]:
    """(task name, settings) -> a run of which nothing is done yet."""

    def make(name: str, settings) -> FinishedRun:
        return FinishedRun(dataclasses.replace(find_task(name), tiny=settings), workspace)

    return make


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The last line on stderr, which must be the one line of an error."""
        assert self.code == 2, (self.code, self.err)
        assert "Traceback" not in self.err
        *_, last = self.err.rstrip("\n").split("\n")
        assert last.startswith("error: "), self.err
        return last


@pytest.fixture
def command(monkeypatch, capsys) -> Callable[..., Outcome]:
    """`python -m pipeline ...` in this process: (folder, *arguments) -> Outcome."""

    def call(folder: Path, *arguments: object) -> Outcome:
        monkeypatch.chdir(folder)
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call
