"""Tokens and tags as JSON writes them: two lists, tags perhaps as numbers."""

from __future__ import annotations

import collections
import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.corpora.annotated.bio import WORDS, annotate, is_tag, tagged_spans, token_spacing
from pipeline.corpora.annotated.entities import Entity, trimmed
from pipeline.corpora.annotated.inline import Annotated
from pipeline.corpora.json_records import Records
from pipeline.normalize import normalize
from pipeline.one_line import without_breaks

_NAME_KEYS = (
    *("names", "label_names", "label_list", "tag_names", "ner_tag_names", "class_names"),
    *("id2label", "label2id", "labels", "tags"),
)


@dataclasses.dataclass(frozen=True)
class TokensRead:
    """The result of `read_tokens`: for each object a text with entities or an error message; how
    many entities begin with an I or E; how tokens are joined to text; the same for people."""

    parsed: list[Annotated | str]
    repaired: int
    spacing: str
    read_as: str


def is_tokens(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(token, str) for token in value)


def token_pairs(
    objects: Sequence[Any], token_keys: Sequence[str], tag_keys: Sequence[str]
) -> tuple[list[str], list[str]] | None:
    """Tokens and tags of objects that have a token and a tag each, under one of these keys."""
    tokens, tags = [], []
    for one in objects:
        if not isinstance(one, dict):
            return None
        token = next((one[key] for key in token_keys if isinstance(one.get(key), str)), None)
        tag = next((one[key] for key in tag_keys if isinstance(one.get(key), str)), None)
        if token is None or tag is None:
            return None
        tokens.append(token)
        tags.append(tag)
    return (tokens, tags) if is_tags(tags) else None


def is_tags(value: Any) -> bool:
    """Whether a value is a list of tags, or of numbers that may stand for tags."""
    if not isinstance(value, list):
        return False
    return all(map(_is_number, value)) or (
        is_tokens(value) and sum(map(is_tag, map(normalize, value))) * 2 > len(value)
    )


def names_of_numbers(tags: Iterable[Any], text: str, records: Records) -> Mapping[int, str] | None:
    """The tag that each number stands for: empty if there are no numbers, None if some number has
    no name.

    Args:
        tags: lists of them.
        text: the file, in which names are looked for.
    """
    numbers = {tag for row in tags if isinstance(row, list) for tag in row if _is_number(tag)}
    if not numbers:
        return {}
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = None
    waiting = collections.deque([whole, *(record.values for record in records.records)])
    while waiting:
        here = waiting.popleft()
        if isinstance(here, dict):
            for key in _NAME_KEYS:
                names = _names(here.get(key))
                if names and numbers <= names.keys():
                    return names
            waiting += [value for value in here.values() if isinstance(value, dict)]
    return None


def read_tokens(
    objects: Sequence[Mapping[str, Any]],
    token_key: str,
    tag_key: str,
    text_key: str | None,
    names: Mapping[int, str],
) -> TokensRead:
    """Reads texts with entities from objects that hold tokens and tags.

    The text is the object's own where tokens follow each other in it in most objects, with
    nothing but white space between; else tokens are joined as `bio.token_spacing` says.

    Args:
        text_key: key of the text beside the tokens, or None.
        names: of tags that are numbers.
    """
    pairs = [_pair(values.get(token_key), values.get(tag_key), names) for values in objects]
    tokens = [pair[0] for pair in pairs if not isinstance(pair, str)]
    texts = [values.get(text_key) if text_key else None for values in objects]
    aligned = sum(
        _places(pair[0], text) is not None
        for pair, text in zip(pairs, texts, strict=True)
        if not isinstance(pair, str)
    )
    in_text = text_key is not None and 2 * aligned >= len(tokens)
    spacing = token_spacing(tokens)
    parsed: list[Annotated | str] = []
    repaired = 0
    for pair, text in zip(pairs, texts, strict=True):
        found: tuple[Annotated, int] | str
        if isinstance(pair, str):
            found = pair
        elif in_text:
            found = _in_text(*pair, text)
        elif spacing == WORDS and not all(token.strip() for token in pair[0]):
            found = "an empty token among words"
        else:
            found = annotate(*pair, spacing)
        parsed.append(found if isinstance(found, str) else found[0])
        repaired += 0 if isinstance(found, str) else found[1]
    read_as = f'"{text_key}" the text' if in_text else f"read as {spacing}"
    return TokensRead(parsed, repaired, spacing, read_as)


def _pair(tokens: Any, tags: Any, names: Mapping[int, str]) -> tuple[list[str], list[str]] | str:
    if not is_tokens(tokens) or not isinstance(tags, list):
        return "no tokens and tags"
    if len(tokens) != len(tags):
        return f"{len(tokens)} tokens, but {len(tags)} tags"
    if not tokens:
        return "no tokens"
    return tokens, [
        names.get(tag, str(tag)) if _is_number(tag) else normalize(str(tag)) for tag in tags
    ]


def _places(tokens: Sequence[str], text: Any) -> list[tuple[int, int]] | None:
    """The positions of the tokens in the text, if only white space is between them."""
    if not isinstance(text, str):
        return None
    places, end = [], 0
    for token in tokens:
        start = text.find(token, end)
        if start < 0 or text[end:start].strip():
            return None
        end = start + len(token)
        places.append((start, end))
    return None if text[end:].strip() else places


def _in_text(tokens: Sequence[str], tags: Sequence[str], text: str) -> tuple[Annotated, int] | str:
    spans = tagged_spans(tags)
    if isinstance(spans, str):
        return spans
    text = without_breaks(text)
    places = _places([without_breaks(token) for token in tokens], text)
    if places is None:
        return "its tokens are not its text"
    entities = [
        Entity(places[first][0], places[last - 1][1], label) for first, last, label in spans[0]
    ]
    return Annotated(text, trimmed(text, entities)), spans[1]


def _names(value: Any) -> dict[int, str]:
    """Number -> tag, of a list of tags or an object that maps either to the other."""
    if isinstance(value, list):
        names = dict(enumerate(value))
    elif isinstance(value, dict):
        pairs = [(b, a) if _is_number(b) else (a, b) for a, b in value.items()]
        names = {int(n): tag for n, tag in pairs if _is_number(n) or str(n).isdecimal()}
    else:
        return {}
    return names if all(isinstance(t, str) and is_tag(t) for t in names.values()) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
