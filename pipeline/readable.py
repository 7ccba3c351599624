"""Names of files and what is printed as UTF-8, whatever the machine says."""

from __future__ import annotations

import codecs
import os
import re
import sys

READABLE = "pipeline.readable"
"""What a stream does with what UTF-8 cannot hold. It sees the end of a word alone: `readable` does
it better."""


_WORD = re.compile(r"[^\s/:;,'\"]+")


def readable(name: object) -> str:
    """`name`, or a text with names in it, without lone surrogates.

    On Linux a file name is bytes, and Python carries those that are not UTF-8 as lone surrogates,
    which cannot be written. unzip leaves names in CP949 that were made on Korean Windows: they
    come out in Hangul. What is not CP949 either comes out as \\xb8.
    """
    text = str(name)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _WORD.sub(_whole_word, text).encode("utf-8", READABLE).decode("utf-8")
    return text


def _whole_word(match: re.Match[str]) -> str:
    """Two halves of syllables in CP949 may be valid UTF-8, so a word is one or the other."""
    try:
        match[0].encode("utf-8")
    except UnicodeEncodeError:
        return _from_cp949(match[0]) or match[0]
    return match[0]


def _from_cp949(word: str) -> str | None:
    try:
        return word.encode("utf-8", "surrogateescape").decode("cp949")
    except UnicodeError:
        return None


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    word = _WORD.match(error.object, error.start)
    shown = word and _from_cp949(word[0])
    if word and shown:
        return shown.encode("utf-8"), word.end()
    try:
        data = error.object[error.start : error.end].encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return codecs.backslashreplace_errors(error)
    return "".join(f"\\x{byte:02x}" for byte in data), error.end


codecs.register_error(READABLE, _replace)


def print_utf8() -> None:
    """Makes stdout and stderr UTF-8 wherever they lead.

    Only a terminal that was given another encoding keeps it, since that is what it shows; what it
    has no sign for is printed as \\ud55c.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # it was closed
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif stream.isatty() and codecs.lookup(stream.encoding).name != "utf-8":
            stream.reconfigure(errors="backslashreplace")
        else:
            stream.reconfigure(encoding="utf-8", errors=READABLE)
