"""Reads tagged columns (CoNLL and its variants): a token per line, and where sentences end."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from pipeline.corpora.annotated.bio import (
    CHARACTERS,
    PIECES,
    UNDERSCORES,
    WORDS,
    is_tag,
    token_spacing,
)
from pipeline.corpora.annotated.column_roles import TAG_NAMES, TOKEN_NAMES, Roles, name_in, roles_of
from pipeline.corpora.annotated.tag_cells import DOCUMENT, CellFormat, cells_of
from pipeline.corpora.rejects import Rejected
from pipeline.counts import counted
from pipeline.text_file import DAMAGED, is_damaged

_SPACING = {
    PIECES: "pieces of words, of which ## continues one",
    WORDS: "words with a space between them",
    CHARACTERS: "characters with nothing between them",
    UNDERSCORES: "parts of words, where _ is the space",
}


@dataclasses.dataclass(frozen=True)
class TaggedSentence:
    """Tokens and tags of a sentence.

    Attributes:
        line: where its first token stands, 1 for the first line of the file.
        tokens, tags: of the same length.
    """

    line: int
    tokens: list[str]
    tags: list[str]


@dataclasses.dataclass(frozen=True)
class TaggedFile:
    """The result of `read_columns`.

    Attributes:
        sentences: in the order of the file.
        rejects: sentences that cannot be read.
        spacing: how tokens become text: "characters", "underscores", "words" or "pieces"
            (`token_spacing`).
        read_as: how the file was read, for people.
    """

    sentences: list[TaggedSentence]
    rejects: list[Rejected]
    spacing: str
    read_as: str


@dataclasses.dataclass(frozen=True)
class _Row:
    line: int
    written: str
    cells: list[str]


def read_columns(lines: Sequence[str]) -> TaggedFile | None:
    """Reads columns with a token and a tag among them; None if the lines are no columns.

    Separator and number of columns are those of most lines (`tag_cells.cells_of`), token and tag
    the columns that `column_roles.roles_of` decides on; the first line may name them. A blank
    line ends a sentence, and so does a change in the column of sentence ids where the header
    names one, or where there is no blank line at all; without such a column, a column that
    numbers tokens does so by starting again. Lines with CoNLL's `-DOCSTART-`, a header and lines
    that begin with `#` and have no tag belong to no sentence, and end one.

    Only the sentence with a mistake is rejected: one with a line of more or fewer columns, with
    damaged bytes or, among words, with an empty token.

    Args:
        lines: without their ends.
    """
    cells = cells_of(
        [line for line in lines if line.strip() and (line[0] != "#" or is_tag(line.split()[-1]))]
    )
    if cells is None:
        return None
    groups, header = _groups(lines, cells)
    whole = [
        rows
        for group in groups
        if (rows := [row.cells for row in group if len(row.cells) == cells.width])
    ]
    if not whole:
        return None
    named = header if header and len(header) == cells.width else None
    roles = roles_of(whole, cells, named)
    groups, ends = _sentences(groups, roles, cells)
    sentences, rejects = [], []
    for group in groups:
        if isinstance(sentence := _sentence(group, roles, cells), Rejected):
            rejects.append(sentence)
        else:
            sentences.append(sentence)
    spacing = token_spacing(sentence.tokens for sentence in sentences)
    if spacing == WORDS:
        sentences, rejects = _without_empty(sentences, rejects)
    token, tag = (
        f"{n + 1} ({named[n].strip()})" if named else str(n + 1) for n in (roles.token, roles.tag)
    )
    read_as = (
        f"column {token} is the token, column {tag} the tag (separated by {cells.separator.name}); "
        f"tokens are {_SPACING[spacing]}; {ends}"
    )
    if cells.outside is not None:
        read_as += f"; {cells.outside or 'an empty tag'} stands for O"
    if cells.plain:
        read_as += "; tags without B and I: tokens of one label side by side are one entity"
    return TaggedFile(sentences, rejects, spacing, read_as)


def _groups(lines: Sequence[str], cells: CellFormat) -> tuple[list[list[_Row]], list[str] | None]:
    """The rows between lines that are no tokens, and the header."""
    groups: list[list[_Row]] = [[]]
    header: list[str] | None = None
    for number, line in enumerate(lines, 1):
        row = cells.row(line)
        if not any(groups) and _is_header(row, cells):
            header = header or row
        elif _is_blank(line, row) or _is_document(line, row):
            pass
        elif row != header and not _is_comment(line, row, cells, first=not groups[-1]):
            groups[-1].append(_Row(number, line, row))
            continue
        if groups[-1]:
            groups.append([])
    return [group for group in groups if group], header


def _is_header(row: Sequence[str], cells: CellFormat) -> bool:
    """Whether a line names columns and has no tag."""
    anywhere = range(len(row))
    if name_in(row, TAG_NAMES, anywhere) is None and name_in(row, TOKEN_NAMES, anywhere) is None:
        return False
    return cells.plain or not any(is_tag(cells.tag(cell)) for cell in row if cell != "-")


def _is_blank(line: str, row: Sequence[str]) -> bool:
    """Whether there is nothing in it but separators."""
    if line.strip().strip(',;|"'):
        return False
    return not any(cell.strip() for cell in row)


def _is_document(line: str, row: Sequence[str]) -> bool:
    return DOCUMENT in line.upper() and any(
        cell.strip().upper().startswith(DOCUMENT) for cell in row
    )


def _is_comment(line: str, row: Sequence[str], cells: CellFormat, *, first: bool) -> bool:
    """Before a sentence, what begins with `#` and has no tag; within one, only what cannot be the
    token `#`."""
    if not line.startswith("#") or any(is_tag(cells.tag(cell)) for cell in row[1:]):
        return False
    return first or line.startswith("##") or len(row) != cells.width


def _sentences(
    groups: list[list[_Row]], roles: Roles, cells: CellFormat
) -> tuple[list[list[_Row]], str]:
    """Splits `groups` where the sentence columns say so; also says, for people, what ends a
    sentence."""
    blank = "a blank line ends a sentence"
    if roles.named:
        ends = f"column {roles.sentence[0] + 1} tells sentences apart"
        return list(_cut(groups, roles.sentence, None, cells)), ends
    if len(groups) > 1:
        return groups, blank
    if roles.sentence:
        names = " and ".join(str(n + 1) for n in roles.sentence)
        ends = f"without blank lines, column {names} tells sentences apart"
        return list(_cut(groups, roles.sentence, None, cells)), ends
    if roles.counter is not None:
        ends = f"without blank lines, column {roles.counter + 1} begins anew with each sentence"
        return list(_cut(groups, (), roles.counter, cells)), ends
    return groups, "without blank lines, all is one sentence"


def _cut(
    groups: Iterable[list[_Row]], identities: Sequence[int], counter: int | None, cells: CellFormat
) -> Iterator[list[_Row]]:
    for group in groups:
        sentence: list[_Row] = []
        was: dict[int, str] = {}
        count = -1
        for row in group:
            if len(row.cells) == cells.width:
                now = {n: cell for n in identities if (cell := row.cells[n].strip())}
                begins = any(was.get(n, cell) != cell for n, cell in now.items())
                if counter is not None and (cell := row.cells[counter].strip()).isdecimal():
                    begins, count = int(cell) <= count, int(cell)
                was |= now
                if begins and sentence:
                    yield sentence
                    sentence = []
            sentence.append(row)
        if sentence:
            yield sentence


def _sentence(group: Sequence[_Row], roles: Roles, cells: CellFormat) -> TaggedSentence | Rejected:
    for row in group:
        if is_damaged(row.written):
            return Rejected(row.line, DAMAGED, row.written)
        if len(row.cells) != cells.width:
            reason = f"{counted(len(row.cells), 'column')} instead of {cells.width}"
            return Rejected(row.line, reason, row.written)
    tokens = [row.cells[roles.token] for row in group]
    tags = [cells.tag(row.cells[roles.tag]) for row in group]
    return TaggedSentence(group[0].line, tokens, tags)


def _without_empty(
    sentences: Iterable[TaggedSentence], rejects: list[Rejected]
) -> tuple[list[TaggedSentence], list[Rejected]]:
    """Removes white space around words, and rejects sentences with an empty word."""
    kept, rejects = [], list(rejects)
    for sentence in sentences:
        tokens = [token.strip() for token in sentence.tokens]
        if all(tokens):
            kept.append(dataclasses.replace(sentence, tokens=tokens))
        else:
            line = sentence.line + tokens.index("")
            rejects.append(Rejected(line, "an empty token among words", " ".join(tokens)))
    return kept, rejects
