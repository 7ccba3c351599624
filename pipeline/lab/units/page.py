"""The page on what single units of a character language model know, and whether it is used."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from pipeline.lab.base import Page, Progress
from pipeline.lab.units import pictures
from pipeline.lab.units.explorer import EXPLORER, explorer
from pipeline.lab.units.numbers import curves_of, numbers_of
from pipeline.lab.units.passages import passage_of
from pipeline.lab.units.probes import FEWEST, Probe
from pipeline.lab.units.study import FULL, QUICK, Ablation, UnitStudy, study
from pipeline.report.figures import to_png
from pipeline.report.page import Card, Link, Picture, Section, Table
from pipeline.text.characters import Characters

CLEARLY = 0.05
"""By how much a unit's AUC has to be above that of the character alone to be spoken of."""
_PASSAGES = 6
_LENGTH, _LINES = 420, 12  # of a passage


def study_units(
    model: keras.Model,
    characters: Characters,
    texts: Sequence[str],
    ends: Sequence[bool],
    *,
    title: str,
    quick: bool = False,
    seed: int = 1,
    progress: Progress = lambda done: None,
) -> Page:
    """Finds out what the units of a trained language model know, and tells it.

    Args:
        model: what `pipeline.models.language_model.language_model` made, trained.
        characters: its alphabet.
        texts, ends: documents that it was not trained with, as
            `pipeline.corpora.running.documents.from_frame` gives them.
        title: of the corpus.
        quick: less text, fewer units held.
        seed: which random units are held to compare with.
        progress: told how much is done.

    Raises:
        UserError: there is too little text.
    """
    size = QUICK if quick else FULL
    found = study(model, characters, texts, ends, size=size, seed=seed, progress=progress)
    return page_of(found, title)


def page_of(found: UnitStudy, title: str) -> Page:
    """What was found, told.

    Args:
        found: from `pipeline.lab.units.study.study`.
        title: of the corpus.
    """
    headline = _headline(found)
    return Page(
        name="units",
        title="What single units know · 유닛 하나가 아는 것",
        summary=_summary(found, headline),
        sections=[
            _question(found, title),
            _knowledge(found),
            _in_the_text(found),
            _use(found),
            _conclusion(found, headline),
        ],
        cards=_cards(found, headline),
        numbers=numbers_of(found),
        curves=curves_of(found),
        files={EXPLORER: explorer(found, title)},
    )


def _headline(found: UnitStudy) -> Ablation:
    """Of the units that were held the most surprising one, if there is one that remembers
    something, and best one that is used."""
    remembers = [
        each for each in found.ablations if each.probe.predicate.needs == "what stood before"
    ]
    used = [each for each in remembers if each.used]
    return [*used, *remembers, *found.ablations][0]


def _summary(found: UnitStudy, headline: Ablation) -> str:
    probe = headline.probe
    return (
        f"{_capital(found.units[probe.best].name)} tells “{probe.predicate.name}” with an AUC of "
        f"{probe.area:.2f} (the character alone: {probe.character:.2f}); held still, it costs "
        f"{_nats(headline.best.on)} nats a character there and {_nats(headline.best.off)} "
        "elsewhere."
    )


def _cards(found: UnitStudy, headline: Ablation) -> list[Card]:
    probe, used = headline.probe, sum(each.used for each in found.ablations)
    return [
        Card(
            f"{probe.predicate.title}, AUC",
            f"{probe.area:.3f}",
            f"{_capital(found.units[probe.best].name)}, on text that did not choose it. By the "
            f"character alone: {probe.character:.3f}.",
        ),
        Card(
            "Held still · 절제, nats a character",
            _nats(headline.best.on),
            f"What the text costs more there without that unit; {_nats(headline.best.off)} "
            "elsewhere.",
        ),
        Card(
            "Units that are used · 쓰이는 유닛",
            f"{used} of {len(found.ablations)}",
            "Best units that are missed just where their rule holds, more than random units are.",
        ),
    ]


def _question(found: UnitStudy, title: str) -> Section:
    cell = any(unit.part == "C" for unit in found.units)
    state = "h_t and C_t, the hidden and the cell state" if cell else "h_t, the hidden state"
    area = "AUC = P(u⁺ > u⁻) + ½ P(u⁺ = u⁻)".replace(" ", "\u00a0")
    held = "h_t[j] ← mean of h[j]" + (", C_t[j] ← mean of C[j]" if cell else "") + ", at every t"
    held = held.replace(" ", "\u00a0").replace(",\u00a0", ", ")
    equations = Table(
        ("equation · 식", "in words"),
        [
            (area, "Unit u is larger where the rule holds (u⁺) than "
             "where it does not (u⁻): how probable is that? 0.5 is chance; 0 is as good as 1, with "
             "the sign turned (Hanley and McNeil 1982)."),
            (held, "Ablation (절제): unit j says the same all the time, to the layer above and to "
             "the next step. What it knew, the network no longer has from it."),
        ],
    )  # fmt: skip
    rows = [
        (probe.predicate.title, probe.predicate.rule, probe.predicate.needs,
         f"{probe.shares[1]:.1%}")
        for probe in found.probes
    ]  # fmt: skip
    rows += [
        (predicate.title, predicate.rule, predicate.needs, f"too few: {before} + {behind}")
        for predicate, before, behind in found.unasked
    ]
    rules = Table(
        ("rule · 규칙", "true of a character that was just read", "what it takes to know",
         "share · 비율"),
        rows,
        numeric=(3,),
        caption=f"Predicates, by rule; asked where at least {FEWEST} characters of each half have "
        f"them and {FEWEST} have not",
    )  # fmt: skip
    return Section(
        "What is asked · 무엇을 묻는가",
        [
            "A model that reads a text character by character keeps what it has read in its state "
            f"(상태): {state}. Nobody tells it what to keep there. Karpathy, Johnson and Fei-Fei "
            "(2015, arXiv:1506.02078) coloured text by single units (유닛) of such models and "
            "found some that anybody can read: one that was on inside quotation marks, one that "
            "knew how far the line had come.",
            "Colours persuade, also where there is little to be seen. So here two things are "
            "counted first: how well each unit tells a property of the text that a rule can find, "
            "and whether the network uses it.",
            f"The model reads {found.chosen + len(found.text):,} characters of {title} that taught "
            f"it nothing. On the first {found.chosen:,} the best of {len(found.units):,} units is "
            f"chosen for each rule; all numbers below are of the other {len(found.text):,}, since "
            "the best of so many is always a little lucky where it was chosen. Three kinds of "
            "rules are to be told apart: some need no more than the character that was just read, "
            "some need memory (기억), and for some one would have to know what comes next.",
        ],
        tables=[equations, rules],
    )


def _knowledge(found: UnitStudy) -> Section:
    rows = [
        (probe.predicate.title, found.units[probe.best].name,
         "larger" if probe.signs[probe.best] > 0 else "smaller",
         f"{probe.chosen_area:.3f}", f"{probe.area:.3f}", f"{probe.character:.3f}")
        for probe in found.probes
    ]  # fmt: skip
    table = Table(
        ("rule · 규칙", "best unit · 유닛", "where it holds", "AUC, choosing half",
         "AUC, other half", "character alone"),
        rows,
        numeric=(3, 4, 5),
        caption="The unit that tells each rule best; by how much it tells more than the character "
        "alone decides the order",
    )  # fmt: skip
    luck = float(np.mean([probe.chosen_area - probe.area for probe in found.probes]))
    compared = "lower than" if luck >= 0 else "above"
    return Section(
        "What units know · 유닛이 아는 것",
        [
            "In the picture each dot is a unit. The upright stroke is no unit at all: it is how "
            "well the character alone tells the rule, by how often it held at that character in "
            "the other half. Left of the stroke no memory is needed.",
            _what_is_known(found.probes),
            f"In the half that did not choose, the AUC of the best units is on average "
            f"{abs(luck):.3f} {compared} where they were chosen.",
        ],
        figures=[
            Picture(
                to_png(pictures.areas_by_predicate(found.probes)),
                "For each rule the AUC of all units as dots, the best one marked, beside the AUC "
                "of the character alone.",
            )
        ],
        tables=[table],
    )


def _what_is_known(probes: Sequence[Probe]) -> str:
    clearly = [probe for probe in probes if probe.area - probe.character > CLEARLY]
    if not clearly:
        return (
            f"No unit tells any rule clearly (by {CLEARLY}) better than the character alone does: "
            "what the model may know of them stands in no single unit."
        )
    told = ", ".join(
        f"“{probe.predicate.name}” ({probe.area:.2f} against {probe.character:.2f})"
        for probe in clearly
    )
    rest = [f"“{probe.predicate.name}”" for probe in probes if probe not in clearly]
    others = f" Not so {', '.join(rest)}." if rest else ""
    return (
        f"Clearly better (by more than {CLEARLY}) than the character alone, a single unit tells "
        f"{told}.{others}"
    )


def _in_the_text(found: UnitStudy) -> Section:
    return Section(
        "Seen in the text · 글에서 보기",
        [
            "Each character stands on the colour of the unit right after the model has read it: "
            "blue above the unit's mean, orange below, none near it. Underlined is where the rule "
            "holds: a unit that knows it changes its colour where the line begins and ends. The "
            "stretches were chosen by the rule alone, such that it comes and goes; what the unit "
            "does there was not looked at.",
        ],
        passages=[passage_of(found, probe, _LENGTH, _LINES) for probe in _worth_seeing(found)],
        links=[Link("watch any unit · 모든 유닛 보기", EXPLORER)],
    )


def _worth_seeing(found: UnitStudy) -> Sequence[Probe]:
    """What the character itself does not show, if there is such a thing."""
    more = [probe for probe in found.probes if probe.predicate.needs != "the character itself"]
    return (more or found.probes)[:_PASSAGES]


def _use(found: UnitStudy) -> Section:
    rows = []
    for each in found.ablations:
        on = [control.on for control in each.controls]
        off = [control.off for control in each.controls]
        rows.append(
            (each.probe.predicate.title, found.units[each.probe.best].name, f"{each.cost.on:.3f}",
             f"{each.cost.off:.3f}", _nats(each.best.on), _nats(each.best.off), _range(on),
             _range(off))
        )  # fmt: skip
    controls = len(found.ablations[0].controls)
    table = Table(
        ("rule · 규칙", "unit · 유닛", "loss there", "elsewhere", "held: there", "elsewhere",
         "random: there", "elsewhere"),
        rows,
        numeric=range(2, 8),
        caption="Nats a character: with nothing held, and how much more with the best unit held, "
        f"and with each of {controls} random units (mean, and least to most)",
    )  # fmt: skip
    return Section(
        "Does the network use it? · 절제 실험",
        [
            "That a unit knows something does not mean that the network needs it: others may know "
            "it too, and nobody may ask. So the unit is held at its mean at every step, within the "
            "recurrence, and the text is read again. Counted is what the next character costs "
            "after each position: where the rule holds, and elsewhere. A unit that is used for "
            "what it knows costs more there than it does elsewhere, and than random units do there "
            "(Morcos et al. 2018, arXiv:1803.06959, found that the units that are easiest to read "
            "need not be the ones that matter).",
            *_what_is_used(found.ablations, controls),
        ],
        figures=[
            Picture(
                to_png(pictures.effects_of_holding(found.ablations)),
                "For each rule, how many nats a character more it costs to hold the best unit, "
                "where the rule holds and elsewhere, beside random units.",
            )
        ],
        tables=[table],
    )


def _what_is_used(ablations: Sequence[Ablation], controls: int) -> list[str]:
    used = [each for each in ablations if each.used]
    misled = [each for each in ablations if each.misled]
    idle = [
        f"“{each.probe.predicate.name}”" for each in ablations if not each.used and not each.misled
    ]

    def named(several: Sequence[Ablation]) -> str:
        return ", ".join(
            f"“{each.probe.predicate.name}” ({_nats(each.best.on)} there, {_nats(each.best.off)} "
            "elsewhere)"
            for each in several
        )

    told = []
    if used:
        told.append(
            f"Missed just where its rule holds, and more than any of {controls} random units is "
            f"there, is the best unit for {named(used)}."
        )
    if misled:
        told.append(
            f"Where the rule holds this text even costs less without the best unit for "
            f"{named(misled)}: the network does use it there, but what it learnt to say with it "
            "does not fit this text."
        )
    if idle:
        told.append(
            f"Not so the best unit for {', '.join(idle)}: it can be read, but the network does not "
            "depend on it for that more than on others."
        )
    told.append(
        f"By luck alone, one of {controls + 1} units would cost the most; with "
        f"{len(ablations)} rules, that may happen for about "
        f"{len(ablations) / (controls + 1):.1f} of them."
    )
    return told


def _conclusion(found: UnitStudy, headline: Ablation) -> Section:
    probe = headline.probe
    if headline.used:
        said = "and the network relies on it there more than on any unit drawn at random"
    else:
        said = "but held still it is missed there no more than units drawn at random"
    return Section(
        "What this shows · 정리",
        [
            f"Trained for nothing but the next character, the model has a unit that tells "
            f"“{probe.predicate.name}” with an AUC of {probe.area:.2f} on text that chose nothing, "
            f"{said}.",
            "An AUC says what can be read from a unit, an ablation what it is for; neither "
            "follows from the other. And a rule for which no single unit was found may still be "
            "known: in several units together, which is not looked for here.",
            "The same with another model: train one, and study it.",
        ],
        commands=["make train-charlm", "make study-units"],
    )


def _nats(value: float) -> str:
    return f"{value:+.4f}" if abs(value) < 0.1 else f"{value:+.3f}"


def _range(values: Sequence[float]) -> str:
    if not len(values):
        return "–"
    return f"{_nats(float(np.mean(values)))} ({_nats(min(values))} to {_nats(max(values))})"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
