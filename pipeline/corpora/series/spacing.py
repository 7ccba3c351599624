"""The distance between the steps of a series, and the times of its next steps."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from pipeline.counts import counted

DAY = 86_400
_SEASONS = {DAY: 7, 7 * DAY: 52}
_MONTH_SEASONS = {1: 12, 3: 4, 12: 1}


@dataclasses.dataclass(frozen=True)
class Spacing:
    """The usual distance between two steps.

    Attributes:
        kind: "none" (no times are known), "seconds", "weekdays" (a day, Saturdays and Sundays
            left out) or "months".
        size: seconds, or months; 1 for the other kinds.
        gaps: number of places at which steps are missing.
        missing: number of missing steps; of weekdays these are mostly holidays.
        last: time of the last step, in seconds since 1970.
    """

    kind: Literal["none", "seconds", "weekdays", "months"] = "none"
    size: int = 1
    gaps: int = 0
    missing: int = 0
    last: int = 0

    @property
    def season(self) -> int:
        """Steps after which a series usually repeats: a day of hours, a week of days, a year of
        weeks, months or quarters; 1 if there is no usual season."""
        if self.kind == "weekdays":
            return 5
        if self.kind == "months":
            return _MONTH_SEASONS.get(self.size, 1)
        if self.kind == "seconds" and self.size < DAY and DAY % self.size == 0:
            return DAY // self.size
        return _SEASONS.get(self.size, 1) if self.kind == "seconds" else 1

    @property
    def words(self) -> str:
        """The distance in words."""
        if self.kind == "none":
            return "steps without times"
        if self.kind == "weekdays":
            return "a weekday a step"
        if self.kind == "months":
            return f"{counted(self.size, 'month')} a step"
        for unit, seconds in (("day", DAY), ("hour", 3600), ("minute", 60)):
            if self.size % seconds == 0:
                return f"{counted(self.size // seconds, unit)} a step"
        return f"{counted(self.size, 'second')} a step"

    def after(self, count: int) -> list[str]:
        """The times of the next steps, as text; their numbers if no times are known."""
        if self.kind == "none":
            return [str(number) for number in range(1, count + 1)]
        return written_times(
            self._next(count), whole_days=self.kind != "seconds" or self.size >= DAY
        )

    def _next(self, count: int) -> np.ndarray:
        last, ahead = np.datetime64(self.last, "s"), np.arange(1, count + 1)
        day = last.astype("datetime64[D]")
        clock = last - day
        if self.kind == "weekdays":
            return np.busday_offset(day, ahead, roll="backward") + clock
        if self.kind == "months":
            month = last.astype("datetime64[M]")
            months = month + ahead * self.size
            # A series on the last days of months stays on the last days.
            lengths = (months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")
            days = np.minimum(day - month.astype("datetime64[D]"), lengths - 1)
            return months.astype("datetime64[D]") + days + clock
        return last + ahead * np.timedelta64(self.size, "s")


def written_times(times: np.ndarray, *, whole_days: bool) -> list[str]:
    """Times as text: dates if each is the beginning of a day, else with the hour.

    Args:
        times: datetime64 [n].
        whole_days: whether steps are a day or longer; shorter ones always have the hour.
    """
    seconds = times.astype("datetime64[s]")
    days = seconds.astype("datetime64[D]")
    if whole_days and (seconds == days).all():
        return [str(day) for day in days]
    return [str(second).replace("T", " ") for second in seconds]


def step_spacing(seconds: np.ndarray | None) -> Spacing:
    """Finds the usual distance between the steps of a series.

    Args:
        seconds: int64 [steps], since 1970, ascending; None where they are not known.
    """
    if seconds is None or len(seconds) < 2:
        return Spacing()
    distances, last = np.diff(seconds), int(seconds[-1])
    usual = int(np.median(distances))
    if (months := _months(seconds.astype("datetime64[s]"))) is not None:
        return Spacing("months", months, last=last)
    days = seconds.astype("datetime64[s]").astype("datetime64[D]")
    if usual == DAY and len(days) > 10 and bool(np.is_busday(days).all()):
        between = np.busday_count(days[:-1], days[1:]) - 1
        return Spacing("weekdays", 1, int((between > 0).sum()), int(between.sum()), last)
    between = np.maximum(np.rint(distances / usual).astype(np.int64) - 1, 0)
    return Spacing("seconds", usual, int((between > 0).sum()), int(between.sum()), last)


def _months(times: np.ndarray) -> int | None:
    """Months per step, if all steps have the same number of months and fall on the same day of the
    month, or all on its last day; else None.

    Args:
        times: datetime64[s] [steps].
    """
    days = times.astype("datetime64[D]")
    ends = (days + 1).astype("datetime64[M]") != days.astype("datetime64[M]")
    of_month = days - days.astype("datetime64[M]").astype("datetime64[D]")
    distances = np.diff(days.astype("datetime64[M]").astype(np.int64))
    if (ends.all() or (of_month == of_month[0]).all()) and (distances == distances[0]).all():
        return int(distances[0]) if distances[0] in _MONTH_SEASONS else None
    return None
