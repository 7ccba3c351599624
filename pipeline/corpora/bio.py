"""Tagged columns (CoNLL and its relatives): one token a line, a blank line behind a sentence."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence

from pipeline.corpora.entities import Entity
from pipeline.corpora.inline import Annotated
from pipeline.corpora.rejects import Rejected
from pipeline.one_line import without_breaks

CHARACTERS, UNDERSCORES, WORDS = "characters", "underscores", "words"
_PREFIXED = re.compile(r"([BIESLU])[-_](\S+)")
_SUFFIXED = re.compile(r"(\S+)[-_]([BIESLU])")
# BILOU calls the last token L and a single one U.
_SAME = {"L": "E", "U": "S"}
_DOCUMENT = "-DOCSTART-"


@dataclasses.dataclass(frozen=True)
class TaggedSentence:
    """A sentence as it stands in its columns.

    Attributes:
        line: where its first token stands, 1 for the first line of the file.
        comments: the lines before it that are no tokens.
        tokens, tags: equally many.
    """

    line: int
    comments: list[str]
    tokens: list[str]
    tags: list[str]


@dataclasses.dataclass(frozen=True)
class TaggedFile:
    """What `read_columns` found.

    Attributes:
        sentences: in the order of the file.
        rejects: sentences with a line of more or fewer columns than the file has.
        spacing: how tokens become text: "characters", "underscores" or "words" (`spacing_of`).
    """

    sentences: list[TaggedSentence]
    rejects: list[Rejected]
    spacing: str


def blocks(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """What blank lines separate: the number of the first line (from 1), and the lines."""
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


def read_columns(lines: Sequence[str]) -> TaggedFile:
    """Reads token, whatever else, tag.

    Columns are separated by tabs if there is a tab in the file, else by white space. How many
    there are, most lines say. The tag is the last. The token is the first, or the second where
    the first numbers the tokens of every sentence from 1. Lines that begin with `#` before the
    first token of a sentence and end in no tag are comments; CoNLL's `-DOCSTART-` is no sentence.

    Args:
        lines: without their ends.
    """
    tabs = any("\t" in line for line in lines)
    found = []
    for first, block in blocks(lines):
        rows = [line.split("\t") if tabs else line.split() for line in block]
        begin = 0
        while begin < len(rows) and block[begin].startswith("#") and not is_tag(rows[begin][-1]):
            begin += 1
        if begin < len(rows) and rows[begin][0] != _DOCUMENT:
            found.append((first + begin, block[:begin], block[begin:], rows[begin:]))
    widths = collections.Counter(len(row) for *_, rows in found for row in rows)
    width = max(widths.most_common(1)[0][0], 2) if widths else 2
    sentences, rejects = [], []
    column = 1 if width > 2 and all(_numbered(rows) for *_, rows in found) else 0
    for first, comments, block, rows in found:
        wrong = next((n for n, row in enumerate(rows) if len(row) != width), None)
        if wrong is not None:
            reason = f"{len(rows[wrong])} columns instead of {width}"
            rejects.append(Rejected(first + wrong, reason, block[wrong]))
            continue
        tokens = [row[column] for row in rows]
        sentences.append(TaggedSentence(first, comments, tokens, [row[-1] for row in rows]))
    return TaggedFile(sentences, rejects, spacing_of(sentences))


def spacing_of(sentences: Iterable[TaggedSentence]) -> str:
    """How the tokens of a file become text.

    Where a token is a space, tokens are written one behind the other ("characters", as in
    KLUE). Else, where a token is `_`, likewise, and `_` is a space ("underscores", as in KMOU).
    Else one space stands between tokens ("words", as in CoNLL).
    """
    tokens = {token for sentence in sentences for token in sentence.tokens}
    if any(not token.strip() for token in tokens):
        return CHARACTERS
    return UNDERSCORES if "_" in tokens else WORDS


def join_tokens(tokens: Sequence[str], spacing: str) -> tuple[str, list[tuple[int, int]]]:
    """The text of a sentence, and where in it (start, end) each token stands."""
    between = " " if spacing == WORDS else ""
    spans, length = [], 0
    shown = []
    for token in tokens:
        blank = (spacing == UNDERSCORES and token == "_") or (spacing == CHARACTERS and not token)
        shown.append(" " if blank else without_breaks(token))
        spans.append((length, length + len(shown[-1])))
        length = spans[-1][1] + len(between)
    return between.join(shown), spans


def tagged_spans(tags: Sequence[str]) -> tuple[list[Entity], int] | str:
    """The entities that tags say, in positions of tokens.

    Tags are `O` (or `-`), and B, I, E or L, S or U joined to a label by `-` or `_`, in front of
    it or behind. `I` alone continues whatever came before. As conlleval reads them: B and S
    begin an entity, E and S end one, and so does any change of label; an I or E that
    continues nothing of its label begins an entity too. So IOB1, IOB2, IOBES and BILOU are all
    read by one rule, and no tag that carries a label is ever ignored.

    Returns:
        The entities, and how many of them begin with an I or E; or, in a few words, which tag
        is none.
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
    """Text and entities of a tagged sentence, and how many were repaired; or what is wrong.

    Spaces that are tagged at the edges of an entity are not part of it, and an entity of spaces
    alone is none, as in `inline.parse_inline`.
    """
    found = tagged_spans(tags)
    if isinstance(found, str):
        return found
    text, places = join_tokens(tokens, spacing)
    entities = []
    for first, last, label in found[0]:
        start, end = places[first][0], places[last - 1][1]
        content = text[start:end]
        start += len(content) - len(content.lstrip())
        if content.strip():
            entities.append(Entity(start, start + len(content.strip()), label))
    return Annotated(text, entities), found[1]


def _numbered(rows: list[list[str]]) -> bool:
    return all(row[0] == str(n) for n, row in enumerate(rows, 1))


def _parse(tag: str) -> tuple[str, str | None] | None:
    """(B, I, E, S or O; label), None if it is no tag."""
    if tag in ("O", "-"):
        return "O", None
    if tag == "I":
        return "I", None
    if match := _PREFIXED.fullmatch(tag):
        kind, label = match.groups()
    elif match := _SUFFIXED.fullmatch(tag):
        label, kind = match.groups()
    else:
        return None
    return _SAME.get(kind, kind), label
