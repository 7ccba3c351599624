"""What was found about gradients over lags, network by network, in words chosen by the numbers."""

from __future__ import annotations

import math

from pipeline.lab.vanishing import pictures
from pipeline.lab.vanishing.cells import KINDS
from pipeline.lab.vanishing.claims import comparisons
from pipeline.lab.vanishing.study import LAG, Measured, VanishingStudy
from pipeline.report.figures import to_png
from pipeline.report.magnitudes import change, written
from pipeline.report.page import Picture, Section, Table

SIMPLE = [name for name, kind in KINDS.items() if not kind.gated]
GATED = [name for name, kind in KINDS.items() if kind.gated]


def simple_rnn(found: VanishingStudy) -> Section:
    """Five SimpleRNNs, and how tight their bounds are."""
    moments = [
        group[name]
        for name in SIMPLE
        for group in (found.untrained, found.trained)
        if name in group
    ]
    rows = []
    for moment in moments:
        decay, bound = moment.ways["h"], moment.bound
        rows.append(
            (
                moment.kind.title,
                when(moment),
                f"{moment.numbers['norm']:.2f}",
                f"{moment.numbers['radius']:.2f}",
                f"{moment.numbers['slope']:.2f}",
                f"{decay.factor:.2f}",
                written(decay.at(LAG)),
                written(bound[LAG - 1]),
                written(bound[LAG - 1] - decay.at(LAG)),
            )
        )
    columns = ("SimpleRNN", "", "γ_W", "ρ(W_hh)", "mean φ′", "a step's factor",
               f"norm at lag {LAG}", "its bound", "bound / norm")  # fmt: skip
    compared = comparisons(found)
    return Section(
        "SimpleRNN and its bound · 경사소실",
        [
            "Dashed lines are bounds. They are straight, since each step multiplies by γ_W γ_φ; "
            "the gradient's own line is bent only where the slopes change on the way.",
            compared.sentence,
            *_on_bounds(found),
            compared.radius_sentence,
        ],
        figures=[
            picture(
                pictures.with_bounds(found, SIMPLE),
                "Gradient norms of five SimpleRNNs against the lag, with their bounds.",
                "Each panel is a SimpleRNN. A bound above 1 soon leaves the picture at the top.",
            )
        ],
        tables=[
            Table(columns, rows, numeric=range(2, len(columns)),
                  caption="What bound and measurement say; “a step's factor” is the measured "
                  "one, from lag 1 to the last")
        ],
    )  # fmt: skip


def _on_bounds(found: VanishingStudy) -> list[str]:
    """What follows from bounds below 1, equal to 1 and above, and what was found."""
    told = []
    for name in SIMPLE:
        moment = found.untrained[name]
        norm, decay, bound = moment.numbers["norm"], moment.ways["h"], moment.bound
        if norm < 1 - 1e-6:
            told.append(
                f"{moment.kind.title}: the bound is below 1, so the gradient has to vanish. At "
                f"lag {LAG} at most {written(bound[LAG - 1])} is left; found is "
                f"{written(decay.at(LAG))}, as each step multiplies by {decay.factor:.2f} and not "
                f"by {norm:.2f}."
            )
        elif norm > 1 + 1e-6:
            did = "grows" if decay.change() > 0 else "vanishes all the same"
            if abs(decay.change()) < 2:
                did = "does neither so far"
            told.append(
                f"{moment.kind.title}: with γ_W = {norm:.2f} the gradient may explode, up to "
                f"{written(bound[LAG - 1])} at lag {LAG}. It {did}: it becomes "
                f"{change(decay.change())}, with slopes of {moment.numbers['slope']:.2f} on "
                "average."
            )
        else:
            why = (
                "units that stay on hand it on untouched"
                if abs(decay.change()) < 0.02
                else f"the slopes, {moment.numbers['slope']:.2f} on average, take it away"
            )
            told.append(
                f"{moment.kind.title}: W_hh changes no length, so all that is lost is lost to φ′. "
                f"Up to lag {LAG} the gradient becomes {change(decay.change())}: {why}."
            )
    return told


def gates(found: VanishingStudy) -> Section:
    """LSTM and GRU."""
    zero, one, each = (found.untrained[n] for n in ("lstm-0", "lstm-1", "lstm-1-each"))
    needed = 100 ** (-1 / (LAG - 1))
    enough = -one.ways["C"].change() <= 2
    told = [
        f"Untrained, the forget gates of an LSTM stand at {zero.numbers['gate']:.2f} with bias 0 "
        f"and at {one.numbers['gate']:.2f} with bias 1 (σ(0) = 0.50, σ(1) = {_sigmoid(1):.2f}). "
        f"From lag 1 to {LAG} ∂C_t/∂C_k becomes {change(zero.ways['C'].change())} with the one "
        f"and {change(one.ways['C'].change())} with the other. (Gers et al. 2000 gave the gate a "
        "bias above 0; Jozefowicz et al. 2015 found that a bias of 1 makes LSTMs as good as GRUs.)",
        "That keeps a hundredth and more." if enough else
        f"So a bias of 1 is a start and not yet a memory: to keep a hundredth over {LAG - 1} steps "
        f"a gate has to stand at {needed:.2f}, which the network has to learn.",
        "There is a second way to be kept: what h writes into C. Keras makes the four recurrent "
        "matrices orthogonal side by side, and each alone has entries of half the size. With each "
        f"orthogonal by itself ∂C_t/∂C_k becomes {change(each.ways['C'].change())} up to lag "
        f"{LAG}, and ∂h_t/∂h_k {change(each.ways['h'].change())}.",
        f"The GRU's update gate stands at {found.untrained['gru'].numbers['gate']:.2f} untrained, "
        f"and its gradient becomes {change(found.untrained['gru'].ways['h'].change())}.",
    ]  # fmt: skip
    return Section(
        "Gates · 게이트",
        told,
        figures=[
            picture(
                pictures.gated(found, GATED),
                "Gradient norms of three LSTMs and a GRU against the lag.",
            )
        ],
    )


def two_ways(found: VanishingStudy) -> Section:
    """Through C and through h."""
    both = ("lstm-0", "lstm-1")
    names = [name for name in both if name in found.trained] or both
    groups = [group for group in (found.untrained, found.trained) if group]
    moments = [group[name] for group in groups for name in names]
    titles = [f"forget bias {m.kind.forget_bias:g}, {when(m)}" for m in moments]
    last = moments[-1]
    whole, alone = last.ways["C"].at(LAG), last.ways["C alone"].at(LAG)
    if whole - alone < 0.3:
        gates = "nearly all of that goes through C itself: the forget gates alone carry it"
    else:
        gates = (
            f"the forget gates alone would leave {written(alone)}; the rest goes by way of h and "
            "back into C"
        )
    return Section(
        "Two ways through an LSTM · 셀 상태와 은닉 상태",
        [
            "An error in an LSTM can go back through the cell state C, which is only multiplied by "
            "forget gates, or through the hidden state h, which passes weights and slopes as in a "
            "SimpleRNN. Full lines take every way there is; dotted ones hold the other state, "
            "so that one way alone is left.",
            f"Through h alone nothing lasts: {written(last.ways['h alone'].at(LAG))} at lag {LAG} "
            f"({titles[-1]}). ∂C_t/∂C_k is {written(whole)} there, and {gates}.",
            f"∂h_t/∂h_k is {written(last.ways['h'].at(LAG))} at that lag, as what h_k alone says "
            f"has to be written into C before it can last. {_parallel(last)}",
        ],
        figures=[
            picture(
                pictures.ways_through_an_lstm(moments, titles),
                "Gradient norms of LSTMs through C, through h, and through each alone.",
                "Lines through h alone leave the picture below.",
            )
        ],
    )


def _parallel(moment: Measured) -> str:
    """Whether over long lags the gradient of h goes the way that C's goes."""
    half = LAG // 2
    of_h, of_C = (  # noqa: N806
        10 ** ((decay.at(LAG) - decay.at(half)) / (LAG - half))
        for decay in (moment.ways["h"], moment.ways["C"])
    )
    alike = abs(of_h / of_C - 1) < 0.1
    return (
        f"From lag {half} to {LAG} a step multiplies it by {of_h:.2f}, and ∂C_t/∂C_k by "
        f"{of_C:.2f}: "
        + ("from there on both go the same way, through C." if alike else "they go apart.")
    )


def training(found: VanishingStudy) -> Section:
    """What a short training does to all of it."""
    rows = []
    for name, after in found.trained.items():
        before = found.untrained[name]
        inner = "gate" if after.kind.gated else "slope"
        for way in ("h", "C"):
            if way in after.ways:
                rows.append(
                    (
                        f"{after.kind.title}: {way}",
                        written(before.ways[way].at(LAG)),
                        written(after.ways[way].at(LAG)),
                        f"{before.numbers[inner]:.2f} → {after.numbers[inner]:.2f}",
                        f"{after.loss:.2f}",
                    )
                )
    columns = ("network", "untrained", "trained", "mean gate or φ′", "loss (nats)")
    told = []
    tanh = [name for name in SIMPLE if name in found.trained and name.startswith("tanh")]
    if tanh:
        steeper, flatter = _moved(found, tanh, "norm", 1), _moved(found, tanh, "slope", -1)
        told.append(
            f"SimpleRNNs with tanh: training makes γ_W larger in {steeper} of {len(tanh)} and the "
            f"slopes flatter in {flatter}. A unit that says something clearly stands where tanh "
            "is flat, and there no error passes."
        )
    lstms = [name for name in found.trained if name.startswith("lstm")]
    if lstms:
        told.append(
            f"LSTMs: training opens the forget gates in {_moved(found, lstms, 'gate', 1)} of "
            f"{len(lstms)}."
        )
    best = min(found.trained.values(), key=lambda moment: moment.loss)
    lowest = f"the lowest loss after so few updates is that of {best.kind.title}, {best.loss:.2f}"
    if best.kind.gated:
        told.append(f"T{lowest[1:]} nats.")
    else:
        told.append(f"A gradient that lasts is no lower loss by itself: {lowest} nats.")
    return Section(
        "After some training · 학습 후",
        [
            "A network does not stay as it starts. The table has ‖∂h_t/∂h_k‖₂ (and of LSTMs "
            f"‖∂C_t/∂C_k‖₂) at lag {LAG}, before and after.",
            *told,
        ],
        tables=[Table(columns, rows, numeric=(1, 2, 3, 4))],
    )


def _moved(found: VanishingStudy, names: list[str], number: str, sign: int) -> int:
    """In how many networks training moved a number up (sign 1) or down (-1)."""
    return sum(
        sign * (found.trained[name].numbers[number] - found.untrained[name].numbers[number]) > 0
        for name in names
    )


def exploding(found: VanishingStudy) -> Section:
    """Recurrent weights that are too large."""
    lags = found.plan.lags
    looked = sorted({10, LAG, lags})
    rows = [
        (
            each.activation,
            f"{each.gain:g}",
            f"{each.norm:.2f}",
            f"{each.radius:.2f}",
            f"{each.slope:.2f}",
            *(written(each.decay.at(lag)) for lag in looked),
        )
        for each in found.explosions
    ]
    columns = ("φ", "g", "γ_W", "ρ(W_hh)", "mean φ′", *(f"norm at lag {lag}" for lag in looked))
    grown = {
        activation: [e.gain for e in found.explosions
                     if e.activation == activation and e.decay.at(lags) > 1]
        for activation in dict.fromkeys(e.activation for e in found.explosions)
    }  # fmt: skip
    largest = {e.activation: e for e in found.explosions if e.gain == max(found.plan.gains)}
    told = [
        f"{activation} with g = {', '.join(f'{gain:g}' for gain in gains)}"
        if gains
        else f"{activation} never"
        for activation, gains in grown.items()
    ]
    linear, tanh = largest["linear"], largest["tanh"]
    braked = linear.decay.at(lags) - tanh.decay.at(lags)
    return Section(
        "Exploding · 경사폭발",
        [
            "The same network with recurrent weights from N(0, g²/n), and three φ. γ_W is about "
            f"2 g and ρ about g. More than ten times is left at lag {lags}: {'; '.join(told)}.",
            f"With g = {linear.gain:g} the linear network's gradient is "
            f"{written(linear.decay.at(lags))} at lag {lags}, that of tanh "
            f"{written(tanh.decay.at(lags))}: "
            + (
                "tanh brakes itself, since large states stand where it is flat, with slopes of "
                f"{tanh.slope:.2f} on average."
                if braked > 1
                else "tanh brakes it hardly at all, since the states stay small."
            ),
            "Pascanu et al. 2013 clip a gradient that explodes (경사 클리핑); that has a page "
            "of its own.",
        ],
        figures=[
            picture(
                pictures.explosions(found.explosions),
                "Gradient norms against the lag for growing recurrent weights and three "
                "activations.",
            )
        ],
        tables=[
            Table(
                columns,
                rows,
                numeric=range(1, len(columns)),
            )
        ],
    )


def when(moment: Measured) -> str:
    """In which of its two moments a network is."""
    return "trained" if moment.trained else "untrained"


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def picture(figure, alt: str, caption: str = "") -> Picture:
    """A figure with a sentence for those who cannot see it."""
    return Picture(to_png(figure), alt, caption)
