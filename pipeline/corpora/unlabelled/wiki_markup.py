"""Removes the markup of a wiki page."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.corpora.html_entities import decode_entities

MIN_PARAGRAPH_LENGTH = 20
"""Smallest number of characters of a paragraph."""

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# The content of these is no running text.
_NO_TEXT = (
    "ref|references|math|chem|gallery|timeline|syntaxhighlight|source|score|graph|mapframe|maplink"
    "|imagemap|templatedata|templatestyles|hiero|inputbox|categorytree"
)
_EMPTY_ELEMENT = re.compile(rf"<(?:{_NO_TEXT})\b[^<>]*/>", re.IGNORECASE)
_ELEMENT = re.compile(rf"<({_NO_TEXT})\b[^<>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<(?:br|hr)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_PARAMETER = re.compile(r"\{\{\{[^{}]*\}\}\}")
# Those of a table only at the beginning of a line; `|}}` ends a template.
_BORDER = re.compile(r"\{\{|\}\}|^[ \t:*#]*(\{\|)|^[ \t]*(\|\})(?!\})", re.MULTILINE)
_EXTERNAL = re.compile(r"\[(?:https?:|ftp:)?//[^\s\[\]]+[ \t]*([^\[\]\n]*)\]")
_LINK = re.compile(r"\[\[([^\[\]]*)\]\]")
_NO_LINK = re.compile(
    r"\s*(?:file|image|media|category|파일|그림|미디어|분류|[a-z]{2,3}(?:-[a-z]+)*|simple)\s*:",
    re.IGNORECASE,
)
_HEADING = re.compile(r"\s*=+.*=+\s*")
_LIST = re.compile(r"[*#:; \t]+")
_MAGIC = re.compile(r"__[^\W\d_]+__")
_BOLD = re.compile(r"'{2,5}")
# Remains of a removed template: `(, 1924년)`, `()`.
_EMPTIED = re.compile(r"[(（][\s,;:·]*[)）]")
_BEGUN = re.compile(r"([(（])[\s,;:·]+")
_REMAINS = re.compile(r"\{\{|\}\}|\[\[|\]\]|\{\||\|\}")
_SPACES = re.compile(r"[ \t]{2,}")
_MAX_LINK_DEPTH = 8


def paragraphs(markup: str) -> list[str]:
    """The paragraphs of a page: lines of at least MIN_PARAGRAPH_LENGTH characters.

    Templates, tables, footnotes, formulas, comments, headings, files and categories are removed;
    of links and tags the text that a reader sees is kept. HTML entities become characters. A line
    in which markup remains (of a template that is never closed) is left out.

    Example:
        >>> paragraphs("'''Hangul''' is the [[alphabet|script]] of Korean.<ref>A book</ref>")
        ['Hangul is the script of Korean.']
    """
    text = _COMMENT.sub("", markup)
    text = _EMPTY_ELEMENT.sub("", text)
    text = _ELEMENT.sub("", text)
    text = _TAG.sub("", _BREAK.sub(" ", _without_blocks(text)))
    text = _linked(_EXTERNAL.sub(r"\1", text))
    return [
        line
        for line in map(_cleaned, text.split("\n"))
        if len(line) >= MIN_PARAGRAPH_LENGTH and not _REMAINS.search(line)
    ]


def _without_blocks(text: str) -> str:
    """Removes templates and tables, at any depth. A table without its end reaches to the end of the
    page; a template without its end is left as it is."""
    text = _PARAMETER.sub("", text)
    opened: list[tuple[str, int]] = []
    spans: list[tuple[int, int]] = []
    for match in _BORDER.finditer(text):
        kind = "table" if match[1] or match[2] else "template"
        if match[1] or match[0] == "{{":
            opened.append((kind, match.start()))
        elif any(kind == other for other, _ in opened):
            while opened:
                closed, start = opened.pop()
                if closed == kind:
                    spans.append((start, match.end()))
                    break
    spans += [(start, len(text)) for kind, start in opened if kind == "table"][:1]
    return "".join(_outside(text, spans))


def _outside(text: str, spans: list[tuple[int, int]]) -> Iterator[str]:
    place = 0
    for start, end in sorted(spans):
        if start >= place:
            yield text[place:start]
        place = max(place, end)
    yield text[place:]


def _linked(text: str) -> str:
    """Replaces links by their visible text, the innermost first."""
    for _ in range(_MAX_LINK_DEPTH):
        text, count = _LINK.subn(_seen, text)
        if not count:
            break
    return text


def _seen(match: re.Match[str]) -> str:
    target, bar, label = match[1].partition("|")
    if _NO_LINK.match(target):
        return ""
    return label if bar else target.removeprefix(":")


def _cleaned(line: str) -> str:
    if _HEADING.fullmatch(line) or line.lstrip().startswith(("|", "!", "----")):
        return ""
    listed = _LIST.match(line)
    line = _MAGIC.sub("", _BOLD.sub("", line[listed.end() :] if listed else line))
    line = _BEGUN.sub(r"\1", _EMPTIED.sub("", decode_entities(line)))
    return _SPACES.sub(" ", line).strip()
