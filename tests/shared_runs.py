"""Runs that are made once and looked at by many tests, whichever worker asks first."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import functools
import importlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from finished_run import FinishedRun
from pipeline.tasks.base import find_task
from pipeline.workspace import Workspace
from variants import RUNS, settings_of, small_corpus

KINDS = ("finished", "variant")


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


def share_pictures(root: Path, shared_folder: Path) -> None:
    """Features of pictures, which take seconds, are in one place for a checkout and all others."""
    store = shared_folder / "pictures"
    store.mkdir(exist_ok=True)
    processed = root / "data" / "processed"
    processed.mkdir(parents=True)
    (processed / "pictures").symlink_to(store)


def loaded_once(folder: Path) -> Callable:
    """`tf.saved_model.load`, which gives the last few models of shared runs again.

    Args:
        folder: of all workers.
    """
    load = importlib.import_module("tensorflow").saved_model.load
    kept = functools.lru_cache(maxsize=4)(lambda path, written: load(str(path)))

    def load_or_keep(folder_of_model, *options, **named):
        path = Path(folder_of_model).resolve()
        shared = any(path.match(f"{folder}/{kind}-*/saved_models/*/*") for kind in KINDS)
        if not shared or options or named:
            return load(folder_of_model, *options, **named)
        return kept(path, (path / "saved_model.pb").stat().st_mtime_ns)

    return load_or_keep


class SharedRuns:
    """Finished runs by their names. Not to be written to: `copy` them.

    Args:
        folder: of all workers.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._runs: dict[str, FinishedRun] = {}
        self._failures: dict[str, Exception] = {}

    def finished(self, task: str) -> FinishedRun:
        """A task with its `tiny` settings."""

        def run(folder: Path) -> FinishedRun:
            return FinishedRun(find_task(task), Workspace(folder))

        return self._get(f"finished-{task}", run, _make_without_test)

    def variant(self, name: str) -> FinishedRun:
        """One of `variants.RUNS`."""
        task, number = find_task(RUNS[name].task), RUNS[name].number

        def run(folder: Path) -> FinishedRun:
            settings = settings_of(task, number, small_corpus(task, folder))
            return FinishedRun(dataclasses.replace(task, tiny=settings), Workspace(folder))

        return self._get(f"variant-{name}", run, _make)

    def _get(
        self,
        name: str,
        run: Callable[[Path], FinishedRun],
        make: Callable[[FinishedRun], list[str]],
    ) -> FinishedRun:
        if name in self._failures:
            raise self._failures[name]
        if name not in self._runs:
            try:
                with alone(self._folder / f"{name}.lock"):
                    self._runs[name] = self._find_or_make(name, run, make)
            except Exception as error:
                self._failures[name] = error
                raise
        return self._runs[name]

    def _find_or_make(self, name, run, make) -> FinishedRun:
        # Its ops must be known before an exported model is loaded, whoever made it.
        importlib.import_module("tensorflow_text")
        folder, hidden = self._folder / name, self._folder / f"{name}.json"
        if not hidden.exists():
            # What a worker left unfinished, whose error it has told.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            if "captioning" in name:
                share_pictures(folder, self._folder)
            hidden.write_text(json.dumps(make(run(folder))), encoding="utf-8")
        return dataclasses.replace(run(folder), hidden=tuple(json.loads(hidden.read_text("utf-8"))))


def _make(run: FinishedRun) -> list[str]:
    run.do("corpus", "prepare", "train", "evaluate", "export")
    return []


def _make_without_test(run: FinishedRun) -> list[str]:
    """The test split is out of sight while it trains; the names of its files."""
    run.do("corpus", "prepare")
    test = [path for folder in (run.corpus, run.prepared) for path in folder.glob("test*")]
    with out_of_sight(test):
        run.do("train")
    run.do("evaluate", "export")
    return [path.name for path in test]
