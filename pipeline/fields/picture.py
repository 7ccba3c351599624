"""Pictures: JPEG or PNG files, read as bytes; the model's graph decodes them."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import os
import re
from pathlib import Path
from typing import Any, ClassVar

from pipeline.errors import UserError
from pipeline.fields.field import Field, read_bytes
from pipeline.workspace import atomic_file

_CELL = re.compile(r"sha256:([0-9a-f]{64}) (.+)")
_BEGINNINGS = {b"\xff\xd8\xff": ".jpg", b"\x89PNG\r\n\x1a\n": ".png"}

_UNUSUAL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==",
    "iVBORw0KGgoAAAANSUhEUgAAASwAAAACCAAAAADHx75bAAAAD0lEQVR4nGNgGAWjgBYAAAJaAAFnQZQOAAAAAElFTkSu"
    "QmCC",
)
"""Black PNG files in base64: 1 by 1 pixel, and 300 by 2."""


class PictureFile:
    """A picture: its bytes, and its file if there is one.

    A picture that is known by its file and sha256 is read when its bytes are asked for, so that
    many of them need no memory.

    Args:
        content: the bytes, or None to read them from `path` when they are needed.
        path: of the file.
        sha256: of the bytes, 64 hexadecimal digits, where it is known.
    """

    def __init__(
        self, content: bytes | None = None, path: Path | None = None, sha256: str | None = None
    ):
        if content is None and path is None:
            raise ValueError("a picture needs bytes or a file")
        self._content, self.path, self._sha256 = content, path, sha256

    @property
    def content(self) -> bytes:
        """The bytes.

        Raises:
            UserError: the file is gone, or is not what it was.
        """
        if self._content is not None:
            return self._content
        assert self.path is not None
        content = read_bytes(self.path)
        if self._sha256 is not None and hashlib.sha256(content).hexdigest() != self._sha256:
            raise UserError(
                "is not the picture that was there when the corpus was read",
                where=self.path,
                remedy="run the corpus stage again",
            )
        return content

    @property
    def sha256(self) -> str:
        """The sha256 of the bytes, 64 hexadecimal digits."""
        if self._sha256 is None:
            self._sha256 = hashlib.sha256(self.content).hexdigest()
        return self._sha256

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PictureFile):
            return NotImplemented
        return self.path == other.path and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash((self.path, self.sha256))

    def __repr__(self) -> str:
        return f"PictureFile({self.sha256[:12]}, {self.path})"


@dataclasses.dataclass(frozen=True)
class Picture(Field[PictureFile]):
    """A picture: a path relative to the corpus with its sha256, `--file`, encoded bytes.

    Example:
        >>> Picture("image", "JPEG or PNG").tensor
        Tensor(dtype='string', shape='[n]', description='JPEG or PNG')
    """

    example_file: ClassVar[str] = "example.jpg"

    def store(self, value: PictureFile, folder: Path) -> str:
        """Writes `sha256:<64 digits> <path>`; the path is relative to `folder`, and a picture
        without a file is written there."""
        digest, path = value.sha256, value.path
        if path is None:
            path = folder / "pictures" / f"{digest[:16]}{_suffix(value.content, 'picture')}"
            with atomic_file(path) as temporary:
                temporary.write_bytes(value.content)
        relative = os.path.relpath(path, folder)
        if re.search(r"[\t\r\n]", relative):
            raise UserError("has a tab or a line break in its name", where=path, remedy="rename it")
        return f"sha256:{digest} {relative}"

    def load(self, cell: str, folder: Path) -> PictureFile:
        picture = self.find(cell, folder)
        return PictureFile(picture.content, picture.path, picture.sha256)

    def find(self, cell: str, folder: Path) -> PictureFile:
        """As `load`, but the file is read and checked only when its bytes are needed."""
        parts = _CELL.fullmatch(cell)
        if parts is None:
            raise UserError(f"{cell!r} names no picture", where=folder)
        return PictureFile(None, folder / parts[2], parts[1])

    def digest(self, value: PictureFile) -> str:
        return value.sha256

    def from_file(self, path: str) -> list[PictureFile]:
        content = read_bytes(path)
        _suffix(content, path)
        return [PictureFile(content, Path(path))]

    def show(self, value: PictureFile) -> str:
        return str(value.path) if value.path else f"{len(value.content):,} bytes"

    def unusual_values(self, example: PictureFile) -> list[PictureFile]:
        return [PictureFile(base64.b64decode(png)) for png in _UNUSUAL]

    def to_json(self, value: PictureFile) -> Any:
        return {"b64": base64.b64encode(value.content).decode("ascii")}

    def from_json(self, value: Any) -> PictureFile:
        try:
            return PictureFile(base64.b64decode(value["b64"], validate=True))
        except (TypeError, KeyError, binascii.Error) as error:
            raise ValueError(f'a picture is {{"b64": …}}, not {value!r:.40}') from error

    def example_code(self, value: PictureFile, file: str) -> str:
        return f'[open("{file}", "rb").read()]'

    def write_example(self, value: PictureFile, folder: Path) -> None:
        with atomic_file(folder / self.example_file) as temporary:
            temporary.write_bytes(value.content)

    def read_example(self, folder: Path) -> PictureFile:
        path = folder / self.example_file
        return PictureFile(path.read_bytes(), path)


def _suffix(content: bytes, where: object) -> str:
    """The file suffix for these bytes.

    Raises:
        UserError: they are neither JPEG nor PNG.
    """
    for beginning, suffix in _BEGINNINGS.items():
        if content.startswith(beginning):
            return suffix
    raise UserError("is neither JPEG nor PNG", where=where, remedy="save it as one of these")
