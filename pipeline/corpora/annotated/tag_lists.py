"""A sentence and the tags of all its words in one row, as in the files of KoBERT-NER."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Iterable, Sequence

from pipeline.corpora.annotated.bio import is_tag, tagged_spans
from pipeline.corpora.annotated.column_roles import CODE, TAG_NAMES, TOKEN_NAMES, name_in
from pipeline.corpora.annotated.entities import Entity, trimmed
from pipeline.corpora.annotated.inline import Annotated
from pipeline.corpora.annotated.tag_cells import (
    BARS,
    COMMAS,
    MAX_COLUMNS,
    QUOTED_TABS,
    SEMICOLONS,
    TABS,
    Separator,
)
from pipeline.corpora.rejects import Rejected
from pipeline.counts import counted
from pipeline.normalize import normalize
from pipeline.one_line import without_breaks
from pipeline.text_file import DAMAGED, is_damaged

_SAMPLE = 5_000
_MIN_SHARE_SEVERAL = 0.2
# Units of a sentence that may have one tag each, the most common first.
_UNITS: dict[str, re.Pattern] = {
    "words": re.compile(r"\S+"),
    "characters": re.compile(r"(?s)."),
    "characters other than spaces": re.compile(r"\S"),
}
_SENTENCE_NAMES = ("sentence", "sentences", "text", "document", "문장", "본문")
_LIST = re.compile(r"\[(.*)\]", re.DOTALL)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")


@dataclasses.dataclass(frozen=True)
class TagLists:
    """The result of `read_tag_lists`.

    Attributes:
        sentences: number of the line, text with entities or an error message, and the line.
        repaired: entities that begin with an I or E.
        read_as: how the file was read, for people.
    """

    sentences: list[tuple[Annotated | str, Rejected]]
    repaired: int
    read_as: str


def read_tag_lists(lines: Sequence[str]) -> TagLists | None:
    """Reads lines of a sentence and its tags, `김민수 대표는<tab>PER-B O`; None if they are none.

    They are such lines if in at least half of the lines that are not blank, split at tabs, commas,
    semicolons or bars, one column holds nothing but tags (separated by white space or commas, or
    a list as Python writes it), and in a fifth of them several. The sentence is in the column
    that has one word for each tag in most rows, or else one character. A row whose words and
    tags are not equally many is an error of that row.

    Args:
        lines: without their ends.
    """
    rows = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    step = max(1, len(rows) // _SAMPLE)
    sample = [line for _, line in rows[::step]]
    for separator in (TABS, COMMAS, SEMICOLONS, BARS, QUOTED_TABS):
        if (columns := _columns(sample, separator)) is not None:
            break
    else:
        return None
    width, text_column, tag_column, unit = columns
    sentences: list[tuple[Annotated | str, Rejected]] = []
    repaired = 0
    for number, line in rows:
        cells = separator.cut(line)
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if not sentences and _is_header(cells, tag_column):
            continue
        parsed = _parsed(line, cells, columns)
        if not isinstance(parsed, str):
            repaired += parsed[1]
            parsed = parsed[0]
        sentences.append((parsed, Rejected(number, "", line)))
    read_as = (
        f"column {text_column + 1} is the sentence, column {tag_column + 1} its tags, "
        f"as many as it has {unit} (separated by {separator.name})"
    )
    return TagLists(sentences, repaired, read_as)


def _columns(sample: Sequence[str], separator: Separator) -> tuple[int, int, int, str] | None:
    """Number of columns, column of the sentence, column of its tags, and the unit with a tag."""
    rows = list(map(separator.cut, sample))
    widths = collections.Counter(map(len, rows))
    width = widths.most_common(1)[0][0] if widths else 0
    rows = [row for row in rows if len(row) == width]
    if not 2 <= width <= MAX_COLUMNS or 2 * len(rows) < len(sample):
        return None
    tags = max(range(width), key=lambda n: sum(len(_tag_list(row[n])) for row in rows))
    lists = [_tag_list(row[tags]) for row in rows]
    several = sum(len(found) > 1 for found in lists)
    if 2 * sum(map(bool, lists)) < len(sample) or several < _MIN_SHARE_SEVERAL * len(sample):
        return None

    def fitting(n: int, unit: str) -> int:
        pairs = zip(rows, lists, strict=True)
        return sum(
            len(_UNITS[unit].findall(_sentence(row[n]))) == len(found) for row, found in pairs
        )

    others = [n for n in range(width) if n != tags]
    others = [n for n in others if not _is_codes(row[n] for row in rows)] or others
    named = name_in(rows[0], _SENTENCE_NAMES, others)
    others.sort(key=lambda n: n != named)
    best = max(((n, unit) for unit in _UNITS for n in others), key=lambda pair: fitting(*pair))
    return width, best[0], tags, best[1]


def _is_codes(cells: Iterable[str]) -> bool:
    """Whether all cells are codes, such as parts of speech, or ids with a number."""
    cells = [_sentence(cell) for cell in cells]
    words = [word for cell in cells for word in cell.split()]
    return sum(bool(CODE.fullmatch(word)) for word in words) >= 0.9 * len(words) or (
        len({re.sub(r"\d+", "0", cell) for cell in cells}) <= 2 < len(cells)
    )


def _parsed(
    line: str, cells: Sequence[str], columns: tuple[int, int, int, str]
) -> tuple[Annotated, int] | str:
    width, text_column, tag_column, unit = columns
    if is_damaged(line):
        return DAMAGED
    if len(cells) != width:
        return f"{counted(len(cells), 'column')} instead of {width}"
    text = _sentence(cells[text_column])
    units = [match.span() for match in _UNITS[unit].finditer(text)]
    tags = _items(cells[tag_column])
    spans = tagged_spans(tags)
    if isinstance(spans, str):
        return spans
    if len(units) != len(tags):
        return f"{len(units)} {unit}, but {len(tags)} tags"
    entities = [
        Entity(units[first][0], units[last - 1][1], label) for first, last, label in spans[0]
    ]
    return Annotated(text, trimmed(text, entities)), spans[1]


def _is_header(cells: Sequence[str], tag_column: int) -> bool:
    if tag_column >= len(cells) or _tag_list(cells[tag_column]):
        return False
    names = (*TAG_NAMES, *TOKEN_NAMES, *_SENTENCE_NAMES)
    return name_in(cells, names, range(len(cells))) is not None


def _sentence(cell: str) -> str:
    """A cell with a sentence, or with a list of its words as Python writes it."""
    cell = without_breaks(cell).strip()
    return " ".join(found) if (found := _python_list(cell)) else cell


def _tag_list(cell: str) -> list[str]:
    """The tags in a cell; empty if there is anything else in it."""
    items = _items(cell)
    return items if all(map(is_tag, items)) else []


def _items(cell: str) -> list[str]:
    cell = normalize(cell)
    if (found := _python_list(cell)) is not None:
        return [item.strip() for item in found]
    if match := _LIST.fullmatch(cell):
        cell = match[1]
    return [item for item in re.split(r"[\s,]+", cell) if item]


def _python_list(cell: str) -> list[str] | None:
    """The strings in a list as Python, numpy or JSON writes it; None for anything else."""
    match = _LIST.fullmatch(cell)
    if match is None or _QUOTED.sub("", match[1]).strip(", \n"):
        return None
    return ["".join(pair) for pair in _QUOTED.findall(match[1])]
