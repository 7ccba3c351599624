"""Counts and decodes HTML entities in text, such as `&quot;`."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from html.entities import html5

from pipeline.counts import counted

# Complete ones only. `html.unescape` alone would also read `&copy` in `R&copy that` and the
# beginning of `&notit;`.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_STRAY_SHARE = 0.005
_PASSES = 2  # `&amp;#39;` was escaped twice


def has_entity(text: str) -> bool:
    """Whether `text` has a complete HTML entity: `&quot;`, `&#39;`, `&#x27;`, not `&copy`."""
    return "&" in text and any(map(_is_one, _ENTITY.findall(text)))


def decode_entities(text: str) -> str:
    """Decodes the complete HTML entities in `text`, also those that were escaped twice.

    Example:
        >>> decode_entities("Tom&amp;#39;s &quot;AT&T&quot; &copy 2020")
        'Tom\\'s "AT&T" &copy 2020'
    """
    for _ in range(_PASSES):
        if "&" in text:
            text = _ENTITY.sub(lambda match: _meaning(match[0]), text)
    return text


def count_with_entities(rows: Iterable[Sequence[str]]) -> int:
    """The number of rows in which at least one text has an HTML entity."""
    return sum(any(map(has_entity, row)) for row in rows)


def is_escaped(count: int, rows: int) -> bool:
    """Whether the text was probably escaped for HTML: half of `rows` have HTML entities, or more
    than one and half a percent. Fewer may be texts about HTML."""
    return count > 0 and (2 * count >= rows or (count > 1 and count >= _STRAY_SHARE * rows))


def entity_warnings(texts: Sequence[str], name: str) -> list[str]:
    """The warning of `entities_in_words` for these texts, if there is one."""
    return entities_in_words(count_with_entities((text,) for text in texts), len(texts), name)


def entities_in_words(count: int, texts: int, name: str) -> list[str]:
    """A warning that `count` of `texts` texts have HTML entities; empty if none has.

    Args:
        name: of the file.
    """
    if not count:
        return []
    return [
        f"{name}: {counted(count, 'text')} of {texts:,} with HTML entities such as &quot; or "
        "&#39;, which stay as they are; decode them in the file if they should be characters."
    ]


def _is_one(entity: str) -> bool:
    return entity.startswith("&#") or entity[1:] in html5


def _meaning(entity: str) -> str:
    return html.unescape(entity) if _is_one(entity) else entity
