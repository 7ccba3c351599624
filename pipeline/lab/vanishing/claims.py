"""What is usually said of gradients over lags, beside what was measured."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from pipeline.lab.base import fields_of
from pipeline.lab.vanishing.study import LAG, Decay, NetworkGradients, VanishingResults
from pipeline.records import as_json

# What is usually said has no numbers; these are ours.
RNN_MIN_LOSS = 4.0  # powers of ten that a SimpleRNN's gradient loses at least
LSTM_MAX_LOSS = 2.0  # that an LSTM's loses at most
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
        what, said, holds = f"{title}, {way}", "at most 100 times", -change <= LSTM_MAX_LOSS
    else:
        what, said, holds = f"SimpleRNN {title}", "at least 10⁴ times", -change >= RNN_MIN_LOSS
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
    bounds = [(each.ways["h"], each.bound) for each in results.networks if each.bound is not None]
    loose = [float(bound[LAG - 1]) - decay.at(LAG) for decay, bound in bounds]
    tanh = [e for e in results.networks if e.kind.cell == "rnn" and e.ways["h"].factor() > 0]
    return Comparisons(
        count=sum(decay.log10.size for decay, _ in bounds),
        above=sum(int((decay.log10 > bound + _ROUNDING).sum()) for decay, bound in bounds),
        tightest=min(loose),
        loosest=max(loose),
        networks=len(tanh),
        nearer=sum(map(_nearer_to_radius, tanh)),
    )


def _nearer_to_radius(network: NetworkGradients) -> bool:
    norm, radius, slope = (network.numbers[key] for key in ("norm", "radius", "slope"))
    away = [abs(math.log(g / network.ways["h"].factor())) for g in (radius * slope, norm)]
    return away[0] < away[1]


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
