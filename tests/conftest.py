"""What every test needs: a quiet, repeatable process, a workspace, and one finished run a task."""

from __future__ import annotations

import dataclasses
import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import pipeline.tasks
from finished_run import FinishedRun
from pipeline.__main__ import main, prepare_process
from pipeline.tasks.base import find_task
from pipeline.workspace import Workspace
from shared_runs import SharedRuns, loaded_once
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


# Where most of the time goes, in this order; all other files come behind them.
_LONGEST = (
    *("test_processes.py", "test_variants.py", "test_resume.py", "test_finished_runs.py"),
    *("test_translator_export.py", "test_captioning.py", "test_study_labels.py"),
    *("test_other_backend.py", "test_served_memory.py", "test_served.py", "test_training.py"),
    *("test_model_cards.py", "test_reference_losses.py", "test_scheduled_sampling.py"),
    *("test_translation_input.py", "test_graph_text.py", "test_damage.py", "test_seq2seq.py"),
    *("test_readable.py", "test_lab_vanishing.py", "test_ner.py", "test_pretrained.py"),
)


def pytest_configure(config):
    """xdist hands out files as they are collected, not those with most tests first."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """A long file at the end would keep one worker busy alone."""
    rank = {name: number for number, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


def pytest_collection_finish():
    """Modules stay, and the garbage collection need not walk over them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.fixture(scope="module", autouse=True)
def no_graph_is_kept() -> Iterator[None]:
    """TensorFlow keeps every graph that has a gradient of its own (`custom_gradient`) for ever,
    and the garbage collection then walks over millions of objects."""
    yield
    if "tensorflow" in sys.modules:
        from tensorflow.python.framework.ops import gradient_registry

        for name in list(gradient_registry.list()):
            if name.startswith("CustomGradient-"):
                del gradient_registry._registry[name]


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """An empty checkout."""
    return Workspace(tmp_path)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Path:
    """A folder that the workers of this session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def shared_runs(shared_folder) -> Iterator[SharedRuns]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tensorflow.saved_model.load", loaded_once(shared_folder))
        yield SharedRuns(shared_folder)


@pytest.fixture(scope="session")
def finished(shared_runs) -> Callable[[str], FinishedRun]:
    """task name -> its finished run, made once by one worker. Not to be written to: `copy` it."""
    return shared_runs.finished


@pytest.fixture(scope="session")
def variant(shared_runs) -> Callable[[str], FinishedRun]:
    """Name of one of `variants.RUNS` -> the same of that."""
    return shared_runs.variant


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
