"""Where files go, and how they get there whole or not at all."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import glob
import hashlib
import json
import os
import shutil
import tempfile
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.errors import DiskError, UserError
from pipeline.readable import readable
from pipeline.records import as_json, from_json, plain

SAMPLES = Path(__file__).resolve().parent.parent / "data" / "samples"


@dataclasses.dataclass(frozen=True)
class Workspace:
    """The folders of one checkout. Nothing is written outside data/, runs/ and saved_models/, but
    for a file that a user names."""

    root: Path = dataclasses.field(default_factory=Path.cwd)

    @property
    def raw(self) -> Path:
        """Downloaded and verified files, never changed."""
        return self.root / "data" / "raw"

    def processed(self, task: str, corpus: str) -> Path:
        """What is derived from one corpus for one task: splits, vocabulary, ids."""
        return self.derived / task / readable(corpus)

    @property
    def derived(self) -> Path:
        """What is derived from corpora, a folder a task, and what tasks share."""
        return self.root / "data" / "processed"

    def run(self, task: str, name: str) -> Path:
        """One training run: settings, history, checkpoint, metrics, report."""
        return self.root / "runs" / task / name

    def saved_model(self, task: str, version: int) -> Path:
        """One export, laid out as TensorFlow Serving expects it."""
        return self.root / "saved_models" / task / str(version)


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Says in one line that the disk is full, or that `path` may not be written to.

    Raises:
        DiskError: so it is.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskError(
                "the disk is full; what was there before is untouched",
                where=path,
                remedy="free some space and run the same command again",
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise DiskError("cannot be written here", where=path, remedy=error.strerror) from error
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_room(folder: Path, needs: int) -> None:
    if shutil.disk_usage(folder).free < needs:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _remove_abandoned(path: Path) -> None:
    """Removes what killed processes left of `path`; a checkpoint can be large."""
    for partial in path.parent.glob(f".*.partial.{glob.escape(path.name)}"):
        if has_ended(partial.name.split(".")[1]):
            if partial.is_dir():
                shutil.rmtree(partial, ignore_errors=True)
            else:
                partial.unlink(missing_ok=True)


def has_ended(process: str) -> bool:
    """Whether there is no process with this number any more; False where nobody can tell."""
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (ValueError, OSError):
        return False
    return False


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Nobody else renames in `folder` meanwhile, where the file system can promise that."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def atomic_file(path: Path, needs: int = 0) -> Iterator[Path]:
    """Yields a temporary path beside `path`; on leaving without an error it becomes `path`.

    A reader sees the old file or the new one, never part of one. The temporary name ends as
    `path` does, since some writers choose the format by the suffix.

    Args:
        path: the file to write.
        needs: bytes that must be free before the writing starts, for writers that do not fail
            cleanly halfway.

    Raises:
        UserError: the disk is full or may not be written to; `path` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    temporary = path.with_name(f".{os.getpid()}.partial.{path.name}")
    try:
        with disk_errors(path):
            _check_room(path.parent, needs)
            yield temporary
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
            os.replace(temporary, path)
            _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path, needs: int = 0) -> Iterator[Path]:
    """Yields a temporary sibling folder; on leaving without an error it takes the place of `path`.

    An older `path` is set aside first and removed only after the new one stands, so a kill in
    between leaves at least one of them whole; the next call tidies up. Of two writers at once
    each writes to a folder of its own, and the last to be done stays.

    Args:
        path: the folder to write.
        needs: bytes that must be free before the writing starts.

    Raises:
        UserError: the disk is full or may not be written to; `path` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    retired = path.with_name(f".{path.name}.retired")
    with _held(path.parent):
        if retired.exists() and not path.exists():
            os.replace(retired, path)
    _remove_abandoned(path)
    with disk_errors(path):
        temporary = Path(
            tempfile.mkdtemp(
                prefix=f".{os.getpid()}.", suffix=f".partial.{path.name}", dir=path.parent
            )
        )
        os.chmod(temporary, 0o755)
    try:
        with disk_errors(path):
            _check_room(path.parent, needs)
            yield temporary
            for file in temporary.rglob("*"):
                if file.is_file():
                    with open(file, "rb") as handle:
                        os.fsync(handle.fileno())
            with _held(path.parent):
                shutil.rmtree(retired, ignore_errors=True)
                if path.exists():
                    os.replace(path, retired)
                os.replace(temporary, path)
                _sync_folder(path.parent)
                shutil.rmtree(retired, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 with LF line ends, atomically; names that are not UTF-8 become `readable`."""
    _write_bytes(path, readable(text).encode("utf-8"))


def write_json(path: Path, value: object) -> None:
    """Writes readable JSON (Hangul as Hangul), atomically; every name of a file comes back as it
    was."""
    text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    _write_bytes(path, text.encode("utf-8", "backslashreplace"))


def _write_bytes(path: Path, data: bytes) -> None:
    with atomic_file(path) as temporary:
        temporary.write_bytes(data)


_CHECKSUM = "checksum"


def write_record(path: Path, values: dict[str, typing.Any]) -> None:
    """Writes JSON with a checksum over all of it, by which `read_json` notices damage."""
    values = plain(values)
    write_json(path, {**values, _CHECKSUM: digest(values)})


def read_json(path: Path) -> dict[str, typing.Any]:
    """Reads what `write_json` or `write_record` wrote, without its checksum.

    Raises:
        UserError: the file is absent, is not JSON, or does not hold what was written.
    """
    try:
        values: dict[str, typing.Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UserError("not found", where=path, remedy="run the stage that writes it") from None
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"is not JSON ({error})", where=path, remedy="delete it and run the stage again"
        ) from error
    if isinstance(values, dict) and _CHECKSUM in values:
        expected = values.pop(_CHECKSUM)
        if expected != digest(values):
            raise UserError(
                "is damaged (its checksum is another)",
                where=path,
                remedy="delete it and run the stage again",
            )
    return values


def sha256(path: Path) -> str:
    """Hexadecimal sha256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: object) -> str:
    """A short, stable name for a JSON-able value: the first 12 hex digits of its sha256."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:12]


def is_what_was_written(path: Path, checksum: str) -> bool:
    """Whether the file is there with the bytes that this sha256 was taken of."""
    return path.is_file() and sha256(path) == checksum


Facts = typing.TypeVar("Facts")


@dataclasses.dataclass(frozen=True)
class Manifest(typing.Generic[Facts]):
    """What a stage made, from what, and how: the reason it need not be made again.

    Attributes:
        stage: the stage that wrote it.
        settings: the settings that matter to this stage, JSON-able.
        inputs: file name -> sha256 of everything it read.
        outputs: path below the folder it wrote to, with "/" -> sha256 of everything it wrote.
        facts: what a person or a later stage wants to know, a dataclass of `pipeline.facts`.
    """

    stage: str
    settings: dict[str, typing.Any]
    inputs: dict[str, str]
    outputs: dict[str, str]
    facts: Facts

    @classmethod
    def of(
        cls,
        stage: str,
        settings: dict[str, typing.Any],
        inputs: Iterable[Path],
        outputs: Iterable[Path],
        folder: Path,
        facts: Facts,
    ) -> Manifest[Facts]:
        """Takes the checksums of `inputs` and `outputs` as they are now.

        Args:
            outputs: files in `folder` or in folders of it.
        """
        return cls(
            stage,
            plain(settings),
            {path.name: sha256(path) for path in inputs},
            {path.relative_to(folder).as_posix(): sha256(path) for path in outputs},
            facts,
        )

    def write(self, path: Path) -> None:
        """Writes it as JSON, atomically."""
        write_record(path, as_json(self))

    @classmethod
    def read(cls, path: Path, facts: type[Facts]) -> Manifest[Facts] | None:
        """The manifest at `path`, or None where there is none that can be used.

        Args:
            facts: the dataclass that its facts are.
        """
        try:
            values = read_json(path)
            of_files = _are_checksums(values["inputs"]) and _are_checksums(values["outputs"])
            if not of_files or not isinstance(values["settings"], dict):
                return None
            return cls(**{**values, "facts": from_json(facts, values["facts"], where=path)})
        except (UserError, OSError, TypeError, KeyError):
            return None

    def still_holds(
        self, settings: dict[str, typing.Any], inputs: Iterable[Path], folder: Path
    ) -> bool:
        """Whether the same settings over the same inputs already gave what lies in `folder`."""
        if plain(settings) != self.settings:
            return False
        if {path.name: sha256(path) for path in inputs} != self.inputs:
            return False
        return self.outputs_are_in(folder)

    def outputs_are_in(self, folder: Path) -> bool:
        """Whether all that was written lies there as it was: another run of the same settings
        over changed files writes to the same place."""
        return self.damaged_output(folder) is None

    def damaged_output(self, folder: Path, ignoring: str | None = None) -> Path | None:
        """The first file that does not lie in `folder` as it was written.

        Args:
            ignoring: what the names begin with of files that are left alone.
        """
        for name, expected in self.outputs.items():
            if ignoring is not None and name.startswith(ignoring):
                continue
            if not is_what_was_written(folder / name, expected):
                return folder / name
        return None


def _are_checksums(checksums: object) -> bool:
    """Whether it is what a manifest holds of files: name -> checksum."""
    return isinstance(checksums, dict) and all(isinstance(v, str) for v in checksums.values())
