"""Reads JSON corpora: an object per line, a list of objects, or an object that holds one."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipeline.compressed import without_compression
from pipeline.corpora.rejects import Rejected
from pipeline.errors import UserError
from pipeline.text_file import DAMAGED, is_damaged

SUFFIXES = (".jsonl", ".ndjson", ".json")
# An object with a text under one of these keys is a record, whatever lists it also holds.
_TEXT_KEYS = ("text", "sentence", "document", "content")
_TOKEN_KEYS = ("tokens", "words")
_LIST = re.compile(r"\[\s*(?=[{\]])")
_OBJECT = re.compile(r'\{\s*"(?:[^"\\]|\\.)*"\s*:')
_BETWEEN = re.compile(r"\s*,?\s*")
# Number of lines that decide whether a file has an object per line.
_LINES_SEEN = 100


@dataclasses.dataclass(frozen=True)
class Record:
    """One object, and the line it begins on (1 for the first line of the file)."""

    line: int
    values: dict[str, Any]
    written: str


@dataclasses.dataclass(frozen=True)
class Records:
    """The result of `read_records`: the objects in order, and the lines that are no objects."""

    records: list[Record]
    rejects: list[Rejected]


def read_records(text: str, where: Path) -> Records | None:
    """The objects of a text that is JSON, or None where it is not JSON.

    It is JSON where half of its first lines are objects by themselves (JSON lines), or where it
    begins with `[` and an object, or with an object that goes on over several lines. Objects may
    follow each other without a list around them. Of a single object the longest list of objects
    in it counts, at whatever depth (`{"data": [{...}, ...]}`), or what pandas writes: a list or an
    object for each column. Without these, the object itself is the only record.

    Args:
        text: with LF line ends.
        where: the file, for errors; a name that ends in .json, .jsonl or .ndjson is a promise.

    Raises:
        UserError: it begins as JSON or is called so and cannot be read as such.

    Example:
        >>> read_records('{"text": "좋다", "label": 1}\\n', Path("a.jsonl")).records[0].values
        {'text': '좋다', 'label': 1}
    """
    text = text.lstrip("\ufeff")
    start = len(text) - len(text.lstrip())
    first = text.split("\n", _LINES_SEEN)[:_LINES_SEEN]
    seen = [line for line in first if line.strip()]
    if is_json_lines(first):
        return records_of_lines(enumerate(text.split("\n"), 1))
    if text.startswith("{", start):
        whole = _loaded(text)
        if isinstance(whole, dict):
            return _of_object(text, whole)
        if _OBJECT.match(text, start) and not isinstance(_loaded(seen[0]), dict):
            return _items(text, start, where)
    elif opened := _LIST.match(text, start):
        return _items(text, opened.end(), where)
    if Path(without_compression(where.name)).suffix.lower() not in SUFFIXES:
        return None
    raise UserError(
        "is not JSON with an object for each text",
        where=where,
        remedy='give one object per line, {"text": "…", "label": "…"}, or a table as .tsv',
    )


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def begins_as_json(text: str) -> bool:
    """Whether a text begins with an object or a list of objects."""
    text = text.lstrip()
    return bool(_OBJECT.match(text) or _LIST.match(text))


def is_json_lines(lines: Sequence[str]) -> bool:
    """Whether lines are JSON lines (an object each), judged by the first hundred."""
    seen = [line for line in lines[:_LINES_SEEN] if line.strip()]
    objects = sum(isinstance(_loaded(line), dict) for line in seen)
    return len(seen) > 1 and 2 * objects >= len(seen)


def records_of_lines(numbered: Iterable[tuple[int, str]]) -> Records:
    """The objects of JSON lines.

    Args:
        numbered: number and text of each line.
    """
    found = Records([], [])
    for number, line in numbered:
        if line.strip():
            add_record(found, number, _loaded(line), line)
    return found


def add_record(found: Records, line: int, value: Any, written: str) -> None:
    """Adds the object that begins on a line to the records, or what is `written` there to the
    rejects if it is no object or damaged."""
    if not isinstance(value, dict):
        wrong = DAMAGED if is_damaged(written) else "is no JSON object"
        found.rejects.append(Rejected(line, wrong, written))
    elif is_damaged(written) or ("\\u" in written and is_damaged(_dumped(value))):
        found.rejects.append(Rejected(line, DAMAGED, written))
    else:
        found.records.append(Record(line, value, written))


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _items(text: str, start: int, where: Path) -> Records:
    """The objects that follow each other from `start` on, commas between them or not, up to the
    end of their list or of the text."""
    decoder, found = json.JSONDecoder(), Records([], [])
    place, line, counted = start, 1, 0
    while text[place : place + 1] not in ("", "]"):
        line, counted = line + text.count("\n", counted, place), place
        try:
            value, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            behind = getattr(error, "pos", place)
            raise UserError(
                f"line {line + text.count(chr(10), place, behind)}: not valid JSON ({reason})",
                where=where,
                remedy="correct it, or write one object per line, so that a mistake costs one line",
            ) from None
        add_record(found, line, value, text[place:end])
        place = _BETWEEN.match(text, end).end()  # type: ignore[union-attr]
    return found


def _of_object(text: str, whole: dict[str, Any]) -> Records:
    items = [whole] if _is_record(whole) else _longest_list(whole) or _columns(whole) or [whole]
    found = Records([], [])
    place, line, counted = 0, 1, 0
    for item in items:
        # It is assumed to stand where its first key comes next; only the line number depends on it.
        key = json.dumps(next(iter(item), ""), ensure_ascii=False)
        place = max(text.find(key, place), place)
        line, counted = line + text.count("\n", counted, place), place
        add_record(found, line, item, _dumped(item))
        place += 1
    return found


def _is_record(value: dict[str, Any]) -> bool:
    texts = [value.get(key) for key in _TEXT_KEYS]
    tokens = [value.get(key) for key in _TOKEN_KEYS]
    return any(isinstance(text, str) for text in texts) or any(
        isinstance(words, list) and all(isinstance(word, str) for word in words) for words in tokens
    )


def _columns(whole: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of a table written by columns, as pandas does (orient columns, index, split)."""
    names, rows = whole.get("columns"), whole.get("data")
    if isinstance(names, list) and isinstance(rows, list):
        return [
            dict(zip(map(str, names), row, strict=False)) for row in rows if isinstance(row, list)
        ]
    columns = {name: value for name, value in whole.items() if isinstance(value, list)}
    if len(columns) > 1 and len({len(column) for column in columns.values()}) == 1:
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    inner = [list(value) for value in whole.values() if isinstance(value, dict)]
    if len(inner) < 2 or len(inner) < len(whole) or inner.count(inner[0]) < len(inner):
        return []
    if not all(key.isdecimal() for key in inner[0]):
        return list(whole.values())
    return [{name: column[key] for name, column in whole.items()} for key in inner[0]]


def _longest_list(value: Any) -> list[dict[str, Any]]:
    """The longest list of objects in `value`, at whatever depth outside of another such list."""
    best: list[dict[str, Any]] = []
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, list) and here and all(isinstance(item, dict) for item in here):
            best = max(best, here, key=len)
        elif isinstance(here, dict):
            waiting += here.values()
        elif isinstance(here, list):
            waiting += here
    return best
