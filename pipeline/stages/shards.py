"""One large file that is written in parts, so that a killed process can be resumed."""

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
    """The folder of the finished parts of `out` until all are there."""
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
        """Skips the next part if it is there already, with this many answers."""
        path = self._next
        if not path.exists() or self._kind.count(path) != count:
            return False
        self._done(path, count)
        return True

    def write(self, answers: Sequence[Any]) -> None:
        """Writes the next part, completely or not at all."""
        path = self._next
        with atomic_file(path) as temporary:
            self._kind.write(temporary, answers)
        self._done(path, len(answers))

    def join(self) -> None:
        """Joins all parts into the file, completely or not at all, and removes them."""
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
    out: Path, kind: AnswerFile, sources: dict[str, Any], resumable: bool = True
) -> Iterator[Shards]:
    """The finished parts of `out`, and those to come; a lock keeps other processes out. They are in
    `folder_of(out)`, with a record of everything that the answers depend on.

    Args:
        sources: everything that the answers depend on, JSON-able, by names for people.
        resumable: whether a later process can resume this one.

    Raises:
        UserError: the parts there depend on something else, or are something else; or another
            process is writing them.
    """
    folder = folder_of(out)
    record = plain({"resumable": resumable, **sources})
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


def check_unfinished(out: Path, sources: dict[str, Any]) -> None:
    """Refuses what `shards` would refuse, as far as that is known beforehand.

    Args:
        sources: some of what `shards` will be given.

    Raises:
        UserError: as `shards`, except for another process.
    """
    folder = folder_of(out)
    if folder.exists():
        _goes_on(folder, plain(sources))


def _goes_on(folder: Path, record: dict[str, Any]) -> bool:
    """Whether the parts of an earlier process can be used; never if the input was piped.

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
