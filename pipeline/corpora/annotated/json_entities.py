"""Reads JSON with entities: finds the keys that hold them, and their content."""

from __future__ import annotations

import collections
import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.corpora.annotated.inline import Annotated
from pipeline.corpora.annotated.json_spans import ends_are_last, is_spans, with_spans
from pipeline.corpora.annotated.json_tokens import (
    is_tags,
    is_tokens,
    names_of_numbers,
    read_tokens,
    token_pairs,
)
from pipeline.corpora.json_records import Record, Records
from pipeline.corpora.rejects import Rejected
from pipeline.errors import UserError

# Where an object has several of one kind, the first here counts.
TEXT_KEYS = (
    *("text", "sentence", "form", "sentence_form", "content", "document", "data"),
    *("문장", "본문", "내용", "텍스트"),
)
SPAN_KEYS = (
    *("entities", "ne", "NE", "ner", "spans", "named_entities", "label", "labels", "annotations"),
    *("entity", "개체명"),
)
TOKEN_KEYS = ("tokens", "words", "token", "word", "characters", "sentence", "text", "form")
TAG_KEYS = (
    *("ner_tags", "ner_tag", "tags", "ner", "ne_tags", "labels", "label", "bio", "iob", "ne"),
    *("tag", "entity"),
)
_MAX_DEPTH = 8

Sentences = list[tuple[Annotated | str, Rejected]]


@dataclasses.dataclass(frozen=True)
class JsonEntities:
    """The result of `read_json_entities`.

    Attributes:
        sentences: text with entities or an error message, and the object in which it stands.
        read_as: how the file was read, for people.
        repaired: entities that begin with an I or E.
        spacing: of tokens, as of `bio.token_spacing`; None for spans.
    """

    sentences: Sentences
    read_as: str
    repaired: int = 0
    spacing: str | None = None


@dataclasses.dataclass(frozen=True)
class _Item:
    """An object that may be a sentence, and its place."""

    values: Mapping[str, Any]
    place: Rejected


def read_json_entities(text: str, records: Records, where: Path) -> JsonEntities | None:
    """Reads objects with a text and spans, or with tokens and tags; None where most have neither.

    - Spans: a list of `[start, end, label]`, or of objects with these under usual names
      (`start_offset`, `begin`, ...), positions in characters from 0. The end is behind the last
      character, unless the texts that spans repeat (`form`) say that it is the last.
    - Tokens and tags: two lists. Where tags are numbers, their names must be in the file, as
      a list of tags or an object under `names`, `label_names`, `id2label` or the like.

    Sentences may be in lists within the objects, as in NIKL's corpora.

    Args:
        text: of the file, which `records` are read from.
        where: the file, for errors.

    Raises:
        UserError: tags are numbers without names.
    """
    items = _items(records)
    spans = _keys(items, TEXT_KEYS, SPAN_KEYS, _is_text, is_spans)
    tokens = _keys(items, TOKEN_KEYS, TAG_KEYS, is_tokens, is_tags)
    if spans is not None and (tokens is None or spans[2] >= tokens[2]):
        return _spans(items, *spans[:2])
    if tokens is None:
        return None
    token_key, tag_key, _ = tokens
    names = names_of_numbers((item.values.get(tag_key) for item in items), text, records)
    if names is None:
        if texts_of(records, marked_up=True):
            return None
        raise UserError(
            f'the tags in "{tag_key}" are numbers, and nothing in the file names them',
            where=where,
            remedy='write tags such as "B-PER", or add their names: "names": ["O", "B-PER", …]',
        )
    values = [item.values for item in items]
    texts = collections.Counter(
        key for item in items for key in TEXT_KEYS if _is_text(item.values.get(key))
    )
    text_key = max(texts, key=lambda key: texts[key], default=None)
    read = read_tokens(values, token_key, tag_key, text_key, names)
    sentences = [(parsed, item.place) for parsed, item in zip(read.parsed, items, strict=True)]
    read_as = f'JSON: "{token_key}" are the tokens, "{tag_key}" their tags, {read.read_as}'
    return JsonEntities(sentences, read_as, read.repaired, read.spacing)


def texts_of(records: Records, *, marked_up: bool = False) -> list[tuple[str, Rejected]] | None:
    """The texts of objects, each with its place; None where most have none.

    Args:
        marked_up: None, too, where no text has anything like `<content:LABEL>`.
    """
    items = _items(records)
    have = {
        key: [text for item in items if _is_text(text := item.values.get(key))] for key in TEXT_KEYS
    }
    marked = {key: sum("<" in text and ":" in text for text in have[key]) for key in TEXT_KEYS}
    key = max(TEXT_KEYS, key=lambda key: (marked[key], len(have[key])))
    if 2 * len(have[key]) < len(items) or not have[key] or (marked_up and not marked[key]):
        return None
    return [(text, item.place) for item in items if _is_text(text := item.values.get(key))]


def _items(records: Records) -> list[_Item]:
    return [
        _Item(values, Rejected(record.line, "", record.written))
        for record in records.records
        for values in _inside(record)
    ]


def _inside(record: Record) -> list[Mapping[str, Any]]:
    """The sentences in an object: itself, or the innermost objects in its lists that are such."""
    return list(_sentences(record.values, 0)) or [record.values]


def _sentences(values: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    if _is_sentence(values := _with_lists(values)):
        yield values
    elif isinstance(data := values.get("data"), dict) and _is_text(data.get("text")):
        yield _of_label_studio(values, data["text"])
    elif depth < _MAX_DEPTH:
        for value in values.values():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    yield from _sentences(item, depth + 1)
                elif (pair := pair_of(item)) is not None:
                    yield pair


def _with_lists(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """`values` with two lists for tokens and tags that are written as two strings, or as a list of
    objects with a token and a tag each."""
    for key in TOKEN_KEYS:
        tokens = values.get(key)
        if isinstance(tokens, list) and (pairs := token_pairs(tokens, TOKEN_KEYS, TAG_KEYS)):
            return {**values, "tokens": pairs[0], "ner_tags": pairs[1]}
        if _is_text(tokens):
            for tag_key in TAG_KEYS:
                tags = values.get(tag_key)
                if tag_key != key and _is_text(tags) and is_tags(tags.split()) and tags.split():
                    return {**values, "tokens": tokens.split(), "ner_tags": tags.split()}
    return values


def pair_of(item: Any) -> dict[str, Any] | None:
    """A training example of spaCy, `["text", {"entities": [...]}]`, as an object; None for any
    other value."""
    if (
        isinstance(item, list)
        and len(item) == 2
        and _is_text(item[0])
        and isinstance(item[1], dict)
    ):
        return {**item[1], "text": item[0]}
    return None


def _is_sentence(values: Mapping[str, Any]) -> bool:
    texts = any(_is_text(values.get(key)) for key in TEXT_KEYS)
    if texts and any(is_spans(values[key]) for key in SPAN_KEYS if key in values):
        return True
    tokens = any(is_tokens(values.get(key)) for key in TOKEN_KEYS)
    return tokens and any(is_tags(values.get(key)) for key in TAG_KEYS)


def _of_label_studio(task: Mapping[str, Any], text: str) -> Mapping[str, Any]:
    """A task of Label Studio's export as text and entities: those of the first annotation that
    was not cancelled."""
    annotations = task.get("annotations") or task.get("completions") or []
    made = [one for one in annotations if isinstance(one, dict) and not one.get("was_cancelled")]
    if not made:
        return {"text": text}
    results = [result for result in made[0].get("result") or [] if isinstance(result, dict)]
    values = [result["value"] for result in results if isinstance(result.get("value"), dict)]
    return {"text": text, "entities": [value for value in values if "start" in value]}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _keys(
    items: Sequence[_Item],
    firsts: Sequence[str],
    seconds: Sequence[str],
    is_first: Callable[[Any], bool],
    is_second: Callable[[Any], bool],
) -> tuple[str, str, int] | None:
    """The two keys under which most objects have fitting values, and the number of objects in which
    the second value is not empty."""
    best, most = None, (0, 0)
    for first, second in itertools.product(firsts, seconds):
        fitting = [
            item.values[second]
            for item in items
            if first != second
            and second in item.values
            and is_first(item.values.get(first))
            and is_second(item.values[second])
        ]
        count = (sum(map(bool, fitting)), len(fitting))
        if count > most and 2 * len(fitting) >= len(items):
            best, most = (first, second, count[0]), count
    return best


def _spans(items: Sequence[_Item], text_key: str, span_key: str) -> JsonEntities:
    pairs = [(item.values.get(text_key), item.values.get(span_key)) for item in items]
    last = ends_are_last(pairs)
    sentences: Sentences = []
    for item in items:
        if span_key in item.values:
            parsed = with_spans(item.values.get(text_key), item.values[span_key], last=last)
        else:
            parsed = f'no "{span_key}"'
        sentences.append((parsed, item.place))
    end = "the last character" if last else "behind the last character"
    read_as = f'JSON: "{text_key}" is the text, "{span_key}" its entities; their end is {end}'
    return JsonEntities(sentences, read_as)
