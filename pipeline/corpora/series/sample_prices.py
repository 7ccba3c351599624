"""Makes the bundled prices: `python -m pipeline.corpora.series.sample_prices` prints them.

A random walk, so that nobody can forecast the prices better than by repeating the last one; the
volume, which goes back to its mean, can be forecast. Columns are named and numbers are written as
Korean market tools write them.
"""

from __future__ import annotations

import csv
import io
import sys

import numpy as np

COLUMNS = ("날짜", "시가", "고가", "저가", "종가", "거래량")
_FIRST_DAY = "2018-01-02"
_HOLIDAYS = ("01-01", "03-01", "05-05", "06-06", "08-15", "10-03", "10-09", "12-25")
_TICK = 50


def prices_csv(days: int = 1500, seed: int = 16) -> str:
    """Daily prices of an invented share, CSV with a header, LF.

    The logarithm of the closing price is a random walk whose volatility also changes over
    time; the market opens near the last closing price. Saturdays, Sundays and some
    holidays are left out.

    Args:
        days: number of trading days.
        seed: of everything that is drawn.
    """
    draw = np.random.default_rng(seed)
    volatility = np.zeros(days)
    level = 0.0
    for day in range(days):
        level = 0.97 * level + 0.12 * draw.standard_normal()
        volatility[day] = 0.012 * np.exp(level)
    close = 52_000 * np.exp(np.cumsum(volatility * draw.standard_normal(days)))
    opening = np.append(52_000, close[:-1]) * np.exp(0.3 * volatility * draw.standard_normal(days))
    above = np.exp(0.5 * volatility * np.abs(draw.standard_normal(days)))
    below = np.exp(-0.5 * volatility * np.abs(draw.standard_normal(days)))
    high, low = np.maximum(opening, close) * above, np.minimum(opening, close) * below
    volume = 1_200_000 * (volatility / 0.012) * np.exp(0.35 * draw.standard_normal(days))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for date, *numbers, traded in zip(
        _trading_days(days), opening, high, low, close, volume, strict=True
    ):
        ticks = [f"{_TICK * round(price / _TICK):,}" for price in numbers]
        writer.writerow([date, *ticks, f"{round(traded):,}"])
    return file.getvalue()


def _trading_days(count: int) -> list[str]:
    years = range(int(_FIRST_DAY[:4]), int(_FIRST_DAY[:4]) + count // 200 + 2)
    holidays = [f"{year}-{day}" for year in years for day in _HOLIDAYS]
    days = np.busday_offset(_FIRST_DAY, np.arange(count), roll="forward", holidays=holidays)
    return [str(day).replace("-", "/") for day in days]


if __name__ == "__main__":
    sys.stdout.write(prices_csv())
