"""Finds the files of pictures by the names in captions."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from pipeline.corpora.captions.caption_files import SUFFIXES
from pipeline.errors import UserError


class PictureFolder:
    """Finds pictures below a folder.

    Args:
        folder: names are relative to it.

    Raises:
        UserError: there is no such folder.
    """

    def __init__(self, folder: Path):
        if not folder.is_dir():
            raise UserError("no such folder", where=folder, remedy="check --pictures")
        self.folder = folder

    def find(self, name: str) -> Path | None:
        """The file that `name` means: its path below the folder, or else the only file of that
        name in any folder below that is not hidden; None where there is none.

        Raises:
            UserError: files of that name are in two folders.
        """
        path = self.folder / name
        if path.is_file():
            return path
        files = self._by_name.get(os.path.basename(name), [])
        # Of several, those whose path ends with the name and its folders.
        files = [file for file in files if file.as_posix().endswith(f"/{name}")] or files
        if len(files) > 1:
            raise UserError(
                f"the same name in two folders: {files[0]} and {files[1]}",
                where=name,
                remedy="write the folder before the name in the captions",
            )
        return files[0] if files else None

    @functools.cached_property
    def _by_name(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for parent, folders, names in os.walk(self.folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in filter(_is_picture, names):
                found.setdefault(name, []).append(Path(parent, name))
        return found


def pictures_in(folder: Path) -> list[Path]:
    """The pictures that lie directly in a folder, sorted."""
    return sorted(path for path in folder.iterdir() if _is_picture(path.name))


def _is_picture(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")
