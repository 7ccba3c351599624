"""Filters that format values in templates of pages: `{{ value | percent }}`.

A value that is None (not known) becomes a dash.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.counts import counted
from pipeline.report.magnitudes import change, written_magnitude

UNKNOWN = "—"
NOT_FINITE = "no number"


class Markdown(str):
    """Text that is parsed as Markdown; all other text in a page is shown as it is."""


def _of_numbers(write: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(write)
    def filter_of(value: float | None, *options: Any) -> str:
        if value is None:
            return UNKNOWN
        return write(value, *options) if math.isfinite(value) else NOT_FINITE

    return filter_of


@_of_numbers
def percent(value: float, digits: int = 1) -> str:
    """0.875 as "87.5%"."""
    return f"{value:.{digits}%}"


@_of_numbers
def decimals(value: float, digits: int) -> str:
    """3.14159 as "3.14" with two digits, thousands with commas between."""
    return f"{value:,.{digits}f}"


@_of_numbers
def signed(value: float, digits: int) -> str:
    """0.5 as "+0.50" with two digits."""
    return f"{value:+,.{digits}f}"


@_of_numbers
def digits(value: float, significant: int = 6) -> str:
    """0.00250 as "0.0025": as many digits as it has, at most `significant`."""
    return f"{value:.{significant}g}"


@_of_numbers
def count(value: float) -> str:
    """50000 as "50,000"."""
    return f"{value:,.0f}"


@_of_numbers
def p_value(value: float) -> str:
    """0.0312 as "0.031", 0.0004 as "below 0.001"."""
    return "below 0.001" if value < 0.001 else f"{value:.3f}"


def interval(share: Any) -> str:
    """The 95% interval of a share as "87.1–88.0%".

    Args:
        share: anything with `low` and `high`, from 0 to 1 or None.
    """
    return UNKNOWN if share.low is None else f"{100 * share.low:.1f}–{share.high:.1%}"


def magnitude(value: float) -> str:
    """2.4e-17 as "2.4·10⁻¹⁷", 1300 as "1,300"."""
    if math.isnan(value) or value == math.inf:
        return NOT_FINITE
    return "0" if value <= 0 else written_magnitude(math.log10(value))


def tex(value: float, significant: int = 3) -> Markdown:
    """A number inside a formula: 2.4e-17 as "2.4 \\cdot 10^{-17}"."""
    if not math.isfinite(value):
        return Markdown(r"\text{no number}")
    shown, _, power = f"{value:.{significant}g}".partition("e")
    return Markdown(rf"{shown} \cdot 10^{{{int(power)}}}" if power else shown)


def vector(values: Any, digits: int) -> str:
    """A short vector as "(+0.50, -1.00)"."""
    return "(" + ", ".join(signed(float(value), digits) for value in values) + ")"


def cut(text: str, max_length: int) -> str:
    """Shortens a text that is longer than `max_length`."""
    return text if len(text) <= max_length else text[: max_length - 1] + "…"


def listed(names: Any, max_names: int) -> str:
    """Names separated by commas, the rest as a number: "a, b and 3 more"."""
    names = list(names)
    return ", ".join(names[:max_names]) + (
        f" and {len(names) - max_names} more" * (len(names) > max_names)
    )


def fact(value: Any, number: str = "{}") -> str:
    """A setting or a count of any type; whole numbers in the format `number`."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return number.format(value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return listed([f"{name}: {fact(each, number)}" for name, each in value.items()], 20)
    if isinstance(value, list | tuple):
        return listed([fact(each, number) for each in value], 20)
    return str(value) or UNKNOWN


FILTERS: dict[str, Callable[..., str]] = {
    "percent": percent,
    "decimals": decimals,
    "signed": signed,
    "digits": digits,
    "count": count,
    "counted": counted,
    "p_value": p_value,
    "interval": interval,
    "magnitude": magnitude,
    "magnitude_of_log": written_magnitude,
    "change_of_log": change,
    "tex": tex,
    "vector": vector,
    "cut": cut,
    "listed": listed,
    "fact": fact,
}
"""Name in templates -> filter."""
