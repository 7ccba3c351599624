"""Parses the cells of a table of measurements: numbers and times, as tools write them."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import numpy as np

_MISSING = {"", "-", "--", "—", "–", "n/a", "na", "nan", "null", "none", "?", "#n/a", "결측"}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_CURRENCY = re.compile(r"^([+-]?)\s*[₩$€¥£]\s*|\s*원$")
_UNITS = {"k": 1e3, "m": 1e6, "b": 1e9, "천": 1e3, "만": 1e4, "억": 1e8, "조": 1e12, "%": 1.0}

_CLOCK = (
    r"(?:[T\s]\s*(오전|오후|AM|PM)?\s*(\d{1,2})(?::(\d{1,2})?)?(?::(\d{1,2})(?:\.\d+)?)?"
    r"\s*(AM|PM)?)?\s*(?:Z|UTC|KST|[+-]\d{2}:?\d{2})?"
)
_YEAR_FIRST = re.compile(
    r"(\d{4})\s*[-./]\s*(\d{1,2})(?:\s*[-./]\s*(\d{1,2}))?\s*[-.]?\s*" + _CLOCK, re.IGNORECASE
)
_YEAR_LAST = re.compile(r"(\d{1,2})\s*[-./]\s*(\d{1,2})\s*[-./]\s*(\d{4})" + _CLOCK, re.IGNORECASE)
_DIGITS = re.compile(r"(\d{4})(?:(\d{2})(?:(\d{2})(?:[T ]?(\d{2})(\d{2})(\d{2})?)?)?)?")
_YEARS = range(1500, 3000)
_KOREAN = (
    (re.compile(r"\s*[년월]\s*"), "-"),
    (re.compile(r"\s*일\s*"), " "),
    (re.compile(r"\s*시\s*"), ":"),
    (re.compile(r"\s*분\s*"), ":"),
    (re.compile(r"\s*초\s*"), ""),
)


def is_missing_value(cell: str) -> bool:
    """Whether a cell stands for a missing value."""
    return cell.strip().casefold() in _MISSING


@functools.lru_cache(1 << 16)
def parse_number(cell: str) -> float | None:
    """The number in a cell: NaN for a missing value, infinite if it says so, None for anything
    else.

    Thousands may have commas (`1,234,567`), and a number may have a currency (₩, 원), a per cent
    sign, which changes nothing, or what stands for a power of ten (K, M, B, 만, 억).

    Example:
        >>> [parse_number(cell) for cell in ("1,234.5", "₩70,000", "1.2M", "하락")]
        [1234.5, 70000.0, 1200000.0, None]
    """
    if is_missing_value(cell):
        return float("nan")
    text = _CURRENCY.sub(r"\1", cell.strip().replace("−", "-"))
    if _INFINITE.fullmatch(text):
        return float(text)
    factor = _UNITS.get(text[-1:].casefold())
    if factor is not None:
        text = text[:-1].rstrip()
    if _NUMBER.fullmatch(text):
        return float(text) * (factor or 1.0)
    if _GROUPED.fullmatch(text):
        return float(text.replace(",", "")) * (factor or 1.0)
    return None


def parse_times(cells: Sequence[str], *, digits: bool) -> np.ndarray:
    """The times in cells: datetime64[s], NaT where there is none.

    Read are `2020-01-02`, `2020/1/2 15:00`, `2020. 1. 2.`, `2020년 1월 2일 오후 3시`, ISO 8601,
    months (`2020-01`), and `1/31/2020` or `31.1.2020`: the day is first if any cell has a first
    number above 12. A time zone is ignored: times are local times.

    Args:
        digits: whether a cell that could be a number is a time, too: `20200102`, `2020.01`, `2020`.
    """
    last = [_YEAR_LAST.fullmatch(cell.strip()) for cell in cells]
    day_first = any(match is not None and int(match[1]) > 12 for match in last)
    return np.array(
        [_time(cell, match, day_first, digits) for cell, match in zip(cells, last, strict=True)],
        "datetime64[s]",
    )


def _time(
    cell: str, year_last: re.Match[str] | None, day_first: bool, digits: bool
) -> np.datetime64:
    text = cell.strip()
    if year_last is not None:
        first, second, year, *clock = year_last.groups()
        month, day = (second, first) if day_first else (first, second)
        return _datetime(year, month, day, clock)
    if not digits and parse_number(text) is not None:
        return np.datetime64("NaT")
    if digits and (match := _DIGITS.fullmatch(text)):
        year, month, day, *clock = match.groups()
        return _datetime(year, month, day, [None, *clock, None])
    for pattern, instead in _KOREAN:
        text = pattern.sub(instead, text)
    match = _YEAR_FIRST.fullmatch(text.strip().removesuffix(":"))
    if match is None:
        return np.datetime64("NaT")
    year, month, day, *clock = match.groups()
    return _datetime(year, month, day, clock)


def _datetime(
    year: str, month: str | None, day: str | None, clock: Sequence[str | None]
) -> np.datetime64:
    """A time from its parts.

    Args:
        clock: AM or PM, hours, minutes, seconds, AM or PM: it may stand before or behind.
    """
    before, hours, minutes, seconds, behind = clock
    hour = int(hours or 0)
    half = (before or behind or "").upper()
    if half in ("PM", "오후") and hour < 12:
        hour += 12
    elif half in ("AM", "오전") and hour == 12:
        hour = 0
    # 24:00 is the end of a day.
    if int(year) not in _YEARS or hour > 24 or int(minutes or 0) > 59 or int(seconds or 0) > 59:
        return np.datetime64("NaT")
    try:
        date = np.datetime64(f"{int(year):04d}-{int(month or 1):02d}-{int(day or 1):02d}", "s")
    except ValueError:
        return np.datetime64("NaT")
    return date + np.timedelta64(hour * 3600 + int(minutes or 0) * 60 + int(seconds or 0), "s")
