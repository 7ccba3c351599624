"""Text of several lines on one line, and back."""

from __future__ import annotations

import re

_BREAKS = re.compile(r"[\t\n\r]+")
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})
_ESCAPED = re.compile(r"\\(.)")
_MEANT = {"\\": "\\", "n": "\n", "t": "\t", "r": "\r"}


def on_one_line(text: str) -> str:
    """`text` for a field of a table: backslash, line feed, tab and carriage return become
    \\\\, \\n, \\t and \\r."""
    return text.translate(_ESCAPES)


def as_written(field: str) -> str:
    """What `on_one_line` was given."""
    return _ESCAPED.sub(lambda match: _MEANT[match[1]], field)


def without_breaks(text: str) -> str:
    """`text` with one space for each run of tabs and line breaks; every other character, U+2028
    among them, stays."""
    return _BREAKS.sub(" ", text)
