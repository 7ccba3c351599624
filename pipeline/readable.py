"""Names of files and what is printed as UTF-8, whatever the machine says."""

from __future__ import annotations

import codecs
import os
import re
import sys

READABLE = "pipeline.readable"
"""How to encode what UTF-8 cannot hold: `text.encode("utf-8", READABLE)`."""


_WORD = re.compile(r"[^\s/:;,'\"]*")


def readable(name: object) -> str:
    """`name` without lone surrogates.

    On Linux a file name is bytes, and Python carries those that are not UTF-8 as lone surrogates,
    which cannot be written. unzip leaves names in CP949 that were made on Korean Windows: they
    come out in Hangul. What is not CP949 either comes out as \\xb8.
    """
    return str(name).encode("utf-8", READABLE).decode("utf-8")


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text, end = error.object, error.end
    for stop in _ends(text, end):
        try:
            name = text[error.start : stop].encode("utf-8", "surrogateescape")
            return name.decode("cp949").encode("utf-8"), stop
        except UnicodeError:
            continue
    try:
        data = text[error.start : end].encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return codecs.backslashreplace_errors(error)
    return "".join(f"\\x{byte:02x}" for byte in data), end


def _ends(text: str, end: int) -> list[int]:
    """Where a name in CP949 may end that has lone surrogates before `end`: some syllables have a
    letter for their second byte, and two halves of syllables may be valid UTF-8."""
    letter = text[end : end + 1]
    return [end, end + (letter.isascii() and letter.isalpha()), _WORD.match(text, end).end()]


codecs.register_error(READABLE, _replace)


def print_utf8() -> None:
    """Makes stdout and stderr UTF-8 wherever they lead.

    Only a terminal that was given another encoding keeps it, since that is what it shows; what it
    has no sign for is printed as \\ud55c.
    """
    for stream in (sys.stdout, sys.stderr):
        if not hasattr(stream, "reconfigure"):  # None where it was closed
            continue
        if stream.isatty() and codecs.lookup(stream.encoding).name != "utf-8":
            stream.reconfigure(errors="backslashreplace")
        else:
            stream.reconfigure(encoding="utf-8", errors=READABLE)


def read_arguments_as_utf8() -> None:
    """Starts this process anew in Python's UTF-8 mode where the locale has no Hangul, so that names
    of files and texts on the command line are read as what they are."""
    decided = "utf8" in sys._xoptions or not sys.executable
    if not decided and not _has_hangul(sys.getfilesystemencoding()):
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def _has_hangul(encoding: str) -> bool:
    try:
        "한".encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
