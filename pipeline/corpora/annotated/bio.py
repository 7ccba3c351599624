"""Converts tagged tokens (IOB and its variants) to a text and its entities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pipeline.corpora.annotated.entities import Entity, trimmed
from pipeline.corpora.annotated.inline import Annotated
from pipeline.normalize import normalize
from pipeline.one_line import without_breaks

CHARACTERS, UNDERSCORES, WORDS = "characters", "underscores", "words"
PIECES = "pieces"
_PREFIXED = re.compile(r"([BIESLUMW])[-_](\S+)", re.IGNORECASE)
_SUFFIXED = re.compile(r"(\S+)[-_]([BIESLU])", re.IGNORECASE)
# BILOU calls the last token L and a single one U, BMEWO a single one W and one in between M.
_SAME = {"L": "E", "U": "S", "W": "S", "M": "I"}
OUTSIDE = ("O", "o", "-")
_MIN_SHARE_SINGLE = 0.95


def sentence_blocks(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Blocks of lines between blank lines: the number of the first line (from 1), and the lines."""
    block: list[str] = []
    number = 0
    for number, line in enumerate(lines, 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []
    if block:
        yield number + 1 - len(block), block


def is_tag(field: str) -> bool:
    """Whether a field may be the tag of a token."""
    return _parse(field) is not None


def label_of(tag: str) -> str | None:
    """The label in a tag; None if it has none, or is no tag."""
    parsed = _parse(tag)
    return parsed[1] if parsed else None


def token_spacing(sentences: Iterable[Sequence[str]]) -> str:
    """Decides by most sentences of a file how its tokens are joined to text.

    Where a token is white space (or empty) in at least half of the sentences of several tokens,
    tokens are written one behind the other ("characters", as in KLUE). Else, where one is `_`,
    likewise, and `_` is a space ("underscores", as in KMOU). Else one space stands between
    tokens ("words", as in CoNLL), unless 19 of 20 tokens are single characters: then one token
    is enough for either of the former, and without any they are "characters". Words are "pieces"
    where one of a hundred begins with `##`, which continues the one before.

    Args:
        sentences: tokens of each.
    """
    sentences = [tokens for tokens in sentences if len(tokens) > 1] or list(sentences)
    blank = sum(any(not token.strip() for token in tokens) for tokens in sentences)
    underscore = sum("_" in tokens for tokens in sentences)
    if 0 < len(sentences) <= 2 * blank:
        return CHARACTERS
    if 0 < len(sentences) <= 2 * underscore:
        return UNDERSCORES
    lengths = [len(normalize(token)) for tokens in sentences for token in tokens if token.strip()]
    if not lengths or sum(length == 1 for length in lengths) < _MIN_SHARE_SINGLE * len(lengths):
        continuing = sum(_continues(token) for tokens in sentences for token in tokens)
        return PIECES if 0 < len(lengths) <= 100 * continuing else WORDS
    return UNDERSCORES if underscore > blank else CHARACTERS


def join_tokens(tokens: Sequence[str], spacing: str) -> tuple[str, list[tuple[int, int]]]:
    """The text of a sentence, and where in it (start, end) each token stands."""
    spans, length = [], 0
    shown: list[str] = []
    for token in tokens:
        blank = (spacing == UNDERSCORES and token == "_") or (spacing == CHARACTERS and not token)
        continues = spacing == PIECES and _continues(token)
        if shown and (spacing == WORDS or (spacing == PIECES and not continues)):
            shown.append(" ")
            length += 1
        shown.append(" " if blank else without_breaks(token[2:] if continues else token))
        spans.append((length, length + len(shown[-1])))
        length = spans[-1][1]
    return "".join(shown), spans


def _continues(token: str) -> bool:
    return len(token) > 2 and token.startswith("##")


def tagged_spans(tags: Sequence[str]) -> tuple[list[Entity], int] | str:
    """The entities that tags describe, as positions of tokens.

    Tags are `O` (or `-`), and B, I or M, E or L, S, U or W joined to a label by `-` or `_`, in
    front of it or behind, in capitals or not. `I` alone continues whatever came before. As
    conlleval reads them: B and S begin an entity, E and S end one, and so does any change of
    label; an I or E that continues nothing of its label begins an entity too. So IOB1, IOB2,
    IOBES and BILOU are all read by one rule, and no tag that carries a label is ever ignored.

    Returns:
        The entities, and how many of them begin with an I or E; or a message that names the
        invalid tag.
    """
    entities: list[Entity] = []
    repaired = 0
    open_label = None
    for position, tag in enumerate(tags):
        parsed = _parse(tag)
        if parsed is None:
            return f"{tag[:40]!r} is no tag"
        kind, label = parsed
        if kind == "O":
            open_label = None
            continue
        if label is None:
            if open_label is None:
                return f"{tag} continues nothing, and has no label"
            label = open_label
        if kind in "BS" or label != open_label:
            repaired += kind in "IE"
            entities.append(Entity(position, position + 1, label))
        else:
            entities[-1] = entities[-1]._replace(end=position + 1)
        open_label = None if kind in "ES" else label
    return entities, repaired


def annotate(
    tokens: Sequence[str], tags: Sequence[str], spacing: str
) -> tuple[Annotated, int] | str:
    """Text and entities of a tagged sentence, and how many were repaired; or an error message.

    Spaces that are tagged at the edges of an entity are not part of it, and an entity of spaces
    alone is none, as in `inline.parse_inline`.
    """
    found = tagged_spans(tags)
    if isinstance(found, str):
        return found
    text, places = join_tokens(tokens, spacing)
    entities = [
        Entity(places[first][0], places[last - 1][1], label) for first, last, label in found[0]
    ]
    return Annotated(text, trimmed(text, entities)), found[1]


def _parse(tag: str) -> tuple[str, str | None] | None:
    """The prefix (B, I, E, S or O) and the label of a tag; None if it is no tag."""
    if tag in OUTSIDE:
        return "O", None
    if tag in ("I", "i"):
        return "I", None
    if match := _PREFIXED.fullmatch(tag):
        kind, label = match.groups()
    elif match := _SUFFIXED.fullmatch(tag):
        label, kind = match.groups()
    else:
        return None
    return _SAME.get(kind.upper(), kind.upper()), label
