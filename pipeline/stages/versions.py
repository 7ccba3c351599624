"""Which run an exported version was made of: a note beside the runs of a task."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from pipeline.locks import one_at_a_time
from pipeline.ranges import FolderName
from pipeline.workspace import write_text

MANIFEST = Path("assets.extra", "manifest.json")
"""In an exported model: of what it was made, and checksums of its files."""
_PREFIX = ".version-"


def _note(runs: Path, version: int) -> Path:
    return runs / f"{_PREFIX}{version}"


@contextlib.contextmanager
def export_lock(runs: Path, version: int) -> Iterator[None]:
    """Makes a second export of the same version wait.

    Args:
        runs: the folder of all runs of the task.
    """
    note = _note(runs, version)
    waiting = f"another command is exporting version {version}: waiting for it"
    with one_at_a_time(note.with_name(f"{note.name}.lock"), waiting):
        yield


def note_export(run: Path, version: int) -> None:
    """Notes that `version` is made of the run in this folder."""
    write_text(_note(run.parent, version), f"{run.name}\n")


def run_of_version(runs: Path, version: int) -> str | None:
    """The name of the run that was last exported as `version`; None if unknown."""
    try:
        name = _note(runs, version).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return name if FolderName.accepts(name) and (runs / name).is_dir() else None


def versions_of(run: Path) -> set[int]:
    """The versions that were last exported from the run in this folder."""
    return {
        int(note.name.removeprefix(_PREFIX))
        for note in run.parent.glob(f"{_PREFIX}*")
        if note.name.removeprefix(_PREFIX).isdecimal()
        and run_of_version(run.parent, int(note.name.removeprefix(_PREFIX))) == run.name
    }


def version_of_run(run: Path, default: int) -> int:
    """The version that the run in this folder is exported as: `default` if that is one of several,
    or if there is none."""
    versions = versions_of(run)
    return default if default in versions or not versions else max(versions)
