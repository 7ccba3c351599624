"""The page on depth: plain stacks of recurrent layers learn worse, stacks with skips do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.lab.base import Page, StudyText
from pipeline.lab.depth import pictures
from pipeline.lab.depth.pictures import smoothed
from pipeline.lab.depth.study import QUICK, DepthStudy, Measured, Plan, study
from pipeline.models.settings import CELL_NAMES
from pipeline.report.figures import to_png
from pipeline.report.magnitudes import written
from pipeline.report.page import Card, Picture, Section, Table

TITLE = "Deeper stacks · 깊은 층과 잔차 연결"
_COMMANDS = (
    "make study-gradients",
    "make study-gradients QUICK=1",
    "make study-gradients CORPUS=my.txt NAME=mine",
)
_NO_BETTER = 0.1  # nats below the entropy of frequencies that do not count as something learnt


def page(text: StudyText, *, quick: bool, seed: int, progress: Callable[[float], None]) -> Page:
    """Measures, and writes down what was found."""
    return page_of(study(text, QUICK if quick else Plan(), seed, progress), text)


def page_of(found: DepthStudy, text: StudyText) -> Page:
    """The page of a study that has been made."""
    curves = {}
    for each in found.stacks:
        if each.losses.shape[1]:
            updates, mean = smoothed(each)
            curves[f"loss, {name_of(each)}"] = (updates.tolist(), mean.tolist())
    return Page(
        name="depth",
        title=TITLE,
        summary=" ".join(_in_short(found, cell) for cell in found.plan.trained),
        sections=[
            _question(),
            _experiment(found, text),
            _gradients(found),
            _learning(found),
            _why(found),
        ],
        cards=[card for cell in found.plan.trained for card in _cards(found, cell)],
        numbers=_numbers(found),
        curves=curves,
    )


def name_of(each: Measured) -> str:
    """A stack in a few words."""
    if each.depth == 1:
        return f"{CELL_NAMES[each.cell]}, 1 layer"
    return f"{CELL_NAMES[each.cell]}, {each.depth} layers{' with skips' if each.skip else ''}"


def degrades(found: DepthStudy, cell: str) -> bool:
    """Whether from every start the deepest plain stack ends with more loss than one layer."""
    single, deepest = _ends(found, cell, skip=False)
    return bool((deepest.learnt > single.learnt).all())


def skips_help(found: DepthStudy, cell: str) -> bool:
    """Whether from every start the deepest stack with skips ends with less than without."""
    plain, skipped = (found.of(cell, skip=skip)[-1] for skip in (False, True))
    return bool((skipped.learnt < plain.learnt).all())


def _ends(found: DepthStudy, cell: str, *, skip: bool) -> tuple[Measured, Measured]:
    stacks = found.of(cell, skip=skip)
    return stacks[0], stacks[-1]


def _in_short(found: DepthStudy, cell: str) -> str:
    single, plain = _ends(found, cell, skip=False)
    skipped = _ends(found, cell, skip=True)[1]
    return (
        f"{CELL_NAMES[cell]}: one layer learns to {single.learnt.mean():.2f} nats, {plain.depth} "
        f"plain layers to {plain.learnt.mean():.2f}, with skip connections to "
        f"{skipped.learnt.mean():.2f}."
    )


def _cards(found: DepthStudy, cell: str) -> list[Card]:
    return [
        Card(
            name_of(each),
            f"{each.learnt.mean():.2f} nats",
            f"training loss after {found.plan.updates} updates",
        )
        for each in (*_ends(found, cell, skip=False), _ends(found, cell, skip=True)[1])
    ]


def _question() -> Section:
    equations = Table(
        ("equation · 식", "in words"),
        [
            ("plain: y⁽ⁿ⁾ = layer_n(y⁽ⁿ⁻¹⁾)", "Each layer reads what the one below it says."),
            ("with skips: y⁽ⁿ⁾ = y⁽ⁿ⁻¹⁾ + layer_n(y⁽ⁿ⁻¹⁾)", "Each layer adds to what it reads "
             "(잔차 연결, residual connection; He et al. 2016, equation 1). To do nothing it need "
             "only say 0."),
            ("∂L/∂y⁽ⁿ⁻¹⁾ = Jₙᵀ ∂L/∂y⁽ⁿ⁾", "Plain: on its way down an error passes the derivative "
             "Jₙ of every layer, and of every step, too."),
            ("∂L/∂y⁽ⁿ⁻¹⁾ = ∂L/∂y⁽ⁿ⁾ + Jₙᵀ ∂L/∂y⁽ⁿ⁾", "With skips: beside that there is a way on "
             "which nothing is multiplied."),
        ],
        prose=True,
    )  # fmt: skip
    return Section(
        "The question · 성능 저하",
        [
            "A deeper stack can say all that a shallower one can: the added layers need only hand "
            "on what they read. Yet He et al. 2016 found that plain networks, made deeper, do "
            "worse on the very data that they are trained on. That is no overfitting (과적합), "
            "which would show on other data; it is the optimisation that fails. They called it "
            "degradation (성능 저하), and residual learning (잔차 학습) is their answer.",
            "Their networks looked at pictures. Here the layers are recurrent and read text.",
        ],
        tables=[equations],
    )


def _experiment(found: DepthStudy, text: StudyText) -> Section:
    plan = found.plan
    depths = ", ".join(map(str, plan.depths[:-1])) + f" and {plan.depths[-1]}"
    starts = f"There are {plan.draws} random starts (the first with seed {found.seed})."
    if plan.draws == 1:
        starts = f"There is one random start (seed {found.seed})."
    cells, trained = (
        " and ".join(CELL_NAMES[cell] for cell in some) for some in (plan.cells, plan.trained)
    )
    return Section(
        "The experiment · 실험",
        [
            f"Character models of {cells} with {depths} layers, all {plan.units} wide, read "
            f"{text.title} in windows of {plan.window} characters. Plain and skip have the same "
            "number of parameters and start with the same weights; so do the lower layers of "
            f"stacks of different depth. {starts}",
            "Before training, the gradient at the output of each layer is computed backwards "
            f"through time and depth from the equations of the cells, for {plan.measured_rows} "
            f"windows. Then the stacks of {trained} get {plan.updates} updates of {plan.rows} "
            f"windows each (AdamW, learning rate {plan.learning_rate:g}, gradients clipped to "
            "norm 1): a small budget, and the same for all. The loss is that of the last tenth "
            "of these updates, on the text that is trained on.",
        ],
    )


def _gradients(found: DepthStudy) -> Section:
    told = []
    for cell in found.plan.cells:
        plain, skipped = (found.of(cell, skip=skip)[-1] for skip in (False, True))
        if plain.left < -1:
            how = "it vanishes with depth, too"
        elif plain.left > 1:
            how = "it explodes with depth"
        else:
            how = "depth alone does not make it vanish"
        told.append(
            f"{CELL_NAMES[cell]}, {plain.depth} plain layers: the lowest layer gets "
            f"{written(plain.left)} times what the top layer gets; {how}. With skip connections it "
            f"gets {written(skipped.left)} times as much."
        )
    return Section(
        "Gradients at the start · 초기 기울기",
        [
            "How large is the gradient at each layer's output, beside that at the top? 1 means "
            "that an error arrives as large as it set out. Bands hold eight of ten windows.",
            *told,
            "Above 1 is no mistake: a lower layer is heard at later steps and, with skips, by "
            "every layer above it, and all these errors add up.",
        ],
        figures=[
            _picture(
                pictures.profiles(found),
                "Gradient norm by layer in the deepest stacks, plain and with skip connections.",
                f"The stacks of {max(found.plan.depths)} layers, layer by layer.",
            ),
            _picture(
                pictures.reaching_the_lowest(found),
                "Gradient norm at the lowest layer relative to the top, against the depth.",
                "All stacks: what is left at the lowest layer.",
            ),
        ],
    )


def _learning(found: DepthStudy) -> Section:
    told = []
    for cell in found.plan.trained:
        single, plain = _ends(found, cell, skip=False)
        with_skips = found.of(cell, skip=True)
        best_plain, best = (
            min(some, key=lambda each: each.learnt.mean())
            for some in (found.of(cell, skip=False), with_skips)
        )
        starts = "from every start" if found.plan.draws > 1 else "from this start"
        sentence = (
            f"{CELL_NAMES[cell]}: {plain.depth} plain layers end at {plain.learnt.mean():.2f} "
            f"nats, one layer at {single.learnt.mean():.2f}. "
        )
        if degrades(found, cell):
            sentence += f"The deeper stack has learnt its own training text worse, {starts}. "
        else:
            sentence += "Here depth does not degrade what is learnt. "
        if plain.learnt.mean() > found.entropy - _NO_BETTER:
            sentence += "It knows hardly more than how frequent characters are. "
        if 1 < best_plain.depth < plain.depth:
            sentence += (
                f"The best plain stack has {best_plain.depth} layers "
                f"({best_plain.learnt.mean():.2f}). "
            )
        told.append(
            sentence
            + f"With skip connections {plain.depth} layers end at "
            + f"{with_skips[-1].learnt.mean():.2f}"
            + (
                f", better than without, {starts}"
                if skips_help(found, cell)
                else ", which is not better than without in every case"
            )
            + f"; the best of them has {best.depth} layer{'s' if best.depth > 1 else ''} "
            f"({best.learnt.mean():.2f})."
        )
    columns = ("stack", "gradient that reaches layer 1", "signal at the top", "training loss")
    rows = [
        (
            name_of(each),
            written(each.left),
            f"{np.mean(each.signal[:, -1]):.2g}",
            ", ".join(f"{loss:.2f}" for loss in each.learnt) if each.losses.size else "",
        )
        for each in found.stacks
    ]
    return Section(
        "What is learnt · 학습",
        [
            "The dashed line is what characters cost that are told by their frequency alone "
            f"({found.entropy:.2f} nats); a model below it has learnt something from what it "
            "reads.",
            *told,
            "All of it after the same small number of updates; what many more would change is not "
            "measured here.",
        ],
        figures=[
            _picture(
                pictures.losses_by_depth(found),
                "Training loss against the number of layers, plain and with skip connections.",
                "A dot is a random start, lines are means.",
            ),
            _picture(
                pictures.learning_curves(found),
                "Training loss over the updates of one layer and of the deepest stacks.",
                "The same on the way.",
            ),
        ],
        tables=[
            Table(columns, rows, numeric=(1, 2, 3),
                  caption="Signal: root mean square of what the top layer says, less its mean, "
                  "before training. Loss: nats a character, a number for each start")
        ],
    )  # fmt: skip


def _why(found: DepthStudy) -> Section:
    told = []
    for cell in found.plan.trained:
        plain = found.of(cell, skip=False)[-1]
        signal = plain.signal.mean(axis=0)
        if not degrades(found, cell):
            continue
        if plain.left > -1:
            told.append(
                f"{CELL_NAMES[cell]} degrades although the lowest layer gets "
                f"{written(plain.left)} times the gradient of the top layer: it is not a vanishing "
                "gradient that keeps this stack from learning. He et al. say the same of their "
                "plain networks (section 4.1), and suspect that layers with nonlinearities find "
                "it hard to learn to hand on what they read (section 3.1)."
            )
        else:
            told.append(
                f"{CELL_NAMES[cell]} degrades, and its lowest layer gets only "
                f"{written(plain.left)} times the gradient of the top layer. On the way up, what "
                f"layer 1 says varies by {signal[0]:.2g} before training, and what layer "
                f"{plain.depth} says by {signal[-1]:.2g}"
                + (
                    ": the softmax is told nearly the same whatever is read."
                    if signal[-1] < 0.1 * signal[0]
                    else "."
                )
            )
    helped = [CELL_NAMES[cell] for cell in found.plan.trained if skips_help(found, cell)]
    if helped:
        told.append(
            f"Skip connections help here ({' and '.join(helped)}): from the start, what is read "
            "goes up and errors come down through sums. The recurrent models of this pipeline "
            "have them from the second layer on."
        )
    else:
        told.append("Skip connections made no difference with this budget.")
    return Section("What it shows · 정리", told, commands=_COMMANDS)


def _numbers(found: DepthStudy) -> dict[str, object]:
    """What was measured, as JSON has it."""
    return {
        "cells": list(found.plan.cells),
        "depths": list(found.plan.depths),
        "units": found.plan.units,
        "updates": found.plan.updates,
        "learning_rate": found.plan.learning_rate,
        "seed": found.seed,
        "frequency_entropy": found.entropy,
        "stacks": [
            {
                "cell": each.cell,
                "depth": each.depth,
                "skip": each.skip,
                "log10_gradient_by_layer": np.median(each.profile, axis=0).tolist(),
                "signal_by_layer": each.signal.mean(axis=0).tolist(),
                "losses": each.learnt.tolist() if each.losses.size else None,
            }
            for each in found.stacks
        ],
        "degrades": {cell: degrades(found, cell) for cell in found.plan.trained},
        "skips_help": {cell: skips_help(found, cell) for cell in found.plan.trained},
    }


def _picture(figure, alt: str, caption: str = "") -> Picture:
    return Picture(to_png(figure), alt, caption)
