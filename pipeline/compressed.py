"""Files compressed by themselves, read as a stream: nothing is written to disk."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from backports import zstd

from pipeline.errors import UserError, user_file_errors
from pipeline.progress import Progress

COMPRESSED: dict[bytes, Callable[[Any], IO[bytes]]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\0": lzma.open,
    b"BZh": bz2.open,
    b"(\xb5/\xfd": zstd.open,
}
"""How such a file begins -> what opens a path or a file of it."""
SUFFIXES = (".gz", ".xz", ".bz2", ".zst")
"""What their names may end in."""
BROKEN: tuple[type[Exception], ...] = (
    lzma.LZMAError,
    zlib.error,
    zstd.ZstdError,
    EOFError,
    OSError,
)
"""What reading a damaged one raises."""
_BLOCK = 1 << 20


def without_compression(name: str) -> str:
    """`name` without .gz, .xz, .bz2 or .zst at its end."""
    stem, dot, ending = name.rpartition(".")
    return stem if dot and f".{ending.lower()}" in SUFFIXES else name


def unpacked_blocks(path: Path, shown: bool = True) -> Iterator[bytes]:
    """What a file holds, about a megabyte at a time, unpacked where it is compressed, with a
    progress bar if it is to be `shown`.

    Whether it is, its first bytes say. Several streams one behind the other are read as one.

    Raises:
        UserError: no such file, a folder, not to be read, or damaged.
    """
    with user_file_errors(path), path.open("rb") as file:
        head = file.peek(8)
        opened = next((how for magic, how in COMPRESSED.items() if head.startswith(magic)), None)
        content: IO[bytes] = file if opened is None else opened(file)
        size = path.stat().st_size
        bar = Progress(path.name, size, "bytes", scale=True) if shown else None
        with bar or contextlib.nullcontext():
            done = 0
            while block := _read(content, path, opened is not None):
                place = file.tell() if file.seekable() else done + len(block)
                if bar:
                    bar.advance(place - done)
                done = place
                yield block


def _read(content: IO[bytes], path: Path, is_compressed: bool) -> bytes:
    try:
        return content.read(_BLOCK)
    except BROKEN as error:
        what = "is compressed and damaged" if is_compressed else "cannot be read"
        raise UserError(
            f"{what} ({error})", where=path, remedy="download or make it again"
        ) from error
