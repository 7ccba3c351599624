"""What is said of gradients over lags, held against what was measured."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from pipeline.lab.vanishing.study import LAG, Decay, Measured, VanishingStudy

SMALLER = 4.0  # powers of ten that a SimpleRNN's gradient is said to lose at least
MOST_LOST = 2.0  # that an LSTM's is said to lose at most
_ROUNDING = 1e-9
_LAGS = (1, 2, 5, 10, 20, 50, 100)  # of which numbers are kept


@dataclasses.dataclass(frozen=True)
class Claim:
    """A sentence about the gradient at `LAG` beside that at lag 1.

    Attributes:
        what, when: network and way; "untrained" or "trained".
        said: the sentence.
        change: log₁₀ of the one by the other, as measured.
        holds: whether it is so.
        headline: whether it stands above the page.
    """

    what: str
    when: str
    said: str
    change: float
    holds: bool
    headline: bool = False


def claims(found: VanishingStudy) -> list[Claim]:
    """Of all networks of which something is said, in the settings in which they were measured."""
    made = []
    trained = "lstm-1" in found.trained
    for group in (found.untrained, found.trained):
        for name in ("tanh-small", "tanh-gaussian", "tanh-orthogonal"):
            if name in group:
                headline = name == ("tanh-gaussian" if trained else "tanh-small")
                made.append(_claim(group[name], "h", group[name].trained == trained and headline))
        for name in ("lstm-1", "lstm-1-each"):
            for way in ("C", "h"):
                if name in group:
                    headline = (name, way) == ("lstm-1", "C") and group[name].trained == trained
                    made.append(_claim(group[name], way, headline))
    return made


def _claim(moment: Measured, way: str, headline: bool) -> Claim:
    lost = moment.ways[way].change()
    when = "trained" if moment.trained else "untrained"
    if moment.kind.gated:
        what, said, holds = f"{moment.kind.title}, {way}", "at most 100 times", -lost <= MOST_LOST
    else:
        what, said, holds = f"SimpleRNN {moment.kind.title}", "at least 10⁴ times", -lost >= SMALLER
    return Claim(what, when, said, lost, bool(holds), headline)


@dataclasses.dataclass(frozen=True)
class Comparisons:
    """All norms of SimpleRNNs beside their bounds.

    Attributes:
        count, above: how many, and how many of them are above their bound.
        tightest, loosest: log₁₀ of bound by norm at `LAG`, over the networks.
        networks, nearer: with tanh and with something left, and of how many the factor of a step
            is nearer to ρ(W_hh) times the mean slope than to γ_W.
    """

    count: int
    above: int
    tightest: float
    loosest: float
    networks: int
    nearer: int


def comparisons(found: VanishingStudy) -> Comparisons:
    """Of all SimpleRNNs, untrained and trained."""
    count, above, loose, networks, nearer = 0, 0, [], 0, 0
    for moment in (*found.untrained.values(), *found.trained.values()):
        if moment.bound is None:
            continue
        decay = moment.ways["h"]
        count += decay.log10.size
        above += int((decay.log10 > moment.bound + _ROUNDING).sum())
        loose.append(float(moment.bound[LAG - 1]) - decay.at(LAG))
        if moment.kind.cell == "rnn" and decay.factor > 0:
            norm, radius, slope = (moment.numbers[key] for key in ("norm", "radius", "slope"))
            away = [abs(math.log(guess / decay.factor)) for guess in (radius * slope, norm)]
            networks, nearer = networks + 1, nearer + (away[0] < away[1])
    return Comparisons(count, above, min(loose), max(loose), networks, nearer)


def numbers(found: VanishingStudy, claimed: Sequence[Claim]) -> dict[str, object]:
    """What was measured, as JSON has it; logarithms to the base 10, None where nothing is left."""
    plan = dataclasses.asdict(found.plan)
    networks = [
        {
            "name": moment.kind.name,
            "trained": moment.trained,
            **moment.numbers,
            "loss": _json(moment.loss),
            "log10_norms": {way: _at_lags(decay) for way, decay in moment.ways.items()},
        }
        for moment in (*found.untrained.values(), *found.trained.values())
    ]
    exploding = [
        {
            "activation": each.activation,
            "gain": each.gain,
            "norm": each.norm,
            "radius": each.radius,
            "slope": each.slope,
            "log10_norms": _at_lags(each.decay),
        }
        for each in found.explosions
    ]
    compared = comparisons(found)
    return {
        "plan": {**plan, "trained": list(plan["trained"]), "gains": list(plan["gains"])},
        "seed": found.seed,
        "networks": networks,
        "exploding": exploding,
        "above_bound": compared.above,
        "compared_with_bound": compared.count,
        "claims": [
            {**dataclasses.asdict(claim), "change": _json(claim.change)} for claim in claimed
        ],
    }


def _at_lags(decay: Decay) -> dict[str, float | None]:
    last = len(decay.lags)
    return {str(lag): _json(decay.at(lag)) for lag in sorted({*_LAGS, last}) if lag <= last}


def _json(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
