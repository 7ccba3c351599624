"""Formats numbers that may be outside of the range of floats, given as logarithms."""

from __future__ import annotations

import math

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def written_magnitude(log10: float) -> str:
    """10**log10 to two digits: "0.37", "1,300", "2.4·10⁻¹⁷"; "0" of -inf, "∞", "none" of NaN."""
    if math.isnan(log10):
        return "none"
    if math.isinf(log10):
        return "∞" if log10 > 0 else "0"
    if -2.0 <= log10 < 4.0:
        value = float(f"{10.0**log10:.2g}")
        return f"{value:,.{max(1 - math.floor(math.log10(value)), 0)}f}"
    mantissa, power = f"{10.0 ** (log10 - math.floor(log10)):.1e}".split("e")
    power = int(power) + math.floor(log10)
    return f"{mantissa}·10{raised(power)}"


def raised(power: int) -> str:
    """-17 as "⁻¹⁷"."""
    return str(power).translate(_RAISED)


def change(log10: float) -> str:
    """A factor in words: "24 times smaller", "1.5·10⁷ times larger"; "nothing" for -inf (a factor
    of 0) and NaN (0 of 0)."""
    if math.isnan(log10) or log10 == -math.inf:
        return "nothing"
    if abs(log10) < 0.02:
        return "neither smaller nor larger"
    return f"{written_magnitude(abs(log10))} times {'larger' if log10 > 0 else 'smaller'}"
