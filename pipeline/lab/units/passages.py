"""Stretches of a text in which a unit can be watched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.lab.units.held_out import HeldOut
from pipeline.lab.units.probes import Probe
from pipeline.lab.units.study import UnitResults
from pipeline.report.passage import Passage

_CHANGES = 6
"""Beginnings and ends of what holds; that many are enough to see it come and go."""


def varied_window(holds: Sequence[np.ndarray], text: HeldOut, length: int) -> tuple[int, int]:
    """A stretch in which predicates hold and do not hold, in turns, as often as possible.

    It is chosen by the text alone: what units do there is not looked at.

    Args:
        holds: bool [characters] of each predicate.
        text: it begins behind white space.
        length: characters; the whole text if that is shorter.

    Returns:
        Its first character and the one behind its last.
    """
    count = len(text)
    if count <= length:
        return 0, count
    whole = text.text
    starts = [k for k in range(count - length + 1) if k == 0 or whole[k - 1].isspace()]
    first = np.array(starts)
    score = np.zeros(len(first))
    for each in holds:
        held = _within(each, first, length)
        changes = _within(np.append(False, each[1:] != each[:-1]), first, length)
        score += np.minimum(held, length - held) * np.minimum(changes, _CHANGES)
    best = int(first[score.argmax()])
    return best, best + length


def _within(flags: np.ndarray, first: np.ndarray, length: int) -> np.ndarray:
    """How many flags are up in the `length` places from each of `first` on."""
    total = np.concatenate([[0], np.cumsum(flags)])
    return total[first + length] - total[first]


def laid_out(text: HeldOut, first: int, last: int) -> list[tuple[str, int | None]]:
    """The characters of a stretch and their numbers; where a document begins within, a line feed
    without one."""
    begins = set(np.cumsum([len(one) for one in text.texts]).tolist())
    layout: list[tuple[str, int | None]] = []
    for number, character in enumerate(text.text[first:last], first):
        if number in begins and number > first:
            layout.append(("\n", None))
        layout.append((character, number))
    return layout


def passage_of(results: UnitResults, probe: Probe, length: int, lines: int) -> Passage:
    """A stretch coloured by the unit that tells a predicate best; underlined where it holds.

    Args:
        length, lines: characters and lines, at the most.
    """
    holds = results.text.holds(probe.predicate)
    layout = laid_out(results.text, *varied_window([holds], results.text, length))
    ends = [place for place, (character, _) in enumerate(layout) if character == "\n"]
    layout = layout[: ends[lines - 1] + 1] if len(ends) >= lines else layout
    unit = results.units[probe.best]
    column, scale = results.states[:, probe.best], float(results.scales[probe.best])
    return Passage(
        text="".join(character for character, _ in layout),
        values=[None if n is None else float(column[n]) / (scale or 1.0) for _, n in layout],
        marked=[n is not None and bool(holds[n]) for _, n in layout],
        caption=f"{probe.predicate.title} — {unit.name} (AUC {probe.area:.3f})",
        low=f"{scale:.2f} below its mean of {results.means[probe.best]:+.2f}",
        high=f"{scale:.2f} above",
        mark=f"underlined: {probe.predicate.name}",
    )
