"""Entities as JSON writes them beside their text: start, end and label."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from pipeline.corpora.annotated.entities import Entity, trimmed
from pipeline.corpora.annotated.inline import Annotated
from pipeline.counts import counted

_STARTS = ("start", "begin", "start_offset", "start_char", "from", "beginOffset")
_ENDS = ("end", "end_offset", "end_char", "to", "endOffset")
_LABELS = ("label", "labels", "type", "tag", "entity", "entity_group", "category", "ne_type")
_FORMS = ("form", "text", "word", "surface", "value")
_BREAKS = re.compile(r"[\t\n\r]+")


class _Span(NamedTuple):
    """A span as it is written in JSON; its values may have any type."""

    start: Any
    end: Any
    label: Any
    form: str


def is_spans(value: Any) -> bool:
    """Whether a value is a list of spans; an empty list and null are, too."""
    return value is None or (isinstance(value, list) and all(map(_span, value)))


def ends_are_last(pairs: Iterable[tuple[Any, Any]]) -> bool:
    """Whether the end of most spans is their last character and not the one behind it, judged by
    the texts that spans repeat.

    Args:
        pairs: text and spans.
    """
    behind = last = 0
    for text, spans in pairs:
        if not isinstance(text, str) or not is_spans(spans):
            continue
        for span in map(_span, spans or []):
            if span and span.form and _is_integer(span.start) and _is_integer(span.end):
                behind += text[span.start : span.end] == span.form
                last += text[span.start : span.end + 1] == span.form
    return last > behind


def with_spans(text: Any, spans: Any, *, last: bool) -> Annotated | str:
    """A text and its entities, or an error message.

    A run of tabs and line ends becomes one space, as in the split file, and the offsets of
    entities change with it; white space at their edges is not part of them.

    Args:
        last: whether the end of a span is its last character (`ends_are_last`).
    """
    if not isinstance(text, str) or not text.strip():
        return "no text"
    if not is_spans(spans):
        return "what should be its entities is no list of start, end and label"
    entities = []
    for span in map(_span, spans or []):
        label = span.label[0] if _is_one(span.label) else span.label
        if not (_is_integer(span.start) and _is_integer(span.end)):
            return f"an entity from {span.start!r} to {span.end!r}: no numbers"
        start, end = span.start, span.end + last
        if not 0 <= start < end <= len(text):
            return (
                f"an entity from {start} to {end}, in a text of {counted(len(text), 'character')}"
            )
        if not (isinstance(label, str) and label.strip()) and not _is_integer(label):
            return f"an entity from {start} to {end} without one label"
        if span.form and text[start:end].strip() != span.form.strip():
            return f"{span.form[:40]!r} is not the text from {start} to {end}"
        entities.append(Entity(start, end, str(label)))
    entities = trimmed(text, sorted(set(entities)))
    for one, other in itertools.pairwise(entities):
        if other.start < one.end:
            return f"entities overlap from {other.start} to {one.end}"
    return _without_breaks(text, entities)


def _span(written: Any) -> _Span | None:
    """A span, if it is written as one."""
    if isinstance(written, list):
        return _Span(*written, "") if len(written) == 3 else None
    if not isinstance(written, dict):
        return None
    keys = {key.casefold(): value for key, value in written.items()}
    start, end, label, form = (
        next((keys[n.casefold()] for n in names if n.casefold() in keys), None)
        for names in (_STARTS, _ENDS, _LABELS, _FORMS)
    )
    if start is None and end is None:
        return None
    return _Span(start, end, label, form if isinstance(form, str) else "")


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_one(label: Any) -> bool:
    return isinstance(label, list) and len(label) == 1


def _without_breaks(text: str, entities: Iterable[Entity]) -> Annotated:
    runs = list(_BREAKS.finditer(text))
    ends = [run.end() for run in runs]
    lost = [0, *itertools.accumulate(run.end() - run.start() - 1 for run in runs)]

    def moved(place: int) -> int:
        return place - lost[bisect.bisect_right(ends, place)]

    kept = [Entity(moved(start), moved(end), label) for start, end, label in entities]
    return Annotated(_BREAKS.sub(" ", text), kept)
