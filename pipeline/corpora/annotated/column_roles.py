"""Decides which columns of tagged lines hold the token, the tag, and the id of the sentence."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pipeline.corpora.annotated.bio import OUTSIDE, is_tag, label_of
from pipeline.corpora.annotated.tag_cells import CellFormat
from pipeline.normalize import normalize

Group = Sequence[Sequence[str]]
"""The rows between two blank lines."""

# Compared without regard to case. Where a header has several of one kind, the first here counts.
TAG_NAMES = (
    *("ner_tag", "ner_tags", "ner", "ne_tag", "ne", "bio_tag", "bio", "iob", "entity"),
    *("개체명", "개체명태그", "tag", "tags", "label", "labels", "태그", "라벨", "레이블", "꼬리표"),
)
TOKEN_NAMES = (
    *("token", "tokens", "word", "words", "form", "surface", "char", "character", "syllable"),
    *("morpheme", "토큰", "단어", "어절", "형태소", "음절", "글자", "문자", "표층형", "text"),
)
SENTENCE_NAMES = (
    *("sentence #", "sentence", "sentence_id", "sentence id", "sent_id", "sent", "sentence_idx"),
    *("sentenceid", "sentence_no", "sentence number", "문장", "문장번호", "문장 번호", "문장id"),
)
_CHUNKS = {
    *("NP", "VP", "PP", "ADJP", "ADVP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP", "NX", "VX"),
}
_PARTS_OF_SPEECH = {
    *("NNG", "NNP", "NNB", "NR", "VV", "VA", "VCP", "VCN", "MM", "MAG", "MAJ", "IC", "JKS", "JKC"),
    *("JKG", "JKO", "JKB", "JKV", "JKQ", "JC", "EP", "EF", "EC", "ETN", "ETM", "XPN", "XSN", "XSV"),
    *("XSA", "XR", "SF", "SE", "SS", "SP", "SO", "SL", "SH", "SW", "SN", "NN", "NNS", "NNPS", "VB"),
    *("VBD", "VBZ", "VBG", "VBN", "VBP", "JJ", "RB", "DT", "IN", "PRP", "CD", "CC", "TO", "MD"),
    *("NOUN", "VERB", "ADJ", "ADV", "PROPN", "PRON", "ADP", "NUM", "PUNCT", "DET", "AUX"),
}
_MAX_DIGITS = 18
CODE = re.compile(r"[A-Z][A-Z0-9+$_|-]*|[^\w\s]{1,3}")


@dataclasses.dataclass(frozen=True)
class Roles:
    """Positions of columns, from 0.

    Attributes:
        token, tag: of the token and the tag.
        sentence: a sentence begins where one of these columns changes.
        named: whether the header names `sentence`, which then counts beside blank lines.
        counter: the column that numbers the tokens of a sentence, None if there is none.
    """

    token: int
    tag: int
    sentence: tuple[int, ...] = ()
    named: bool = False
    counter: int | None = None


class _Column(NamedTuple):
    """Statistics of the cells of a column; shares are of its rows."""

    tags: float
    labels: collections.Counter[str]
    outside: float
    blank: float
    filled: int
    repeated: float
    distinct: int
    runs: int
    counted: float
    codes: float
    digits: float
    stepped: bool


def name_in(header: Sequence[str] | None, names: Sequence[str], among: Iterable[int]) -> int | None:
    """The first of the columns in `among` that the header calls by the earliest of `names`; None if
    there is none."""
    folded = [normalize(name).casefold() for name in header or []]
    among = list(among)
    return next((folded.index(n) for n in names if n in folded and folded.index(n) in among), None)


def roles_of(groups: Sequence[Group], cells: CellFormat, header: Sequence[str] | None) -> Roles:
    """Decides what the columns are, by their names where there is a header, else by content.

    The tag column is one in which most cells are tags. One of chunks or parts of speech (`B-NP`)
    is taken only if there is no other; of several the last, unless another has more than twice as
    many labels. The token column is the first of the others that is none of these: one that
    repeats itself from row to row (a document, a sentence), that counts, that is mostly empty,
    that holds only codes (parts of speech), or that has few different cells.

    Args:
        groups: rows that are all as wide as `cells` says.
        header: the cells of the first line, if it names columns.
    """
    rows = [row for group in groups for row in group]
    columns = [_column(groups, n, cells) for n in range(cells.width)]
    tag = _tag(columns, header)
    token = _token(columns, tag, header)
    free = [n for n in range(cells.width) if n not in (token, tag)]
    counters = [n for n in free if columns[n].counted >= 0.9 and len(rows) > 1]
    sentence = name_in(header, SENTENCE_NAMES, free)
    if sentence is not None and max(columns[sentence].repeated, columns[sentence].blank) > 0.3:
        return Roles(token, tag, (sentence,), True, counters[0] if counters else None)
    identities = tuple(n for n in free if _is_identity(columns[n]) and n not in counters)
    return Roles(token, tag, identities, False, counters[0] if counters else None)


def _column(groups: Sequence[Group], n: int, cells: CellFormat) -> _Column:
    column = [row[n].strip() for group in groups for row in group]
    size = max(len(column), 1)
    counts = collections.Counter(column)

    def share(holds: Callable[[str], object]) -> float:
        return sum(count for cell, count in counts.items() if holds(cell)) / size

    labels: collections.Counter[str] = collections.Counter()
    for cell, count in counts.items():
        if label := label_of(cells.tag(cell)):
            labels[label] += count
    pairs = [
        pair
        for group in groups
        for pair in zip((row[n] for row in group), (row[n] for row in group[1:]), strict=False)
    ]
    same = sum(first.strip() == second.strip() for first, second in pairs)
    changes = [(a, b) for a, b in zip(column, column[1:], strict=False) if a != b]
    return _Column(
        tags=share(lambda cell: is_tag(cells.tag(cell))),
        labels=labels,
        outside=share(lambda cell: cells.tag(cell) in OUTSIDE),
        blank=counts[""] / size,
        filled=len(column) - counts[""],
        repeated=same / len(pairs) if pairs else 0.0,
        distinct=len(counts),
        runs=1 + len(changes),
        counted=_counted(column) / size,
        codes=share(CODE.fullmatch),
        digits=share(lambda cell: any(map(str.isdecimal, cell))),
        stepped=len(changes) > 0 and all(_follows(a, b) for a, b in changes),
    )


def _counted(column: Sequence[str]) -> int:
    """How many cells are one more than the cell above, or start again with 0 or 1."""
    return sum(_follows(a, b) for a, b in zip(["", *column], column, strict=False))


def _follows(before: str, cell: str) -> bool:
    if not (cell.isascii() and cell.isdecimal()):
        return False
    number = int(cell[-_MAX_DIGITS:])
    return number in (0, 1) or before == str(number - 1)


def _tag(columns: Sequence[_Column], header: Sequence[str] | None) -> int:
    enough = 0.5 * max(column.tags for column in columns)
    tagged = [n for n, column in enumerate(columns) if column.tags >= enough]
    some = [n for n in tagged if columns[n].labels] or tagged
    if (named := name_in(header, TAG_NAMES, some)) is not None:
        return named
    entities = [n for n in some if not _is_syntax(columns[n])] or some
    if any(columns[n].outside >= 0.2 for n in entities):
        entities = [n for n in entities if columns[n].outside >= 0.02]
    most = max(sum(columns[n].labels.values()) for n in entities)
    return [n for n in entities if 2 * sum(columns[n].labels.values()) >= most][-1]


def _is_syntax(column: _Column) -> bool:
    """Whether its labels are chunks or parts of speech."""
    known = sum(
        count
        for label, count in column.labels.items()
        if label.upper() in _CHUNKS or label.upper() in _PARTS_OF_SPEECH
    )
    return known >= 0.8 * sum(column.labels.values()) > 0


def _token(columns: Sequence[_Column], tag: int, header: Sequence[str] | None) -> int:
    free = [n for n, column in enumerate(columns) if n != tag and not _is_tags(column)]
    free = free or [n for n in range(len(columns)) if n != tag]
    likely = [
        n
        for n in free
        if max(columns[n].repeated, columns[n].blank) < 0.5
        and max(columns[n].counted, columns[n].digits) < 0.9
    ]
    if (named := name_in(header, TOKEN_NAMES, likely)) is not None:
        return named
    varied = [n for n in free if max(columns[n].repeated, columns[n].counted) < 0.5]
    words = [n for n in likely if columns[n].codes < 0.9] or likely or varied or free
    most = max(columns[n].distinct for n in words)
    return next(n for n in words if 3 * columns[n].distinct >= most)


def _is_tags(column: _Column) -> bool:
    return column.tags >= 0.5 and bool(column.labels)


def _is_identity(column: _Column) -> bool:
    """Whether a column identifies rows or sentences: each value fills one run of rows (an id),
    stands only in the first row of a sentence, or is a number that goes up by one."""
    if column.blank >= 0.5:
        return column.distinct == 1 + column.filled
    if column.stepped:  # a column that numbers words repeats itself less
        return column.repeated >= 0.7
    return column.repeated >= 0.5 and 1 < column.runs == column.distinct
