"""Parses and writes sentences with markup for their entities: `<증권거래소:OG>에 …`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from pipeline.corpora.annotated.entities import Entity
from pipeline.one_line import without_breaks

LABEL = re.compile(r"[A-Z][A-Z0-9_-]*")
# In any script; Latin letters end where another script's begin, as in `<김민배:PS가`.
_NAME = r"[A-Za-z][A-Za-z0-9_-]*|[^\W\d_][\w-]*"
_SPACE = r"[\s\u200b\ufeff]*"
_CLOSING = re.compile(rf":({_SPACE})([^\W\d_][\w\u200b-\u200d\u2060\ufeff-]*)\s*>")
_BEGUN = re.compile(rf":{_SPACE}({_NAME})")
_OPENED = re.compile(rf"<[^<>]*:{_SPACE}({_NAME})")


class Annotated(NamedTuple):
    """A text without markup and its entities, ascending, none overlapping another."""

    text: str
    entities: list[Entity]


def parse_inline(line: str, labels: Collection[str] | None = None) -> Annotated | str:
    """Parses a marked-up sentence.

    Markup is `<content:LABEL>` and nothing else; white space may stand around the label. It is
    read from its end: `:LABEL>` closes the nearest `<` before it, so that the last colon counts
    and every other `<`, `>` and `:` is text:

        점수는 3:2, a < b           -> no entity
        <3:2로 이긴 경기:NOH>        -> `3:2로 이긴 경기`
        영화 <<트럼보:POH>>          -> `<트럼보>`, the entity without its brackets
        <이하 <박정아:PER> 소속사>    -> the outer brackets are text

    White space at the edges of a content stays in the text but not in the entity. A run of tabs
    and line ends becomes one space first, as in the file that the text will be kept in
    (`splits.write_split`), so that the offsets hold there.

    Args:
        labels: the labels of the corpus; None if they are not known: then any capital with
            capitals, digits, `_` or `-` behind it is a label.

    Returns:
        The sentence, or a message that says what is wrong with it: an empty entity, markup inside
        markup, a label that is not in `labels` (in capitals, without white space before it),
        `:LABEL>` without a `<`, and, where `labels` are known, `<content:LABEL` without its `>`.
    """
    line = without_breaks(line)
    pieces: list[str] = []
    entities: list[Entity] = []
    length = done = searched = 0
    open_before = False
    for closing in _CLOSING.finditer(line):
        label = closing[2]
        known = _is_label(label, labels)
        if not known and (closing[1] or not _resembles_label(label, labels)):
            continue
        opening = line.rfind("<", max(done, searched), closing.start())
        searched = closing.start() if opening < 0 else searched
        if not known:
            if opening >= 0:
                return f"unknown label {label[:40]}"
            continue
        if opening < 0:
            if open_before:
                return f"markup inside markup, closed by :{label}>"
            return f":{label}> without a <"
        before, content = line[done:opening], line[opening + 1 : closing.start()]
        if (unclosed := _unclosed(before, labels) or _begun(content, labels)) is not None:
            return f"no > after :{unclosed}"
        if not content.strip():
            return f"an empty entity, <{content}:{label}>"
        start = length + len(before) + len(content) - len(content.lstrip())
        entities.append(Entity(start, start + len(content.strip()), label))
        pieces += [before, content]
        length += len(before) + len(content)
        done = closing.end()
        open_before = open_before or "<" in before
    if (unclosed := _unclosed(line[done:], labels)) is not None:
        return f"no > after :{unclosed}"
    return Annotated("".join([*pieces, line[done:]]), entities)


def to_inline(text: str, entities: Iterable[Entity]) -> str:
    """Marks up `entities` in `text`, so that `parse_inline` reads them back.

    It reads back something else where the text itself holds `:LABEL>` after a `<`, or an entity
    holds a `<`: the markup has no way to quote.

    Raises:
        ValueError: an entity is empty, outside of the text, or overlaps another.
    """
    pieces, done = [], 0
    for start, end, label in sorted(entities):
        if not done <= start < end <= len(text):
            raise ValueError(f"{start}-{end}:{label} cannot be marked up behind {done}")
        pieces.append(f"{text[done:start]}<{text[start:end]}:{label}>")
        done = end
    return "".join([*pieces, text[done:]])


class Candidate(NamedTuple):
    """Possible markup: its content, whether white space is before the label, and the label."""

    content: str
    spaced: bool
    label: str


def candidates(line: str) -> list[Candidate]:
    """Everything in `line` that may be markup, whatever its label, to find out which labels a
    file has."""
    found, done = [], 0
    for closing in _CLOSING.finditer(line):
        opening = line.rfind("<", done, closing.start())
        if opening >= 0:
            content = line[opening + 1 : closing.start()].strip()
            found.append(Candidate(content, bool(closing[1]), closing[2]))
        done = closing.end()
    return found


def _is_label(name: str, labels: Collection[str] | None) -> bool:
    return bool(LABEL.fullmatch(name)) if labels is None else name in labels


def _resembles_label(name: str, labels: Collection[str] | None) -> bool:
    """Whether a name was probably meant as a label: capitals, or a known one in small letters."""
    if name.isupper():
        return True
    return labels is not None and name.casefold() in {label.casefold() for label in labels}


def _begun(content: str, labels: Collection[str] | None) -> str | None:
    """The first known label behind a colon."""
    return _first_known(_BEGUN.finditer(content), labels)


def _unclosed(running: str, labels: Collection[str] | None) -> str | None:
    """The first known label behind a `<` and a colon in text outside of markup."""
    return _first_known(_OPENED.finditer(running), labels)


def _first_known(found: Iterable[re.Match], labels: Collection[str] | None) -> str | None:
    return next((match[1] for match in found if labels and match[1] in labels), None)
