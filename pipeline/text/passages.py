"""Cuts long texts into passages, if possible at the end of a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SENTENCE_ENDS = re.compile("[.?!\u2026。！？][\"'”’)\\]」』]* ")


def passages(text: str, max_characters: int) -> Iterator[str]:
    """The passages of a text, of at most `max_characters` each.

    Each is as long as it can be and ends behind a sentence; where none ends, before a space; where
    there is no space, anywhere.

    Args:
        text: under the text policy: the only white space are single spaces.

    Example:
        >>> list(passages("비가 온다. 우산이 없다. 뛴다.", 15))
        ['비가 온다. 우산이 없다.', '뛴다.']
    """
    while len(text) > max_characters:
        window = text[: max_characters + 1]
        ends = [match.end() for match in _SENTENCE_ENDS.finditer(window)]
        # Behind the space; a window that ends in one is cut before it.
        cut = ends[-1] if ends else window.rfind(" ") + 1
        if cut == 0:
            cut = max_characters
        yield text[:cut].rstrip(" ")
        text = text[cut:]
    if text:
        yield text
