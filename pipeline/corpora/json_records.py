"""JSON that people keep corpora in: an object a line, a list of objects, or an object with one."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

from pipeline.corpora.rejects import Rejected
from pipeline.errors import UserError
from pipeline.text_file import DAMAGED, is_damaged

SUFFIXES = (".jsonl", ".ndjson", ".json")
_LIST = re.compile(r"\[\s*(?=[{\]])")
_ITEM_END = re.compile(r"\s*([,\]])\s*")


@dataclasses.dataclass(frozen=True)
class Record:
    """One object, and the line it begins on (1 for the first line of the file)."""

    line: int
    values: dict[str, Any]
    written: str


@dataclasses.dataclass(frozen=True)
class Records:
    """What `read_records` gives: the objects in order, and the lines that are none."""

    records: list[Record]
    rejects: list[Rejected]


def read_records(text: str, where: Path) -> Records | None:
    """The objects of a text that is JSON, or None where it is not JSON.

    It is JSON where its first line is an object by itself (JSON lines), or where it begins with
    `[` and an object, or with an object that goes on over several lines. Of the latter the
    longest list of objects in it counts, at whatever depth (`{"data": [{...}, ...]}`); without
    one, the object itself is the only record.

    Args:
        text: with LF line ends.
        where: the file, for errors; a name that ends in .json, .jsonl or .ndjson is a promise.

    Raises:
        UserError: it begins as JSON or is called so and cannot be read as such.

    Example:
        >>> read_records('{"text": "좋다", "label": 1}\\n', Path("a.jsonl")).records[0].values
        {'text': '좋다', 'label': 1}
    """
    begin = text.lstrip()
    named = where.suffix.lower() in SUFFIXES
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if begin.startswith("{"):
        if isinstance(_loaded(first), dict):
            return _lines(lines)
        whole = _loaded(text)
        if isinstance(whole, dict):
            return _of_object(text, whole)
    elif _LIST.match(begin):
        return _items(text, len(text) - len(begin), where)
    if sum(isinstance(_loaded(line), dict) for line in lines[:_LINES_SEEN]) > 1:
        return _lines(lines)  # only the first is damaged
    if not named:
        return None
    raise UserError(
        "is not JSON with an object for each text",
        where=where,
        remedy='give an object a line, {"text": "…", "label": "…"}, or a table as .tsv',
    )


_LINES_SEEN = 20


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _lines(lines: list[str]) -> Records:
    found = Records([], [])
    for number, line in enumerate(lines, 1):
        if line.strip():
            _add(found, number, _loaded(line), line)
    return found


def _add(found: Records, line: int, value: Any, written: str) -> None:
    if not isinstance(value, dict):
        found.rejects.append(Rejected(line, "is no JSON object", written))
    elif is_damaged(json.dumps(value, ensure_ascii=False)):
        found.rejects.append(Rejected(line, DAMAGED, written))
    else:
        found.records.append(Record(line, value, written))


def _items(text: str, start: int, where: Path) -> Records:
    """The items of the list that begins at `start`."""
    decoder, found = json.JSONDecoder(), Records([], [])
    place = _LIST.match(text, start).end()  # type: ignore[union-attr]
    line, counted = 1, 0
    while text[place : place + 1] not in ("", "]"):
        line, counted = line + text.count("\n", counted, place), place
        try:
            value, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"line {line}: its list of objects cannot be read ({error})",
                where=where,
                remedy="give an object a line, so that one mistake costs one line",
            ) from None
        _add(found, line, value, text[place:end])
        behind = _ITEM_END.match(text, end)
        if behind is None:
            raise UserError(
                f"line {line}: a comma or ] is missing behind an object",
                where=where,
                remedy="save it as JSON again",
            )
        place = behind.end() if behind[1] == "," else behind.start(1)
    return found


def _of_object(text: str, whole: dict[str, Any]) -> Records:
    items = _longest_list(whole)
    found = Records([], [])
    if not items:
        _add(found, 1, whole, text)
    place, line, counted = 0, 1, 0
    for item in items:
        # Its place is where its first key is written next; a guess that only a line number needs.
        key = json.dumps(next(iter(item), ""), ensure_ascii=False)
        place = max(text.find(key, place), place)
        line, counted = line + text.count("\n", counted, place), place
        _add(found, line, item, json.dumps(item, ensure_ascii=False))
        place += 1
    return found


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
