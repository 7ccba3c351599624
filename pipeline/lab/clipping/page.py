"""The page on exploding gradients: a wall in a loss, and clipping on real text."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from pipeline.lab.base import Page, StudyText
from pipeline.lab.clipping import pictures
from pipeline.lab.clipping.study import QUICK, ClippingStudy, Descent, Plan, study
from pipeline.models.settings import CELL_NAMES
from pipeline.report.figures import to_png
from pipeline.report.magnitudes import written
from pipeline.report.page import Card, Picture, Section, Table

TITLE = "Exploding gradients and clipping · 경사폭발과 경사 클리핑"
_COMMANDS = ("make study-gradients", "make study-gradients QUICK=1")
_JUMP = 1.0  # nats from one update to the next that are called a jump
_ALIKE = 0.02  # nats that are called no difference


def page(text: StudyText, *, quick: bool, seed: int, progress: Callable[[float], None]) -> Page:
    """Measures, and writes down what was found."""
    return page_of(study(text, QUICK if quick else Plan(), seed, progress), text)


def page_of(found: ClippingStudy, text: StudyText) -> Page:
    """The page of a study that has been made."""
    curves = {}
    for descent in (
        found.shown(cell, clips=clips) for cell in found.plan.cells for clips in (0, 1)
    ):
        steps, name = list(range(len(descent.losses))), _name(descent)
        curves[f"loss, {name}"] = (steps, descent.losses.tolist())
        curves[f"log10 of norm before clipping, {name}"] = (
            steps,
            np.log10(np.maximum(descent.before, 1e-12)).tolist(),
        )
    return Page(
        name="clipping",
        title=TITLE,
        summary=" ".join(_in_short(found, cell) for cell in found.plan.cells),
        sections=[
            _wall(found),
            _rule(found, text),
            *(_course(found, cell) for cell in found.plan.cells),
            _norms(found),
            _rates(found),
        ],
        cards=_cards(found),
        numbers=_numbers(found),
        curves=curves,
    )


def _in_short(found: ClippingStudy, cell: str) -> str:
    plain, clipped = (found.shown(cell, clips=clips) for clips in (False, True))
    return (
        f"{CELL_NAMES[cell]} at learning rate {found.plan.shown_rate:g}: gradient norms up to "
        f"{_norm(plain.largest)} and {_nats(plain.end)} at the end; with "
        f"{clipped.clipped_share:.1%} of the updates clipped, {_nats(clipped.end)}."
    )


def _cards(found: ClippingStudy) -> list[Card]:
    cards = []
    for cell in found.plan.cells:
        plain, clipped = (found.shown(cell, clips=clips) for clips in (False, True))
        cards += [
            Card(f"{CELL_NAMES[cell]}, largest norm", _norm(plain.largest),
                 "of a gradient in the training without clipping"),
            Card(f"{CELL_NAMES[cell]}, loss at the end",
                 f"{_nats(plain.end, '')} → {_nats(clipped.end, '')}",
                 "nats a character, without and with clipping"),
        ]  # fmt: skip
    return cards


def _wall(found: ClippingStudy) -> Section:
    plain, clipped = found.walks
    leap = plain.largest
    before, after = plain.places[leap], plain.places[leap + 1]
    clips = int((clipped.norms > clipped.threshold).sum())
    steps = len(plain.norms)
    if plain.losses[-1] > 10 * clipped.losses[-1]:
        outcome = (
            f"It lands on a plain with hardly a slope and after {steps} steps still has E = "
            f"{plain.losses[-1]:.2g}; clipped, with the same learning rate, the descent walks on "
            f"along the foot of the wall to {clipped.losses[-1]:.2g}."
        )
    else:
        outcome = (
            f"After {steps} steps E is {plain.losses[-1]:.2g} without clipping and "
            f"{clipped.losses[-1]:.2g} with it."
        )
    return Section(
        "A wall in the loss · 손실의 절벽",
        [
            "The smallest network whose gradient explodes has one unit and reads nothing: x_t = "
            "w σ(x_{t−1}) + b, from x_0 = 0.5, and after 50 steps σ(x_50) is to be 0.7. Its loss "
            "E = (σ(x_50) − 0.7)² is a function of two numbers, so it can be looked at (Pascanu "
            "et al. 2013, equation 8 and figure 6). The picture is computed point by point.",
            "Dark is high. Where 50 steps magnify a tiny difference until the unit ends in "
            "another state, the loss has a wall, and right beside it lies the valley.",
            f"Both descents start at the same place with learning rate {plain.learning_rate:g}. "
            f"Step {leap + 1} of the first meets the wall, where the gradient's norm is "
            f"{plain.norms[leap]:.3g}, and takes it from ({before[0]:.2f}, {before[1]:.2f}) to "
            f"({after[0]:.2f}, {after[1]:.2f}). {outcome} It was clipped in {clips} of {steps} "
            f"steps, to norm {clipped.threshold:g}.",
        ],
        figures=[
            _picture(
                pictures.cliff(plain, clipped),
                "The loss over two weights with a wall, and two descents from one start: one "
                "leaps away from the wall, the clipped one stays in the valley.",
            )
        ],
    )


def _rule(found: ClippingStudy, text: StudyText) -> Section:
    plan = found.plan
    starts = " and ".join(
        f"those of the {CELL_NAMES[cell]} "
        + ("orthogonal" if gain is None else f"N(0, {gain:g}²/n)")
        for cell, gain in plan.gains.items()
    )
    rule = Table(
        ("algorithm · 알고리즘", "in words"),
        [
            ("g = ∂L/∂W", "The gradient of all weights together, by backpropagation through time "
             "(시간 역전파)."),
            ("if ‖g‖ > θ: g ← θ g / ‖g‖", "If it is longer than the threshold θ (임계값), it is "
             "shortened to θ. Its direction stays."),
            ("W ← W − η g", "A step of gradient descent (경사하강법): now never longer than η θ."),
        ],
        prose=True,
    )  # fmt: skip
    return Section(
        "Gradient clipping · 경사 클리핑",
        [
            "The gradient at a wall says which way is down, and it is right. What it says about "
            "how far is worthless. So keep its direction and bound its length: Pascanu et al. "
            "2013, algorithm 1. As a threshold they advise half to ten times the average norm.",
            f"The same with many weights, on real text: character models with n = {plan.units} "
            f"units read {text.title}, {plan.streams} streams of {plan.window} characters an "
            f"update, the state carried on, {plan.updates} updates of plain gradient descent "
            f"(random seed {found.seed}). Recurrent weights start random, {starts}; above a factor "
            "of 1 a random network with tanh magnifies small differences step by step (Sompolinsky "
            "et al. 1988), which is where gradients explode. Every training of a cell starts with "
            "the same weights and reads the same batches.",
        ],
        tables=[rule],
    )


def _course(found: ClippingStudy, cell: str) -> Section:
    return Section(
        f"{CELL_NAMES[cell]}, update by update · 갱신마다",
        what_happened(found, cell),
        figures=[
            _picture(
                pictures.course(found, cell),
                f"Loss and gradient norm of a {CELL_NAMES[cell]} over the updates, with and "
                "without clipping.",
                f"Learning rate {found.plan.shown_rate:g}, the same start and the same batches.",
            )
        ],
    )


def what_happened(found: ClippingStudy, cell: str) -> list[str]:
    """Sentences on the trainings that are shown, chosen by what was measured."""
    plain, clipped = (found.shown(cell, clips=clips) for clips in (False, True))
    usual = float(np.median(plain.before))
    peak = (
        f"The gradient's norm is {_norm(usual)} in the median update and "
        f"{_norm(plain.largest)} at its largest, at update {int(plain.before.argmax()) + 1}."
    )
    if plain.lost:
        told = (
            f"Without clipping the loss is no number any more after {len(plain.losses)} updates: "
            "a step went so far that floats end."
        )
    elif plain.jump >= _JUMP:
        told = (
            f"Without clipping the loss jumps: by {_nats(plain.jump)} from one update to the "
            f"next, to {float(plain.losses.max()):.2f}, where all characters taken alike cost "
            f"{math.log(found.vocabulary):.2f}."
        )
    else:
        told = (
            f"Without clipping nothing breaks at this learning rate: the most that the loss rises "
            f"from one update to the next is {_nats(plain.jump)}."
        )
    apart = plain.end - clipped.end
    if abs(apart) < _ALIKE:
        outcome = f"both end at {clipped.end:.2f}"
    elif apart > 0:
        outcome = f"it ends at {clipped.end:.2f} instead of {_nats(plain.end, '')} nats"
    else:
        outcome = (
            f"it ends at {clipped.end:.2f} nats, above the {plain.end:.2f} without: shorter steps "
            "are slower steps where nothing explodes"
        )
    return [
        f"{peak} {told}",
        f"With clipping {clipped.clipped_share:.1%} of the updates are shortened, the loss rises "
        f"by {_nats(clipped.jump)} at the most, and {outcome}.",
    ]


def _norms(found: ClippingStudy) -> Section:
    rows = [
        (
            CELL_NAMES[d.cell],
            f"{d.learning_rate:g}",
            f"{d.threshold:g}" if d.clips else "—",
            f"{d.clipped_share:.1%}" if d.clips else "—",
            _norm(float(np.median(d.before))),
            _norm(d.largest),
            _norm(float(d.after.max())),
            _nats(d.jump, ""),
            _nats(d.end, ""),
        )
        for d in found.descents
    ]
    columns = ("cell", "η", "θ", "clipped", "median norm", "largest", "largest after",
               "largest jump", "loss at the end")  # fmt: skip
    return Section(
        "Before and after clipping · 클리핑 전후",
        [
            "Every update of the clipped trainings as two dots: orange where the gradient was "
            "longer than θ, blue as it was used. Where no orange dot is, nothing was clipped. "
            "Clipping is meant for the few: if nearly all updates are clipped, θ is just "
            "another, smaller learning rate.",
        ],
        figures=[
            _picture(
                pictures.before_and_after(found),
                "Gradient norms before and after clipping, update by update.",
            )
        ],
        tables=[
            Table(columns, rows, numeric=range(1, len(columns)),
                  caption="All trainings. Jumps and losses are in nats a character; the loss at "
                  "the end is the mean of the last tenth of the updates")
        ],
    )  # fmt: skip


def _rates(found: ClippingStudy) -> Section:
    return Section(
        "Is a smaller learning rate not enough? · 학습률",
        [
            "Steps that are short enough do not leap, with or without clipping; but short steps "
            "take longer. Each dot is a training; a cross is one whose loss became no number.",
            *(rates_show(found, cell) for cell in found.plan.cells),
        ],
        figures=[
            _picture(
                pictures.ends_by_rate(found),
                "Loss at the end against the learning rate, with and without clipping.",
            )
        ],
        commands=_COMMANDS,
    )


def rates_show(found: ClippingStudy, cell: str) -> str:
    """Which learning rates are best, with and without clipping."""
    plain, clipped = (
        min(found.of(cell, clips=clips), key=lambda d: d.end) for clips in (False, True)
    )
    best = (
        f"{CELL_NAMES[cell]}: best without clipping is η = {plain.learning_rate:g} with "
        f"{_nats(plain.end)} at the end, best with clipping η = {clipped.learning_rate:g} with "
        f"{_nats(clipped.end)}."
    )
    if plain.end - clipped.end > _ALIKE and clipped.learning_rate > plain.learning_rate:
        return f"{best} Clipping lets it take longer steps where the way is smooth."
    if plain.end - clipped.end > _ALIKE:
        return f"{best} Clipping helps, though not by a larger learning rate."
    return f"{best} In so few updates clipping gains it nothing."


def _numbers(found: ClippingStudy) -> dict[str, object]:
    return {
        "seed": found.seed,
        "threshold": found.plan.threshold,
        "updates": found.plan.updates,
        "cliff": [
            {
                "clipped": bool(np.isfinite(walk.threshold)),
                "largest_norm": float(walk.norms.max()),
                "longest_step": float(walk.leaps.max()),
                "loss": float(walk.losses[-1]),
            }
            for walk in found.walks
        ],
        "trainings": [
            {
                "cell": d.cell,
                "learning_rate": d.learning_rate,
                "clips": bool(d.clips),
                "clipped_share": d.clipped_share if d.clips else None,
                "median_norm": _json(float(np.median(d.before))),
                "largest_norm": _json(d.largest),
                "largest_norm_after": _json(float(d.after.max())),
                "largest_jump": _json(d.jump),
                "loss": _json(d.end),
            }
            for d in found.descents
        ],
    }


def _name(descent: Descent) -> str:
    return f"{CELL_NAMES[descent.cell]}, {'clipped' if descent.clips else 'not clipped'}"


def _norm(value: float) -> str:
    if not math.isfinite(value):
        return "no number"
    return "0" if value <= 0 else written(math.log10(value))


def _nats(value: float, unit: str = " nats") -> str:
    return f"{value:.2f}{unit}" if math.isfinite(value) else "no number"


def _json(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _picture(figure, alt: str, caption: str = "") -> Picture:
    return Picture(to_png(figure), alt, caption)
