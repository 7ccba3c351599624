"""What is usually said of gradients over lags, beside what was measured."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from pipeline.lab.base import fields_of
from pipeline.lab.vanishing.study import LAG, Decay, NetworkGradients, VanishingResults
from pipeline.records import as_json

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


def claims(results: VanishingResults) -> list[Claim]:
    """Checks what is said of the networks that were measured."""
    trained = "lstm-1" in results.trained
    headlines = {("tanh-gaussian" if trained else "tanh-small", "h"), ("lstm-1", "C")}
    said = [(name, "h") for name in ("tanh-small", "tanh-gaussian", "tanh-orthogonal")]
    said += [(name, way) for name in ("lstm-1", "lstm-1-each") for way in ("C", "h")]
    return [
        _claim(group[name], way, ((name, way) in headlines) and group[name].trained == trained)
        for group in (results.untrained, results.trained)
        for name, way in said
        if name in group
    ]


def _claim(network: NetworkGradients, way: str, headline: bool) -> Claim:
    change, title = network.ways[way].change(), network.kind.title
    if network.kind.gated:
        what, said, holds = f"{title}, {way}", "at most 100 times", -change <= MOST_LOST
    else:
        what, said, holds = f"SimpleRNN {title}", "at least 10⁴ times", -change >= SMALLER
    return Claim(what, network.when, said, change, bool(holds), headline)


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


def comparisons(results: VanishingResults) -> Comparisons:
    """Compares all SimpleRNNs, untrained and trained, with their bounds."""
    count, above, loose, networks, nearer = 0, 0, [], 0, 0
    for network in results.networks:
        if network.bound is None:
            continue
        decay = network.ways["h"]
        count += decay.log10.size
        above += int((decay.log10 > network.bound + _ROUNDING).sum())
        loose.append(float(network.bound[LAG - 1]) - decay.at(LAG))
        if network.kind.cell == "rnn" and decay.factor > 0:
            norm, radius, slope = (network.numbers[key] for key in ("norm", "radius", "slope"))
            away = [abs(math.log(guess / decay.factor)) for guess in (radius * slope, norm)]
            networks, nearer = networks + 1, nearer + (away[0] < away[1])
    return Comparisons(count, above, min(loose), max(loose), networks, nearer)


def numbers(results: VanishingResults, claimed: Sequence[Claim]) -> dict[str, object]:
    """What was measured, logarithms to the base 10."""
    compared = comparisons(results)
    return {
        "settings": as_json(results.settings),
        "seed": results.seed,
        "networks": [
            {
                "name": each.kind.name,
                "trained": each.trained,
                **each.numbers,
                "loss": each.loss,
                "log10_norms": {way: _at_lags(decay) for way, decay in each.ways.items()},
            }
            for each in results.networks
        ],
        "exploding": [
            {
                **fields_of(each, "activation", "gain", "norm", "radius", "slope"),
                "log10_norms": _at_lags(each.decay),
            }
            for each in results.explosions
        ],
        "above_bound": compared.above,
        "compared_with_bound": compared.count,
        "claims": [dataclasses.asdict(claim) for claim in claimed],
    }


def _at_lags(decay: Decay) -> dict[int, float]:
    last = len(decay.lags)
    return {lag: decay.at(lag) for lag in sorted({*_LAGS, last}) if lag <= last}
