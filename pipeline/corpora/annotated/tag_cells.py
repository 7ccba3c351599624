"""Splits lines of tagged text into cells, and decides which cells are tags."""

from __future__ import annotations

import collections
import csv
import dataclasses
import functools
import re
from collections.abc import Callable, Sequence

from pipeline.corpora.annotated.bio import OUTSIDE, is_tag, label_of
from pipeline.normalize import normalize

DOCUMENT = "-DOCSTART-"
_SPACES = re.compile(r"[ \t]+")
_TABS = re.compile(r"\t+")
_WIDE = re.compile(r"\t+| {2,}")
_PLAIN = re.compile(r"[^\W\d][\w-]*")
# Number of lines, evenly spaced, by which the separator is chosen.
_SAMPLE = 10_000
MAX_COLUMNS = 200
_MARGIN = 0.01
_MIN_SHARE_OUTSIDE = 0.2
_MAX_PLAIN_LABELS = 100
_FOR_OUTSIDE = ("", "_", "0", "X", "NONE", "None", "none")


def _delimited(line: str, delimiter: str) -> list[str]:
    """The cells of one line of CSV; unpaired quotes are plain characters."""
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        return line.split(delimiter)


@dataclasses.dataclass(frozen=True)
class Separator:
    """A separator of cells: its name for people, and the function that splits a line."""

    name: str
    cut: Callable[[str], list[str]]


TABS = Separator("tabs", lambda line: line.split("\t"))
SPACES = Separator("white space", lambda line: _SPACES.split(line.strip(" \t")))
COMMAS = Separator("commas", functools.partial(_delimited, delimiter=","))
SEMICOLONS = Separator("semicolons", functools.partial(_delimited, delimiter=";"))
BARS = Separator("bars", lambda line: line.split("|"))
QUOTED_TABS = Separator("tabs, quoted", functools.partial(_delimited, delimiter="\t"))
# In order: of several that cut equally many lines well, the first counts.
_SEPARATORS = (
    TABS,
    SPACES,
    COMMAS,
    SEMICOLONS,
    BARS,
    QUOTED_TABS,
    Separator("runs of tabs", lambda line: _TABS.split(line.strip("\t"))),
    Separator("tabs or several spaces", lambda line: _WIDE.split(line.strip())),
    Separator("white space of any kind", str.split),
)


@dataclasses.dataclass(frozen=True)
class CellFormat:
    """How the lines of a file are split into cells.

    Attributes:
        separator: between cells.
        width: cells of most lines.
        plain: tags are labels without B or I.
        outside: what stands for `O` in a file without any `O`; None if nothing does.
    """

    separator: Separator
    width: int
    plain: bool = False
    outside: str | None = None

    def tag(self, cell: str) -> str:
        """The tag in a cell, cleaned: without white space around it or invisible characters,
        `O` for `outside`, and, where tags are plain labels, with an I."""
        tag = _plain_tag(cell) if self.plain else _clean(cell)
        return "O" if tag == self.outside else tag

    def row(self, line: str) -> list[str]:
        """The cells of a line. Empty cells behind the last column of most lines are dropped, and
        an indented line without its first cell gets an empty one."""
        cells = self.separator.cut(line)
        while len(cells) > self.width and not cells[-1].strip():
            cells.pop()
        if self.separator is SPACES and len(cells) == self.width - 1 and line[:1].isspace():
            cells.insert(0, "")
        return cells


def cells_of(lines: Sequence[str]) -> CellFormat | None:
    """How to split lines so that one column has their tags; None if they are no columns.

    The separator (tabs, spaces, commas, ...) is taken that gives most lines the same number of
    cells and a tag (`bio.is_tag`) in the same column. At least half of the lines must fit. If
    none does, tags may be plain labels: a column with `O` and few other words.

    Args:
        lines: those that are not blank, without comments.
    """
    step = max(1, len(lines) // _SAMPLE)
    lines = [line for line in lines[::step] if not line.upper().startswith(DOCUMENT)]
    best: tuple[float, CellFormat | None] = (0.0, None)
    for plain in (False, True):
        for separator in _SEPARATORS:
            if best[0] + _MARGIN >= 1:
                break
            share, cells = _share(lines, separator, plain)
            if share > best[0] + _MARGIN:
                best = (share, cells)
        if best[0] >= 0.5:
            return best[1]
    return None


def _share(
    lines: Sequence[str], separator: Separator, plain: bool
) -> tuple[float, CellFormat | None]:
    """The share of lines that a separator splits into equally many cells with a tag, and how."""
    widths = collections.Counter(len(separator.cut(line)) for line in lines)
    width = max(widths, key=lambda width: (width > 1, widths[width], width), default=0)
    if not 2 <= width <= MAX_COLUMNS:
        return 0.0, None
    cells = CellFormat(separator, width, plain)
    rows = list(map(cells.row, lines))
    columns = list(zip(*(row for row in rows if len(row) == width), strict=True))
    count = _plain_tags if plain else _tags
    tags, outside = max(map(count, columns), key=lambda found: found[0], default=(0, None))
    return tags / len(rows), dataclasses.replace(cells, outside=outside)


def _tags(cells: Sequence[str]) -> tuple[int, str | None]:
    """The number of tags in a column, and what stands for `O`; 0 if it is no column of tags.

    It is none if more cells (a header aside) are no tags than have a label.
    """
    counts = collections.Counter(map(_clean, cells))
    tags = {cell: count for cell, count in counts.items() if is_tag(cell)}
    labelled = sum(count for cell, count in tags.items() if label_of(cell))
    strange = len(cells) - sum(tags.values())
    outside = None
    if labelled and not any(cell in tags for cell in OUTSIDE):
        commonest = max(_FOR_OUTSIDE, key=lambda cell: counts[cell])
        if counts[commonest]:
            outside = commonest
            strange -= counts[outside]
            tags[outside] = counts[outside]
    if labelled + 1 < strange or set(tags) <= {"-"}:
        return 0, None
    return sum(tags.values()), outside


def _plain_tags(cells: Sequence[str]) -> tuple[int, None]:
    """The number of labels and `O` in a column; 0 if it is no column of these."""
    counts = collections.Counter(map(_clean, cells))
    outside = counts.pop("O", 0) + counts.pop("o", 0)
    labels = {cell: count for cell, count in counts.items() if _PLAIN.fullmatch(cell)}
    total = sum(count for cell, count in labels.items() if not label_of(cell))
    if outside < _MIN_SHARE_OUTSIDE * len(cells) or not 0 < 2 * len(labels) <= total:
        return 0, None
    return outside + total if len(labels) <= _MAX_PLAIN_LABELS else 0, None


@functools.lru_cache(maxsize=100_000)
def _clean(cell: str) -> str:
    """A tag without white space around it (its label is mended, and reported, elsewhere), or any
    other cell under the text policy."""
    return stripped if is_tag(stripped := cell.strip()) else normalize(cell)


def _plain_tag(cell: str) -> str:
    cell = _clean(cell)
    return cell if cell in OUTSIDE or not _PLAIN.fullmatch(cell) else f"I-{cell}"
