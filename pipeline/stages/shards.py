"""One large file that is written in parts, so that a process that was killed can go on."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.locks import only_one
from pipeline.records import plain
from pipeline.stages.answer_files import AnswerFile
from pipeline.workspace import atomic_file, atomic_folder, read_json, write_record

_RECORD = "made-of.json"
_LOCK = ".lock"


def folder_of(out: Path) -> Path:
    """Where the finished parts of `out` lie until all are there."""
    return out.with_name(f"{out.name}.parts")


class Shards:
    """The finished parts of one file.

    Args:
        out: the file.
        kind: its format.
        folder: where they lie.
    """

    def __init__(self, out: Path, kind: AnswerFile, folder: Path):
        self._out, self._kind, self._folder = out, kind, folder
        self._parts: list[Path] = []
        self._count = 0

    def skip(self, count: int) -> bool:
        """Passes over the next part if it lies there already, with so many answers."""
        path = self._next
        if not path.exists() or self._kind.count(path) != count:
            return False
        self._done(path, count)
        return True

    def write(self, answers: Sequence[Any]) -> None:
        """Writes the next part, whole or not at all."""
        path = self._next
        with atomic_file(path) as temporary:
            self._kind.write(temporary, answers)
        self._done(path, len(answers))

    def join(self) -> None:
        """Puts all parts into the file, whole or not at all; after that they are gone."""
        needs = sum(part.stat().st_size for part in self._parts)
        with atomic_file(self._out, needs) as temporary:
            self._kind.join(self._parts, temporary)
        # Under a name that the next one who makes the folder tidies up, if this is killed.
        gone = self._folder.with_name(f".{os.getpid()}.partial.{self._folder.name}")
        os.replace(self._folder, gone)
        shutil.rmtree(gone, ignore_errors=True)

    @property
    def _next(self) -> Path:
        # By its first answer: whatever cuts the answers otherwise finds no part of another cut.
        return self._folder / f"{self._count:012}{self._out.suffix.lower()}"

    def _done(self, path: Path, count: int) -> None:
        self._parts.append(path)
        self._count += count


@contextlib.contextmanager
def shards(
    out: Path, kind: AnswerFile, made_of: dict[str, Any], resumable: bool = True
) -> Iterator[Shards]:
    """The parts of `out` that are finished, and those to come; no other process writes them
    meanwhile. They lie in `folder_of(out)`, with a record of what they are made of.

    Args:
        made_of: what decides the answers, JSON-able, by names for people.
        resumable: whether a later process can go on with what this one leaves.

    Raises:
        UserError: what lies there is made of something else, or is something else; or another
            process is writing it.
    """
    folder = folder_of(out)
    record = plain({"resumable": resumable, **made_of})
    if not folder.exists():
        with atomic_folder(folder) as temporary:
            write_record(temporary / _RECORD, record)
    _goes_on(folder, record)  # refused before anything is written there
    busy = UserError("another command is writing it", where=out, remedy="wait until it is done")
    with only_one(folder / _LOCK, busy):
        # Again: until now another command may have put its parts together.
        if not _goes_on(folder, record):
            for part in folder.glob(f"[0-9]*{out.suffix.lower()}"):
                part.unlink()
            write_record(folder / _RECORD, record)
        yield Shards(out, kind, folder)


def check_unfinished(out: Path, made_of: dict[str, Any]) -> None:
    """Refuses what `shards` would refuse, as far as that is known.

    Args:
        made_of: some of what `shards` will be given.

    Raises:
        UserError: as `shards`, but that nothing is said of another process.
    """
    folder = folder_of(out)
    if folder.exists():
        _goes_on(folder, plain(made_of))


def _goes_on(folder: Path, record: dict[str, Any]) -> bool:
    """Whether what an earlier process left can be gone on with; nobody can with what was piped,
    nor where nothing is.

    Raises:
        UserError: as `shards`.
    """
    if not {path.name for path in folder.iterdir()} - {_LOCK}:
        return False
    try:
        before = read_json(folder / _RECORD)
    except (UserError, OSError):
        raise UserError(
            "is no folder of unfinished answers", where=folder, remedy="give another OUT"
        ) from None
    if not before.get("resumable"):
        return False
    other = [name for name in record if before.get(name) != record[name]]
    if other:
        raise UserError(
            f"has answers to another question (what differs: {', '.join(other)})",
            where=folder,
            remedy="give another OUT, or delete this folder to begin anew",
        )
    return True
