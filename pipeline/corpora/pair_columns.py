"""Which column of a user's table is Korean and which is English."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.corpora.delimited import Row
from pipeline.corpora.scripts import is_english, is_korean
from pipeline.errors import UserError

# Compared without regard to case.
KOREAN_NAMES = ("ko", "kor", "korean", "kr", "ko-kr", "ko_kr", "한국어", "국문", "한글")
ENGLISH_NAMES = ("en", "eng", "english", "en-us", "en_us", "en-gb", "en_gb", "영어", "영문")
SOURCE_NAMES = ("source", "src", "원문")
TARGET_NAMES = ("target", "tgt", "trg", "translation", "번역문", "번역")
_REMEDY = "give it a first line that names the columns, ko and en among them"
# Credits stand beside sentences in what Tatoeba gives out, and are English too.
_CREDITS = "CC-BY"


@dataclasses.dataclass(frozen=True)
class SideColumns:
    """Positions from 0.

    Attributes:
        ko, en: where the sides are, by their script where it contradicts the header.
        header: whether the first row names the columns.
        swapped: the header has it the other way round.
        width: how many fields a row must have.
    """

    ko: int
    en: int
    header: bool
    swapped: bool
    width: int


def choose_sides(rows: Sequence[Row], where: Path) -> SideColumns:
    """Decides which columns hold the two sides.

    The first row is a header where it has one of KOREAN_NAMES and one of ENGLISH_NAMES, or one
    of SOURCE_NAMES and one of TARGET_NAMES. Without a header the script tells: the Korean column
    is the one with Hangul in most cells, the English one the one with Latin letters alone. Where
    more than two columns could be meant, ids (hardly any cell has a space in it) and Tatoeba's
    credits are not; if that leaves not exactly one, nothing is guessed.

    Where a header says ko and en and more rows are written the other way round than as it says,
    the script counts.

    Args:
        rows: at least one.
        where: the file, for errors.

    Raises:
        UserError: one column only, one side not there, or more than one that could be it.
    """
    first = [field.strip().casefold() for field in rows[0].fields]
    korean, english = _named(first, KOREAN_NAMES), _named(first, ENGLISH_NAMES)
    if korean is not None and english is not None:
        body = [row.fields for row in rows[1:] if len(row.fields) == len(first)]
        straight, crossed = _written(body, korean, english), _written(body, english, korean)
        if crossed > straight:
            return SideColumns(english, korean, True, True, len(first))
        return SideColumns(korean, english, True, False, len(first))
    source, target = _named(first, SOURCE_NAMES), _named(first, TARGET_NAMES)
    header = source is not None and target is not None
    counts = collections.Counter(len(row.fields) for row in rows[:1000])
    width = len(first) if header else counts.most_common(1)[0][0]
    if width < 2:
        raise UserError(
            "has one column only; sentences in two languages are needed",
            where=where,
            remedy="one pair a line, separated by a tab",
        )
    body = [row.fields for row in rows[header:] if len(row.fields) == width]
    columns = [source, target] if source is not None and target is not None else range(width)
    korean, english = _by_script(body, list(columns), where)
    return SideColumns(korean, english, header, False, width)


def _named(first: list[str], names: Sequence[str]) -> int | None:
    return next((first.index(name) for name in names if name in first), None)


def _written(body: list[list[str]], korean: int, english: int) -> int:
    """In how many rows one column is Korean and another English."""
    return sum(is_korean(fields[korean]) and is_english(fields[english]) for fields in body)


def _by_script(body: list[list[str]], columns: list[int], where: Path) -> tuple[int, int]:
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
    korean = [column for column, count in with_hangul.items() if 2 * count >= len(body)]
    english = [column for column, count in with_latin.items() if 2 * count >= len(body)]
    if len(english) > 1:
        english = [
            column
            for column in english
            if 10 * cells(column, lambda cell: " " in cell.strip()) >= len(body)
            and 2 * cells(column, lambda cell: cell.startswith(_CREDITS)) < len(body)
        ]
    for found, language in ((korean, "Korean"), (english, "English")):
        if len(found) != 1:
            raise UserError(
                f"which of its {len(columns)} columns is the {language} side? "
                f"{len(found) or 'None'} could be",
                where=where,
                remedy=_REMEDY,
            )
    return korean[0], english[0]
