"""Reads archives and compressed files; nothing is unpacked to disk."""

from __future__ import annotations

import contextlib
import dataclasses
import tarfile
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from pipeline.compressed import BROKEN, COMPRESSED, SUFFIXES, without_compression
from pipeline.errors import UserError

__all__ = ["SUFFIXES", "Packed", "first_bytes", "unpacked", "without_compression"]

# Largest size in bytes of one file in an archive. Published ones are much smaller; an archive that
# unpacks to more was made to fill a disk or memory.
MAX_MEMBER_BYTES = 1 << 28

_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")  # the latter is empty
_TAR = b"ustar"
Reader = Callable[[Path, Collection[str]], Iterator[tuple[str, bytes]]]
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, *BROKEN)


@dataclasses.dataclass(frozen=True)
class Packed:
    """An archive or a compressed file, of which only the names of its files are read yet.

    Attributes:
        path: the file itself.
        names: of the files in it, with their folders; nothing is written to these paths. Links,
            folders and hidden files are not among them.
    """

    path: Path
    names: list[str]

    def read(self, names: Sequence[str]) -> list[bytes]:
        """The contents of some of its files, in the order of `names`.

        Raises:
            UserError: a file is damaged, encrypted or larger than MAX_MEMBER_BYTES.
        """
        with _explained(self.path):
            read = dict(_reader(self.path)(self.path, set(names)))
        return [read[name] for name in names]


def unpacked(path: Path) -> Packed | None:
    """Opens a .zip, a .tar of any compression, or a .gz, .xz or .bz2, known by its first bytes.

    Returns:
        None if `path` is none of these, or cannot be opened.

    Raises:
        UserError: it is damaged, or a spreadsheet, which is a .zip too.
    """
    if not _begins(path):
        return None
    with _explained(path):
        names = [name for name, _ in _reader(path)(path, set())]
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise UserError(
            "is a spreadsheet or another office document",
            where=path,
            remedy="save its table as CSV in UTF-8",
        )
    return Packed(path, [name for name in names if not PurePosixPath(name).name.startswith(".")])


def first_bytes(path: Path, size: int) -> bytes:
    """The first `size` bytes of a file; of a .gz, .xz or .bz2 those of its content.

    Raises:
        OSError: it cannot be read.
    """
    magic = _begins(path)
    if magic not in COMPRESSED:
        with path.open("rb") as file:
            return file.read(size)
    try:
        with COMPRESSED[magic](path) as file:
            return file.read(size)
    except _BROKEN as error:
        raise OSError(str(error)) from error


def _begins(path: Path) -> bytes:
    """The magic number at the beginning of `path`; b"" if it has no known one."""
    try:
        with path.open("rb") as file:
            head = file.read(300)
    except OSError:
        return b""
    if head[257:262] == _TAR:
        return _TAR
    return next((magic for magic in (*_ZIPS, *COMPRESSED) if head.startswith(magic)), b"")


def _reader(path: Path) -> Reader:
    magic = _begins(path)
    if magic in _ZIPS:
        return _zipped
    if magic == _TAR or _is_tar(path):
        return _tarred
    return _compressed


def _is_tar(path: Path) -> bool:
    with contextlib.suppress(*_BROKEN), tarfile.open(path, "r:*"):
        return True
    return False


def _zipped(path: Path, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            data = b""
            if info.filename in wanted:
                with archive.open(info) as file:
                    data = _bounded(file, info.file_size, info.filename, path)
            if not info.is_dir():
                yield info.filename, data


def _tarred(path: Path, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path, "r:*") as archive:
        for info in archive:
            _check_size(info.size, info.name, path)  # what is skipped is unpacked, too
            file = archive.extractfile(info) if info.isreg() else None
            if file is not None:
                bytes_of = (
                    _bounded(file, info.size, info.name, path) if info.name in wanted else b""
                )
                yield info.name, bytes_of


def _compressed(path: Path, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    name = without_compression(path.name)
    data = b""
    if name in wanted:
        with COMPRESSED[_begins(path)](path) as file:
            data = _bounded(file, 0, name, path)
    yield name, data


def _bounded(file: IO[bytes], size: int, name: str, path: Path) -> bytes:
    _check_size(size, name, path)
    data = file.read(MAX_MEMBER_BYTES + 1)  # the size that an archive states may be wrong
    _check_size(len(data), name, path)
    return data


def _check_size(size: int, name: str, path: Path) -> None:
    if size > MAX_MEMBER_BYTES:
        raise UserError(
            f"{name} in it has more than {MAX_MEMBER_BYTES:,} bytes",
            where=path,
            remedy="unpack it, and name the file",
        )


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise UserError(
            f"cannot be unpacked ({error})", where=path, remedy="download or make it again"
        ) from error
    except (RuntimeError, NotImplementedError) as error:  # of zipfile: a password, a rare method
        raise UserError(
            f"cannot be unpacked ({error})", where=path, remedy="unpack it, and name the file"
        ) from error
