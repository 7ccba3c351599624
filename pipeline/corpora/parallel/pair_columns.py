"""Decides which column of a user's table is Korean and which is English."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.corpora.parallel.pair_names import Named, Role, named_columns
from pipeline.corpora.scripts import count_hangul, count_latin, fits, is_english, is_korean
from pipeline.corpora.tables.delimited import Row
from pipeline.errors import UserError

_REMEDY = "give it a first line that names the columns, ko and en among them"
# Tatoeba's files have credits beside the sentences, which are English, too.
_CREDITS = "CC-BY"
# Number of rows, at even distances, in which scripts are counted.
_SEEN = 20_000
# With fewer rows a column of categories cannot be told from one of sentences.
_MIN_FOR_CATEGORIES = 10
_MAX_TITLE_LENGTH = 40

Cells = list[list[str]]


@dataclasses.dataclass(frozen=True)
class SideColumns:
    """Positions of columns, from 0.

    Attributes:
        ko, en: of the sides; if their scripts contradict the header, by their scripts.
        header: whether the first row names the columns.
        swapped: whether the header names them the other way round.
        width: number of fields that a row must have.
        other_ko, other_en: of further translations of the other side.
    """

    ko: int
    en: int
    header: bool
    swapped: bool
    width: int
    other_ko: tuple[int, ...] = ()
    other_en: tuple[int, ...] = ()


def choose_sides(rows: Sequence[Row], where: Path, has_header: bool = False) -> SideColumns:
    """Decides which columns hold the two sides.

    The first row is a header if two of its names stand for different roles (`pair_names.NAMES`:
    ko and en, source and target, ko and ref1 ...), or if it is written in other scripts than the
    rows below it. The columns are found by name; if names give no language, or there are none,
    by script: the Korean column has Hangul in most cells, the English one only Latin letters. If
    more than two columns fit, those of ids (hardly any cell has a space), of Tatoeba's credits
    and of categories (few different cells) are excluded; if that does not leave exactly one for a
    side, it is an error.

    Columns of the same name with a number behind it (en, en2; ref1, ref2) are several
    translations of the same sentence. If a header says ko and en, but more rows are written the
    other way round, the script decides.

    Args:
        rows: at least one.
        where: the file, for errors.
        has_header: whether the first row is known to be a header.

    Raises:
        UserError: there is only one column, a side is missing, or several columns fit a side.
    """
    first = rows[0].fields
    names = named_columns(first)
    if not has_header:
        names = [name for name in names if not _goes_on(rows[1:], name.column, first[name.column])]
    if has_header or len({name.role for name in names}) > 1:
        body = _body(rows[1:], len(first))
        return _by_names(body, names, len(first), where)
    counts = collections.Counter(len(row.fields) for row in rows[:1000])
    width = counts.most_common(1)[0][0]
    _check_width(width, where)
    body, below = _body(rows, width), _body(rows[1:], width)
    korean, english = _by_script(body, range(width), where)
    _check_apart(body, korean, where)
    header = len(first) == width and _is_title(first, below, korean, english)
    return SideColumns(korean, english, header, False, width)


def _goes_on(rows: Sequence[Row], column: int, cell: str) -> bool:
    """Whether most rows have the same cell, so that it is no name (kor_Hang in each row)."""
    return 2 * sum(row.fields[column : column + 1] == [cell] for row in rows) > len(rows)


def _check_width(width: int, where: Path) -> None:
    if width < 2:
        raise UserError(
            "has one column only; sentences in two languages are needed",
            where=where,
            remedy="write one pair per line, separated by a tab; or give two files, line by line, "
            "whose names end in .ko and .en",
        )


def _check_apart(body: Cells, korean: int, where: Path) -> None:
    """Refuses a table that was split at the commas of its sentences, so that one cell has the
    Korean sentence and the beginning of the English one."""
    mixed = sum(0 < count_hangul(fields[korean]) < count_latin(fields[korean]) for fields in body)
    if len(body) > 1 and 10 * mixed >= 7 * len(body):
        raise UserError(
            f"its column {korean + 1} has Korean and English in the same cell",
            where=where,
            remedy="put a tab between the two sides of a pair",
        )


def _body(rows: Sequence[Row], width: int) -> Cells:
    fitting = [row.fields for row in rows if len(row.fields) == width]
    return fitting[:: max(1, len(fitting) // _SEEN)]


def _by_names(body: Cells, names: list[Named], width: int, where: Path) -> SideColumns:
    """The columns of a table with a header."""
    _check_width(width, where)
    korean, english = (_best(body, names, role, where) for role in ("korean", "english"))
    references = [name.column for name in names if name.role == "reference" and name.certainty]
    if korean and english:
        straight = _written(body, korean[0], english[0])
        swapped = _written(body, english[0], korean[0]) > straight
        ko, en = (english, korean) if swapped else (korean, english)
        spare = [column for column in references if column not in (*ko, *en)]
        en += [column for column in spare if _share(body, column, is_english) > 0.5]
        ko += [column for column in spare if _share(body, column, is_korean) > 0.5]
        return SideColumns(ko[0], en[0], True, swapped, width, tuple(ko[1:]), tuple(en[1:]))
    sides = korean or english or _best(body, names, "source", where)
    others = references or _best(body, names, "target", where)
    others = others or (_best(body, names, "source", where) if korean or english else [])
    if not (sides and others):
        ko_column, en_column = _by_script(body, range(width), where)
        return SideColumns(ko_column, en_column, True, False, width)
    straight, crossed = _written(body, sides[0], others[0]), _written(body, others[0], sides[0])
    if not straight and not crossed:
        _by_script(body, [sides[0], others[0]], where)  # says which language is not there
    ko, en = (others, sides) if crossed > straight else (sides, others)
    return SideColumns(ko[0], en[0], True, False, width, tuple(ko[1:]), tuple(en[1:]))


def _best(body: Cells, names: list[Named], role: Role, where: Path) -> list[int]:
    """The columns of a role with the most certain names; several if they differ by a number."""
    of_role = [name for name in names if name.role == role]
    certain = [name for name in of_role if name.certainty]
    if certain:
        certain.sort(key=lambda name: -name.certainty)
        whole = [name.column for name in certain if name.certainty == 2][:1]
        return whole + [name.column for name in certain if name.certainty == 1]
    scripts = {"korean": is_korean, "english": is_english}
    test = scripts.get(role, lambda cell: is_korean(cell) or is_english(cell))
    columns = [name.column for name in of_role if _share(body, name.column, test) > 0.5]
    if len(columns) > 1:
        raise _undecided(len(columns), role.title(), len(columns), where)
    return columns


def _share(body: Cells, column: int, test: Callable[[str], bool]) -> float:
    filled = [fields[column] for fields in body if fields[column].strip()]
    return sum(map(test, filled)) / len(filled) if filled else 0.0


def _written(body: Cells, korean: int, english: int) -> int:
    """The number of rows in which one column is Korean and another English."""
    return sum(is_korean(fields[korean]) and is_english(fields[english]) for fields in body)


def _by_script(body: Cells, columns: Sequence[int], where: Path) -> tuple[int, int]:
    def cells(column: int, test: Callable[[str], bool]) -> int:
        return sum(test(fields[column]) for fields in body)

    with_hangul = {column: cells(column, is_korean) for column in columns}
    with_latin = {column: cells(column, is_english) for column in columns}
    for counts, language in ((with_hangul, "Korean"), (with_latin, "English")):
        if not any(counts.values()):
            raise UserError(f"has no {language} column", where=where, remedy=_REMEDY)
    if len(columns) == 2:
        one, other = columns
        straight, crossed = _written(body, one, other), _written(body, other, one)
        return (other, one) if crossed > straight else (one, other)
    found = []
    for counts, language in ((with_hangul, "Korean"), (with_latin, "English")):
        fitting = [column for column, count in counts.items() if 2 * count >= len(body)]
        if len(fitting) > 1:
            fitting = [column for column in fitting if _has_sentences(body, column)]
        if len(fitting) != 1:
            raise _undecided(len(columns), language, len(fitting), where)
        found.append(fitting[0])
    return found[0], found[1]


def _has_sentences(body: Cells, column: int) -> bool:
    """Whether a column has neither ids, nor credits, nor categories."""
    cells = [fields[column] for fields in body]
    spaced = sum(" " in cell.strip() for cell in cells)
    credits = sum(cell.startswith(_CREDITS) for cell in cells)
    repeats = len(cells) >= _MIN_FOR_CATEGORIES and 2 * len(set(cells)) < len(cells)
    return 10 * spaced >= len(cells) and 2 * credits < len(cells) and not repeats


def _is_title(first: list[str], below: Cells, korean: int, english: int) -> bool:
    """Whether a first row without known names is a header nevertheless: its cells are short, all
    different, and in other scripts than nearly all pairs below."""
    cells = [first[korean].strip(), first[english].strip()]
    if not below or fits(*cells) or fits(*reversed(cells)) or cells[0] == cells[1]:
        return False
    if [field.strip() for field in first] == [str(number) for number in range(len(first))]:
        return True  # as pandas names columns that have no name
    words = all(any(map(str.isalpha, cell)) and len(cell) <= _MAX_TITLE_LENGTH for cell in cells)
    right = sum(fits(fields[korean], fields[english]) for fields in below)
    ends = any(cell.endswith((".", "?", "!", "…", "。")) for cell in cells)
    return words and not ends and 10 * right >= 9 * len(below)


def _undecided(columns: int, language: str, count: int, where: Path) -> UserError:
    return UserError(
        f"which of its {columns} columns is the {language} side? {count or 'None'} could be",
        where=where,
        remedy=_REMEDY,
    )
