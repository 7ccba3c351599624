"""What every test needs: a quiet, repeatable process, a workspace, and one finished run a task."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import importlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import pipeline.tasks
from finished_run import FinishedRun
from pipeline.__main__ import main, prepare_process
from pipeline.tasks.base import find_task
from pipeline.workspace import Workspace
from warm_python import WarmPython

pytest_plugins = ["browser", "file_server", "stub_stages"]

# Before a test imports keras.
prepare_process()

# Tasks that are only there to be tested: numbers in, numbers out; a picture in, a label out.
pipeline.tasks.__path__.append(str(Path(__file__).parent / "tasks"))

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


@contextlib.contextmanager
def out_of_sight(files: list[Path]) -> Iterator[None]:
    """Nothing can read `files` meanwhile."""
    for file in files:
        file.rename(file.with_name(f"hidden-{file.name}"))
    yield
    for file in files:
        file.with_name(f"hidden-{file.name}").rename(file)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """No other worker is in here with the same `path` meanwhile."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Path:
    """A folder that the workers of this session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def finished(shared_folder) -> Callable[[str], FinishedRun]:
    """task name -> its finished run, made once by one worker. Not to be written to: `copy` it."""
    runs: dict[str, FinishedRun] = {}
    failures: dict[str, Exception] = {}

    def of(name: str) -> FinishedRun:
        if name in failures:
            raise failures[name]
        if name not in runs:
            try:
                with alone(shared_folder / f"finished-{name}.lock"):
                    runs[name] = find_or_make(name)
            except Exception as error:
                failures[name] = error
                raise
        return runs[name]

    def find_or_make(name: str) -> FinishedRun:
        # Its ops must be known before an exported model is loaded, whoever made it.
        importlib.import_module("tensorflow_text")
        folder = shared_folder / f"finished-{name}"
        hidden = shared_folder / f"finished-{name}.json"
        run = FinishedRun(find_task(name), Workspace(folder))
        if not hidden.exists():
            # What a worker left unfinished, whose error it has told.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            hidden.write_text(json.dumps(make(run)), encoding="utf-8")
        return dataclasses.replace(run, hidden=tuple(json.loads(hidden.read_text("utf-8"))))

    def make(run: FinishedRun) -> list[str]:
        run.do("corpus", "prepare")
        test = [p for folder in (run.corpus, run.prepared) for p in folder.glob("test*")]
        with out_of_sight(test):
            run.do("train")
        run.do("evaluate", "export")
        return [path.name for path in test]

    return of


@pytest.fixture(scope="session")
def warm_python() -> Iterator[WarmPython]:
    """What runs programs that have tensorflow and no code of ours."""
    python = WarmPython()
    yield python
    python.close()


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
