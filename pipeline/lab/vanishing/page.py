"""The page on vanishing and exploding gradients: what is left of one after a hundred steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pipeline.lab.base import Page, StudyText
from pipeline.lab.vanishing import pictures, sections
from pipeline.lab.vanishing.cells import KINDS
from pipeline.lab.vanishing.claims import Claim, claims, numbers
from pipeline.lab.vanishing.sections import picture, when
from pipeline.lab.vanishing.study import LAG, QUICK, Plan, VanishingStudy, study
from pipeline.report.figures import BLUE, GREEN, ORANGE, QUIET
from pipeline.report.magnitudes import change, written
from pipeline.report.page import Card, Section, Table

TITLE = "What is left of a gradient · 경사소실과 경사폭발"
_COMMANDS = (
    "make study-gradients",
    "make study-gradients QUICK=1",
    "make study-gradients CORPUS=my.txt NAME=mine",
)


def page(text: StudyText, *, quick: bool, seed: int, progress: Callable[[float], None]) -> Page:
    """Measures, and writes down what was found.

    Raises:
        UserError: the text is too short.
    """
    found = study(text, QUICK if quick else Plan(), seed, progress)
    return page_of(found, text)


def page_of(found: VanishingStudy, text: StudyText) -> Page:
    """The page of a study that has been made."""
    claimed = claims(found)
    curves = {}
    for moment in (*found.untrained.values(), *found.trained.values()):
        for way, decay in moment.ways.items():
            there = np.isfinite(decay.median)
            tag = f"{moment.kind.name}, {when(moment)}/log10 of {way}"
            curves[tag] = (decay.lags[there].tolist(), decay.median[there].tolist())
    shown = [claim for claim in claimed if claim.headline]
    return Page(
        name="vanishing",
        title=TITLE,
        summary=f"From lag 1 to lag {LAG}: "
        + "; ".join(f"{claim.what}, {claim.when}: {change(claim.change)}" for claim in shown)
        + ".",
        sections=[
            _question(),
            _experiment(found, text),
            _at_a_glance(found),
            sections.simple_rnn(found),
            sections.gates(found),
            sections.two_ways(found),
            *([sections.training(found)] if found.trained else []),
            sections.exploding(found),
            _claims(claimed),
        ],
        cards=[
            Card(
                f"{claim.what}, {claim.when}",
                change(claim.change),
                f"the gradient at lag {LAG}, beside that at lag 1",
            )
            for claim in shown
        ],
        numbers=numbers(found, claimed),
        curves=curves,
    )


def _question() -> Section:
    equations = Table(
        ("equation · 식", "in words"),
        [
            ("∂h_t/∂h_k = ∂h_t/∂h_{t−1} · … · ∂h_{k+1}/∂h_k", "One factor for each step between: "
             "whatever a factor does is done t − k times (chain rule, 연쇄 법칙; Pascanu et al. "
             "2013, equation 5)."),
            ("SimpleRNN: ∂h_t/∂h_{t−1} = diag(φ′) W_hh", "Every factor has the same weights in it, "
             "times slopes of φ, which for tanh and ReLU are at most γ_φ = 1."),
            ("‖∂h_t/∂h_k‖₂ ≤ (γ_W γ_φ)^(t−k)", "The bound (상한), with γ_W = ‖W_hh‖₂. Below 1 the "
             "gradient has to vanish (경사소실); above 1 it may explode (경사폭발), but need not."),
            ("LSTM: C_t = f_t ⊙ C_{t−1} + i_t ⊙ C̃_t", "The cell state (셀 상태) is added to. With "
             "h held ∂C_t/∂C_{t−1} = diag(f_t): no weights and no slope, only the forget gate "
             "(망각 게이트), which the network sets itself (Hochreiter and Schmidhuber 1997; Gers "
             "et al. 2000)."),
            ("GRU: h_t = z_t ⊙ h_{t−1} + (1 − z_t) ⊙ h̃_t", "The same idea without a second state: "
             "where z_t is near 1, h is handed on as it is (Cho et al. 2014)."),
        ],
        prose=True,
    )  # fmt: skip
    return Section(
        "The question · 시간 역전파",
        [
            "If something read at step k decides what is right at step t, the error at t has to "
            "find its way back to k, or the network will never learn that the two belong "
            "together. ‖∂h_t/∂h_k‖₂, a spectral norm (스펙트럼 노름), is the most that an error "
            "can be multiplied by on that way. Here it is measured over the lag t − k.",
        ],
        tables=[equations],
    )


def _experiment(found: VanishingStudy, text: StudyText) -> Section:
    plan = found.plan
    starts = {
        "small": "N(0, 1/n), scaled to this norm",
        "gaussian": "N(0, 1/n)",
        "identity": "the identity (Le et al. 2015)",
        "orthogonal": "orthogonal, as Keras does it",
        "each": "each gate's U orthogonal by itself",
    }
    rows = []
    for name, moment in found.untrained.items():
        kind, how = moment.kind, starts[moment.kind.recurrent]
        if kind.gated and kind.recurrent == "orthogonal":
            how = "all gates' U side by side orthogonal, as Keras does it"
        norm, radius = (
            (f"{moment.numbers[key]:.2f}" if key in moment.numbers else "")
            for key in ("norm", "radius")
        )
        rows.append((kind.title, how, norm, radius, "yes" if name in found.trained else ""))
    return Section(
        "The experiment · 실험",
        [
            f"{plan.rows} windows of {text.title}, {plan.time} characters each, are read by the "
            f"pipeline's own character models with one recurrent layer of n = {plan.units} units "
            f"(random seed {found.seed}). Looking back from the last step of each window, every "
            f"factor of the product is computed in closed form and in double precision, and the "
            f"product's norm is taken at the lags 1 to {plan.lags}. Lines are medians over the "
            "windows, bands hold the middle eight of ten.",
            f"Then {'all' if len(found.trained) == len(KINDS) else len(found.trained)} of these "
            f"models learn to predict the next character, in {plan.updates} updates of truncated "
            f"backpropagation through time ({plan.window} steps, {plan.rows} streams, AdamW with "
            f"learning rate {plan.learning_rate:g}, gradients clipped to norm 1), and they are "
            "measured again.",
        ],
        tables=[
            Table(
                ("network", "recurrent weights start", "γ_W", "ρ(W_hh)", "trained, too"),
                rows,
                numeric=(2, 3),
                caption="ρ is the spectral radius (스펙트럼 반경), the size of the largest "
                "eigenvalue; never above γ_W. Equal draws where possible.",
            )
        ],
    )


def _at_a_glance(found: VanishingStudy) -> Section:
    moments = found.trained if "lstm-1" in found.trained else found.untrained
    lines = [
        ("tanh-gaussian", "h", "h of a SimpleRNN (tanh, Gaussian)", ORANGE),
        ("gru", "h", "h of a GRU", GREEN),
        ("lstm-1", "h", "h of an LSTM (forget bias 1)", QUIET),
        ("lstm-1", "C", "C of that LSTM", BLUE),
    ]
    drawn = [line for line in lines if line[0] in moments]
    curves = [(moments[name].ways[way], label, colour) for name, way, label, colour in drawn]
    rows = [
        (label, written(decay.at(1)), written(decay.at(LAG)), change(decay.change()))
        for decay, label, _ in curves
    ]
    figure = pictures.overview(
        curves, f"Norm of the gradient, {when(moments['lstm-1'])} · 기울기 노름"
    )
    alt = "; ".join(f"{label}: {becomes}" for label, _, _, becomes in rows)
    return Section(
        "At a glance · 한눈에",
        [
            "The scale is one of powers of ten: a straight line is a gradient that each step "
            "multiplies by the same number.",
        ],
        figures=[picture(figure, f"Gradient norms against the lag. Up to lag {LAG}: {alt}.")],
        tables=[Table(("norm of the gradient of", "lag 1", f"lag {LAG}", "becomes"), rows)],
    )


def _claims(claimed: Sequence[Claim]) -> Section:
    held = sum(claim.holds for claim in claimed)
    return Section(
        "What is usually said, checked · 확인",
        [
            f"A SimpleRNN's gradient at lag {LAG} is said to be at least 10⁴ times smaller than at "
            "lag 1, an LSTM's with forget bias 1 at most 100 times. That depends on how a network "
            f"starts and on what it has learnt. Of {len(claimed)} cases measured here it holds in "
            f"{held}.",
        ],
        tables=[
            Table(
                ("network", "", f"from lag 1 to {LAG}", "said", "holds"),
                [
                    (
                        claim.what,
                        claim.when,
                        change(claim.change),
                        claim.said,
                        "yes" if claim.holds else "no",
                    )
                    for claim in claimed
                ],
            )
        ],
        commands=_COMMANDS,
    )
