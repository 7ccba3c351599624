"""Errors that a user can correct, told in one line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from pipeline.readable import readable


class UserError(Exception):
    """An error outside this code: what is wrong, where, and what to do about it.

    The command line prints it as one line on stderr and ends with exit code 2. Everything
    else that is raised is a bug and keeps its traceback.
    """

    def __init__(self, what: str, *, where: object = None, remedy: str | None = None):
        self.what, self.where, self.remedy = what, where, remedy
        place = f"{where}: " if where is not None else ""
        advice = f" — {remedy}" if remedy else ""
        super().__init__(readable(" ".join(f"{place}{what}{advice}".split("\n"))))


class DiskError(UserError):
    """The disk is full, or may not be written to there."""


class UnusableCheckpointError(UserError):
    """The files of a run are damaged or of another model, so training cannot be resumed."""


@contextlib.contextmanager
def user_file_errors(path: Path) -> Iterator[None]:
    """Turns errors on opening a user's file into one-line errors.

    Raises:
        UserError: no such file, a folder, or one that may not be read.
    """
    try:
        yield
    except FileNotFoundError:
        raise UserError("no such file", where=path, remedy="check the path") from None
    except IsADirectoryError:
        raise UserError("is a folder", where=path, remedy="name one file in it") from None
    except PermissionError:
        raise UserError("may not be read", where=path, remedy="check its permissions") from None
